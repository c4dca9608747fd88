import { ok, unknown, type Outcome } from '../../lib/outcome.ts'
import type { BillingRecord, RecordClient, RecordInvoice, RecordPage, RecordService } from './recordTypes.ts'
import { refusal, Unreadable } from './whmcsErrors.ts'
import type { Call } from './whmcsHttp.ts'
import { invoiceIdIn, markIn, refOf } from './whmcsMarks.ts'
import { minorOf } from './whmcsMoney.ts'
import { clientIn, clientsIn, invoiceIn, invoicesIn, servicesIn, type InvoiceWhole } from './whmcsShapes.ts'

const PAGE = 100

/** The books of a WHMCS, read thing by thing: its lists lack what its details have. */
export function recordOf(call: Call, install: string): BillingRecord {
  const currencies = new Map<string, string>()
  const client = async (ref: string): Promise<Outcome<RecordClient>> => {
    const found = await call('GetClientsDetails', { clientid: ref }, (answer) => clientOf(ref, answer))
    if (found.outcome === 'ok') currencies.set(ref, found.value.currency)
    return found
  }
  /** A client with invoices cannot change his currency. */
  const currencyOf = async (ref: string): Promise<Outcome<string>> => {
    const known = currencies.get(ref)
    if (known !== undefined) return ok(known)
    const found = await client(ref)
    return found.outcome === 'ok' ? ok(found.value.currency) : found
  }
  const invoice = async (ref: string): Promise<Outcome<RecordInvoice>> => {
    const id = invoiceIdIn(install, ref)
    if (id === null) return refusal('missing', 'WHMCS has no such invoice.')
    const found = await call('GetInvoice', { invoiceid: id }, invoiceIn)
    if (found.outcome !== 'ok') return found
    const currency = await currencyOf(found.value.userid)
    return currency.outcome === 'ok' ? reading(() => invoiceOf(ref, found.value, currency.value)) : currency
  }
  const services = async (
    which: Record<string, string | number>,
  ): Promise<Outcome<{ rows: RecordService[]; total: number }>> => {
    const found = await call('GetClientsProducts', which, servicesIn)
    if (found.outcome !== 'ok') return found
    const rows: RecordService[] = []
    for (const row of found.value.products) {
      const currency = await currencyOf(row.clientid)
      if (currency.outcome !== 'ok') return currency
      const read = reading(() => serviceOf(row, currency.value))
      if (read.outcome !== 'ok') return read
      rows.push(read.value)
    }
    return ok({ rows, total: found.value.totalresults })
  }
  return {
    client,
    invoice,
    service: async (ref) => {
      const found = await services({ serviceid: ref })
      if (found.outcome !== 'ok') return found
      const [row] = found.value.rows
      return row ? ok(row) : refusal('missing', 'WHMCS has no such service.')
    },
    clients: (from) =>
      each(from, client, () =>
        call('GetClients', { limitstart: from, limitnum: PAGE }, (answer) => {
          const { clients, totalresults } = clientsIn(answer)
          return { refs: clients.map(({ id }) => id), total: totalresults }
        }),
      ),
    services: async (from) => {
      const found = await services({ limitstart: from, limitnum: PAGE })
      return found.outcome === 'ok' ? ok(pageOf(found.value.rows, from, found.value.total)) : found
    },
    invoices: (from) =>
      each(from, invoice, () =>
        call('GetInvoices', { limitstart: from, limitnum: PAGE }, (answer) => {
          const { invoices, totalresults } = invoicesIn(answer)
          return { refs: invoices.map(({ id }) => refOf(install, id)), total: totalresults }
        }),
      ),
  }
}

/** How much a page may hold is WHMCS's own setting. */
const pageOf = <T>(items: T[], from: number, total: number, shown = items.length): RecordPage<T> => ({
  items,
  total,
  next: shown > 0 && from + shown < total ? from + shown : null,
})

/** A page of a list whose rows are looked at one by one; what has gone meanwhile is left out. */
async function each<T>(
  from: number,
  look: (ref: string) => Promise<Outcome<T>>,
  list: () => Promise<Outcome<{ refs: string[]; total: number }>>,
): Promise<Outcome<RecordPage<T>>> {
  const found = await list()
  if (found.outcome !== 'ok') return found
  const { refs, total } = found.value
  const items: T[] = []
  for (const ref of refs) {
    const one = await look(ref)
    if (one.outcome === 'ok') items.push(one.value)
    else if (one.outcome !== 'rejected' || one.code !== 'missing') return one
  }
  return ok(pageOf(items, from, total, refs.length))
}

export function reading<T>(read: () => T): Outcome<T> {
  try {
    return ok(read())
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return unknown(`WHMCS answered what cannot be read: ${error.message}.`)
  }
}

type Named = { firstname: string; lastname: string; companyname: string; email: string }

export function nameOf({ firstname, lastname, companyname, email }: Named): string {
  return [firstname, lastname].filter(Boolean).join(' ').trim() || companyname || email
}

function clientOf(ref: string, answer: unknown): RecordClient {
  const { client } = clientIn(answer)
  const currency = client.currency_code.toUpperCase()
  return {
    ref,
    name: nameOf(client),
    company: client.companyname.trim() || null,
    email: client.email.trim(),
    country: /^[A-Za-z]{2}$/.test(client.countrycode) ? client.countrycode.toUpperCase() : null,
    currency,
    creditMinor: minorOf(client.credit, currency),
    status: client.status === 'Closed' ? 'closed' : client.status === 'Inactive' ? 'inactive' : 'active',
  }
}

const SERVICE: Record<string, RecordService['status']> = {
  Pending: 'pending',
  Active: 'active',
  Suspended: 'suspended',
  Terminated: 'ended',
  Cancelled: 'ended',
  Fraud: 'ended',
  Completed: 'ended',
}

function serviceOf(row: ReturnType<typeof servicesIn>['products'][number], currency: string): RecordService {
  return {
    ref: row.id,
    clientRef: row.clientid,
    product: row.name,
    name: row.domain,
    status: SERVICE[row.status] ?? 'other',
    currency,
    recurringMinor: minorOf(row.recurringamount, currency),
    cycle: row.billingcycle,
    since: row.regdate,
    nextDue: row.nextduedate,
  }
}

const INVOICE: Record<string, RecordInvoice['status']> = {
  Draft: 'draft',
  Unpaid: 'open',
  'Payment Pending': 'open',
  Paid: 'paid',
  Cancelled: 'cancelled',
  Refunded: 'refunded',
  Collections: 'uncollectible',
}

function invoiceOf(ref: string, row: InvoiceWhole, currency: string): RecordInvoice {
  const minor = (text: string): bigint => minorOf(text, currency)
  return {
    ref,
    clientRef: row.userid,
    number: row.invoicenum.trim() || row.invoiceid,
    status: INVOICE[row.status] ?? 'other',
    currency,
    issued: row.date,
    due: row.duedate,
    subtotalMinor: minor(row.subtotal),
    taxMinor: minor(row.tax) + minor(row.tax2),
    creditMinor: minor(row.credit),
    totalMinor: minor(row.total),
    lines: row.items.map(({ description, amount }) => ({ description, amountMinor: minor(amount) })),
    payments: row.transactions.map((one) => ({
      ref: one.id,
      amountMinor: minor(one.amountin) - minor(one.amountout),
      feeMinor: minor(one.fees),
      method: one.gateway,
      reference: one.transid,
      day: one.date,
    })),
    mark: markIn(row.notes)?.mark ?? null,
  }
}
