import { ok, unknown, type Outcome } from '../../lib/outcome.ts'
import type {
  BillingProvider,
  ChargeAsked,
  HostedPage,
  LinkAsked,
  PaymentFound,
  RefundFound,
} from './types.ts'
import { refusal } from './whmcsErrors.ts'
import type { Call, oneAtATime } from './whmcsHttp.ts'
import { invoiceIdIn, markIn, refOf, writeMark, type Mark } from './whmcsMarks.ts'
import { minorOf, toWhmcs } from './whmcsMoney.ts'
import { reading } from './whmcsRecord.ts'
import {
  clientIn,
  invoiceIn,
  invoicesIn,
  madeInvoiceIn,
  type InvoiceHead,
  type InvoiceWhole,
} from './whmcsShapes.ts'

type Here = { now: () => Date; url: string; install: string }
type Gate = ReturnType<typeof oneAtATime>
type Row = InvoiceHead & { id: string }

const PAGE = 100
/** A capture of which nothing was heard may still come through; after this it is taken to have failed. */
const CAPTURE_MS = 15 * 60_000

type Served = Pick<
  BillingProvider,
  'charge' | 'findPayments' | 'payment' | 'payPage' | 'findPages' | 'page' | 'expirePage' | 'refunds'
>

/**
 * Payments of invoices that are ours: each has an invoice in WHMCS that carries its mark, and is paid there. An invoice that was
 * made twice, because an answer came late, is cancelled but for one.
 */
export function invoicesOf(call: Call, one: Gate, here: Here): Served {
  const { install } = here
  const look = async (ref: string): Promise<Outcome<InvoiceWhole>> => {
    const id = invoiceIdIn(install, ref)
    return id === null
      ? refusal('missing', 'WHMCS has no such invoice.')
      : call('GetInvoice', { invoiceid: id }, invoiceIn)
  }
  const cancel = (id: string): Promise<Outcome<null>> =>
    call('UpdateInvoice', { invoiceid: id, status: 'Cancelled' }, () => null)

  const payment = async (ref: string): Promise<Outcome<PaymentFound>> => {
    const found = await look(ref)
    if (found.outcome !== 'ok') return found
    const its = markIn(found.value.notes)
    const isOver = its?.how === 'charge' && here.now().getTime() - its.at.getTime() > CAPTURE_MS
    // Nobody pays it any more: what is still owed is asked for anew.
    if (isOver && found.value.status === 'Unpaid') {
      const ended = await cancel(found.value.invoiceid)
      return ended.outcome === 'ok' ? payment(ref) : ended
    }
    const client = await call('GetClientsDetails', { clientid: found.value.userid }, clientIn)
    if (client.outcome !== 'ok') return client
    return reading(() => paymentOf(install, found.value, client.value.client.currency_code.toUpperCase()))
  }
  const page = async (ref: string): Promise<Outcome<HostedPage>> => {
    const found = await look(ref)
    if (found.outcome !== 'ok') return found
    const shown = pageOf(here, found.value.invoiceid, found.value)
    // It stays payable there until somebody ends it.
    return shown.status === 'open' && shown.expiresAt <= here.now() ? expirePage(ref) : ok(shown)
  }
  const expirePage = async (ref: string): Promise<Outcome<HostedPage>> => {
    const found = await look(ref)
    if (found.outcome !== 'ok') return found
    const { invoiceid, status } = found.value
    if (status !== 'Unpaid') return ok(pageOf(here, invoiceid, found.value))
    const ended = await one(found.value.userid, () => cancel(invoiceid))
    if (ended.outcome !== 'ok') return ended
    const after = await look(ref)
    return after.outcome === 'ok' ? ok(pageOf(here, invoiceid, after.value)) : after
  }
  const marked = (customerRef: string, mark: string, how: Mark['how']): Promise<Outcome<Row[]>> =>
    markedBy(call, customerRef, { mark, how })
  /** The one invoice of these words, made unless it is there. */
  const ensure = async (
    asked: ChargeAsked | LinkAsked,
    its: Mark,
  ): Promise<Outcome<{ id: string; isNew: boolean }>> => {
    const { customerRef, currency, amountMinor } = asked
    const amount = toWhmcs(amountMinor, currency)
    if (amount === null) return refusal('invalid', `WHMCS does not take this very amount of ${currency}.`)
    const found = await marked(customerRef, its.mark, its.how)
    if (found.outcome !== 'ok') return found
    const [first, ...others] = found.value
    for (const { id, status } of others) {
      const ended = status === 'Unpaid' ? await cancel(id) : ok(null)
      if (ended.outcome !== 'ok') return ended
    }
    if (first) {
      const same = reading(
        () => minorOf(first.total, currency) + minorOf(first.credit, currency) === amountMinor,
      )
      if (same.outcome !== 'ok') return same
      return same.value
        ? ok({ id: first.id, isNew: false })
        : refusal('reused', 'This payment was asked for with another amount before.')
    }
    const client = await call('GetClientsDetails', { clientid: customerRef }, clientIn)
    if (client.outcome !== 'ok') return client
    const kept = client.value.client.currency_code.toUpperCase()
    if (kept !== currency)
      return refusal(
        'invalid',
        `WHMCS bills this client in ${kept}, and the invoice is in ${currency}: have it paid another way.`,
      )
    const today = here.now().toISOString().slice(0, 10)
    const made = await call(
      'CreateInvoice',
      {
        userid: customerRef,
        status: 'Unpaid',
        sendinvoice: false,
        autoapplycredit: false,
        date: today,
        duedate: its.how === 'page' ? its.at.toISOString().slice(0, 10) : today,
        notes: writeMark(its),
        itemdescription1: asked.description,
        itemamount1: amount,
        itemtaxed1: false,
      },
      madeInvoiceIn,
    )
    return made.outcome === 'ok' ? ok({ id: made.value.invoiceid, isNew: true }) : made
  }
  return {
    payment,
    page,
    expirePage,
    charge: (asked) => one(asked.customerRef, () => charge({ call, ensure, cancel, payment, here }, asked)),
    findPayments: async (mark, customerRef) =>
      each(await marked(customerRef, mark, 'charge'), ({ id }) => payment(refOf(install, id))),
    payPage: (asked) =>
      one(asked.customerRef, async () => {
        const { mark, expiresAt } = asked
        const made = await ensure(asked, { mark, how: 'page', at: expiresAt })
        if (made.outcome !== 'ok') return made
        const found = await look(refOf(install, made.value.id))
        return found.outcome === 'ok' ? ok(pageOf(here, made.value.id, found.value)) : found
      }),
    findPages: async (mark, customerRef) => {
      const found = await marked(customerRef, mark, 'page')
      return found.outcome === 'ok' ? ok(found.value.map((row) => pageOf(here, row.id, row))) : found
    },
    refunds: async (ref) => {
      const found = await payment(ref)
      return found.outcome === 'ok' ? ok(found.value.refunds) : found
    },
  }
}

