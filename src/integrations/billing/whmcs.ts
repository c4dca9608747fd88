import { createHash } from 'node:crypto'
import { randomToken } from '../../lib/crypto.ts'
import { ok, type Outcome } from '../../lib/outcome.ts'
import type { BillingConnection, BillingProvider, Health, HostedPage, Method } from './types.ts'
import { refusal } from './whmcsErrors.ts'
import { callerOf, oneAtATime, type Call, type Send } from './whmcsHttp.ts'
import { invoicesOf } from './whmcsInvoices.ts'
import { markIn, refOf, writeMark } from './whmcsMarks.ts'
import { readNotice } from './whmcsNotice.ts'
import { nameOf, recordOf } from './whmcsRecord.ts'
import { clientIn, clientsIn, currenciesIn, madeClientIn, methodsIn, versionIn } from './whmcsShapes.ts'

type Connection = Extract<BillingConnection, { kind: 'whmcs' }>
type Of<K extends keyof BillingProvider> = Pick<BillingProvider, K>

const PAGE = 100
/** Its cron runs once a day. */
const CRON_LATE_MS = 26 * 3_600_000
const SETUP_MS = 23 * 3_600_000
/** What mPanel reads there; a role that lacks one of them is noticed by the check, and not by the first customer. */
const READS = ['GetClients', 'GetClientsProducts', 'GetInvoices']

/**
 * A client of one WHMCS. It has no keys that make a write safe to repeat: whatever is made carries our mark in its notes, and is
 * looked for before it is made. Calls that write for one customer go one after another.
 */
export function createWhmcs(send: Send, now: () => Date, connection: Connection): BillingProvider {
  const call = callerOf(send, connection)
  const one = oneAtATime()
  // Two of them may have an invoice of the same number.
  const install = createHash('sha256').update(connection.url).digest('hex').slice(0, 8)
  const { webhookSecret, url } = connection
  return {
    kind: 'whmcs',
    caps: { methods: true, charges: true, refunds: false, webhooks: true },
    record: recordOf(call, install),
    health: () => health(call, connection, now),
    ...customersOf(call, one, now),
    ...methodsOf(call, one),
    setupPage: async ({ mark }, { customerRef }) =>
      ok<HostedPage>({
        ref: `setup/${customerRef}`,
        mark,
        url: `${url}/index.php?rp=/account/paymentmethods/add`,
        status: 'open',
        expiresAt: new Date(now().getTime() + SETUP_MS),
        paymentRef: null,
        customerRef,
      }),
    ...invoicesOf(call, one, { now, url, install }),
    refund: async () =>
      refusal(
        'unsupported',
        'WHMCS gives no money back when a program asks: refund it there, and it is noticed here.',
      ),
    // It keeps no messages: its books are read instead.
    said: async () => ok([]),
    notice: (body, signature, at) =>
      webhookSecret === null
        ? null
        : readNotice(body, signature, webhookSecret, { now: at, refOf: (id) => refOf(install, id) }),
  }
}

async function health(
  call: Call,
  { url, webhookSecret }: Connection,
  now: () => Date,
): Promise<Outcome<Health>> {
  const found = await call('WhmcsDetails', {}, versionIn)
  if (found.outcome !== 'ok') return found
  const problems: string[] = []
  for (const action of READS) {
    const tried = await call(action, { limitnum: 1 }, () => null)
    if (tried.outcome === 'rejected') problems.push(tried.message)
    if (tried.outcome === 'unknown') return tried
  }
  const cron = Date.parse(`${found.value.lastcron?.replace(' ', 'T') ?? ''}Z`)
  if (!Number.isNaN(cron) && now().getTime() - cron > CRON_LATE_MS)
    problems.push('The daily task of WHMCS has not run for more than a day: look at its cron.')
  if (webhookSecret === null)
    problems.push(
      'There is no hook secret: what happens in WHMCS is noticed late. Install the hook file there.',
    )
  return ok({ account: new URL(url).host, live: true, problems: [...new Set(problems)] })
}