type Parts = {
  call: Call
  ensure: (asked: ChargeAsked, its: Mark) => Promise<Outcome<{ id: string; isNew: boolean }>>
  cancel: (id: string) => Promise<Outcome<null>>
  payment: (ref: string) => Promise<Outcome<PaymentFound>>
  here: Here
}

/** A method is captured once in the life of its invoice; how that went is read from the invoice. */
async function charge(
  { call, ensure, cancel, payment, here }: Parts,
  asked: ChargeAsked,
): Promise<Outcome<PaymentFound>> {
  const [whose, method = ''] = asked.methodRef.split('/')
  if (whose !== asked.customerRef || method === '')
    return refusal('missing', 'WHMCS has no such payment method.')
  const made = await ensure(asked, { mark: asked.mark, how: 'charge', at: here.now() })
  if (made.outcome !== 'ok') return made
  const { id, isNew } = made.value
  const ref = refOf(here.install, id)
  if (!isNew) return payment(ref)
  // It takes money from the default one.
  const chosen = await call(
    'UpdatePayMethod',
    { clientid: whose, paymethodid: method, set_as_default: true },
    () => null,
  )
  const captured =
    chosen.outcome === 'ok' ? await call('CapturePayment', { invoiceid: id }, () => null) : chosen
  if (captured.outcome === 'unknown') return captured
  if (captured.outcome === 'rejected') {
    const ended = await cancel(id)
    if (ended.outcome !== 'ok')
      return unknown(`The payment was refused, and its invoice ${id} could not be cancelled.`)
    if (captured.code === 'missing' || captured.code === 'unauthorized' || captured.code === 'forbidden')
      return captured
  }
  return payment(ref)
}

async function each<T>(rows: Outcome<Row[]>, look: (row: Row) => Promise<Outcome<T>>): Promise<Outcome<T[]>> {
  if (rows.outcome !== 'ok') return rows
  const found: T[] = []
  for (const row of rows.value) {
    const one = await look(row)
    if (one.outcome !== 'ok') return one
    found.push(one.value)
  }
  return ok(found)
}

/** What carries a mark: the paid one first, then that which was made first. */
async function markedBy(
  call: Call,
  customerRef: string,
  { mark, how }: Pick<Mark, 'mark' | 'how'>,
): Promise<Outcome<Row[]>> {
  const found = await everyInvoice(call, customerRef)
  if (found.outcome !== 'ok') return found
  const its = found.value.filter(({ notes }) => {
    const there = markIn(notes)
    return there?.mark === mark && there.how === how
  })
  const place = ({ status }: Row): number => (status === 'Paid' ? 0 : status === 'Cancelled' ? 2 : 1)
  return ok(its.toSorted((a, b) => place(a) - place(b) || Number(a.id) - Number(b.id)))
}

/** All invoices of a client. Rows may move from page to page meanwhile: read again until as many were seen as there are. */
async function everyInvoice(call: Call, customerRef: string): Promise<Outcome<Row[]>> {
  for (let pass = 0; pass < 3; pass++) {
    const seen = new Map<string, Row>()
    let total = 0
    for (let from = 0; ;) {
      const fields = { userid: customerRef, limitstart: from, limitnum: PAGE }
      const page = await call('GetInvoices', fields, invoicesIn)
      if (page.outcome !== 'ok') return page
      for (const row of page.value.invoices) seen.set(row.id, row)
      total = page.value.totalresults
      from += page.value.invoices.length
      if (page.value.invoices.length === 0 || from >= total) break
    }
    if (seen.size === total) return ok([...seen.values()])
  }
  return unknown('The invoices of this client in WHMCS change while they are read: they are read again.')
}

function paymentOf(install: string, row: InvoiceWhole, currency: string): PaymentFound {
  const its = markIn(row.notes)
  const minor = (text: string): bigint => minorOf(text, currency)
  return {
    ref: refOf(install, row.invoiceid),
    mark: its?.mark ?? null,
    customerRef: row.userid,
    methodRef: null,
    amountMinor: minor(row.total) + minor(row.credit),
    currency,
    status: statusOf(row.status, its),
    decline:
      its?.how === 'charge' && row.status === 'Cancelled'
        ? {
            code: 'declined',
            message: 'WHMCS could not take the payment; it does not say why.',
            needsCustomer: true,
            isFinal: false,
          }
        : null,
    refunds: row.transactions.flatMap(({ id, amountout }): RefundFound[] =>
      minor(amountout) > 0n
        ? [{ ref: refOf(install, id), mark: null, amountMinor: minor(amountout), status: 'succeeded' }]
        : [],
    ),
    disputes: [],
  }
}

/** A refunded one was paid before. */
function statusOf(status: string, its: Mark | null): PaymentFound['status'] {
  if (status === 'Paid' || status === 'Refunded') return 'succeeded'
  if (status === 'Cancelled') return its?.how === 'charge' ? 'declined' : 'cancelled'
  if (status === 'Unpaid') return its?.how === 'charge' ? 'processing' : 'needs_action'
  return 'processing'
}

function pageOf({ url, install }: Here, id: string, row: InvoiceHead): HostedPage {
  const its = markIn(row.notes)
  const isPaid = row.status === 'Paid' || row.status === 'Refunded'
  const isOpen = row.status === 'Unpaid' || row.status === 'Payment Pending'
  return {
    ref: refOf(install, id),
    mark: its?.mark ?? null,
    url: isOpen ? `${url}/viewinvoice.php?id=${id}` : null,
    status: isPaid ? 'complete' : isOpen ? 'open' : 'expired',
    expiresAt: its?.how === 'page' ? its.at : new Date(`${row.duedate ?? '2000-01-01'}T00:00:00Z`),
    paymentRef: isPaid ? refOf(install, id) : null,
    customerRef: row.userid,
  }
}