function customersOf(
  call: Call,
  one: ReturnType<typeof oneAtATime>,
  now: () => Date,
): Of<'findCustomers' | 'createCustomer'> {
  type Found = { ref: string; name: string }
  /** Clients of an e-mail address that carry a mark, the newest first. The search of WHMCS is by how something begins. */
  const marked = async (mark: string, email: string): Promise<Outcome<Found[]>> => {
    const found: Found[] = []
    for (let from = 0; ;) {
      const fields = { search: email, limitstart: from, limitnum: PAGE, sorting: 'DESC' }
      const page = await call('GetClients', fields, clientsIn)
      if (page.outcome !== 'ok') return page
      const { clients, totalresults } = page.value
      for (const { id, email: its } of clients) {
        if (its.toLowerCase() !== email.toLowerCase()) continue
        const details = await call('GetClientsDetails', { clientid: id }, clientIn)
        if (details.outcome !== 'ok') return details
        const { client } = details.value
        if (markIn(client.notes)?.mark === mark) found.push({ ref: id, name: nameOf(client) })
      }
      from += clients.length
      if (clients.length === 0 || from >= totalresults) return ok(found)
    }
  }
  const currencyId = async (code: string | null): Promise<Outcome<string | null>> => {
    if (code === null) return ok(null)
    const found = await call('GetCurrencies', {}, currenciesIn)
    if (found.outcome !== 'ok') return found
    const currency = found.value.currencies.find((each) => each.code.toUpperCase() === code)
    return currency
      ? ok(currency.id)
      : refusal('invalid', `WHMCS does not know the currency ${code}: add it there, under Currencies.`)
  }
  return {
    findCustomers: async (mark, email) => {
      const found = await marked(mark, email)
      return found.outcome === 'ok' ? ok(found.value.map(({ ref }) => ref)) : found
    },
    createCustomer: ({ mark }, { name, email, currency }) =>
      one(`client:${email.toLowerCase()}`, async () => {
        const known = await marked(mark, email)
        if (known.outcome !== 'ok') return known
        const [first] = known.value.slice(-1)
        if (first)
          return first.name === name.trim()
            ? ok(first.ref)
            : refusal('reused', 'This client was made in other words.')
        const id = await currencyId(currency)
        if (id.outcome !== 'ok') return id
        const [firstname = '', ...rest] = name.trim().split(/\s+/)
        const made = await call(
          'AddClient',
          {
            firstname,
            lastname: rest.join(' '),
            email,
            notes: writeMark({ mark, how: 'client', at: now() }),
            ...(id.value === null ? {} : { currency: id.value }),
            skipvalidation: true,
            noemail: true,
            // Nobody is told it: who wants to log in there sets one of his own.
            password2: randomToken(24),
          },
          madeClientIn,
        )
        if (made.outcome === 'ok') return ok(made.value.clientid)
        const isTaken = made.outcome === 'rejected' && /already exists with that email/i.test(made.message)
        return isTaken
          ? refusal(
              'invalid',
              'WHMCS has a client with this e-mail address already: import from WHMCS, so that he is known here.',
            )
          : made
      }),
  }
}

const KINDS: Record<string, string> = { CreditCard: 'card', RemoteCreditCard: 'card' }

/** A method is known together with whose it is: its number alone finds nothing. */
function methodsOf(
  call: Call,
  one: ReturnType<typeof oneAtATime>,
): Of<'methods' | 'method' | 'detachMethod'> {
  const methods = (customerRef: string): Promise<Outcome<Method[]>> =>
    call('GetPayMethods', { clientid: customerRef }, (answer) =>
      methodsIn(answer).paymethods.map((method): Method => {
        const expiry = /^(\d{2})\/(\d{2})$/.exec(method.expiry_date)
        return {
          ref: `${customerRef}/${method.id}`,
          kind: KINDS[method.type] ?? 'bank',
          brand: method.card_type.toLowerCase() || null,
          last4: method.card_last_four.slice(-4) || null,
          expMonth: expiry ? Number(expiry[1]) : null,
          expYear: expiry ? 2000 + Number(expiry[2]) : null,
        }
      }),
    )
  return {
    methods,
    method: async (ref) => {
      const [customerRef = ''] = ref.split('/')
      const found = await methods(customerRef)
      if (found.outcome === 'rejected' && found.code === 'missing') return ok(null)
      if (found.outcome !== 'ok') return found
      const method = found.value.find((each) => each.ref === ref)
      return ok(method ? { method, customerRef } : null)
    },
    detachMethod: (ref) => {
      const [customerRef = '', id = ''] = ref.split('/')
      return one(customerRef, async () => {
        const gone = await call('DeletePayMethod', { clientid: customerRef, paymethodid: id }, () => null)
        return gone.outcome === 'rejected' && gone.code === 'missing' ? ok(null) : gone
      })
    },
  }
}
