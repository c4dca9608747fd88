import { clientIn } from './clients.ts'
import {
  addDays,
  currencyOf,
  dayOf,
  hundredths,
  isOn,
  money,
  Refused,
  type Invoice,
  type Params,
  type Sim,
  type Transaction,
} from './model.ts'
import { encoded, list, NO_TIME, page } from './shapes.ts'

type Answer = Record<string, unknown>

const subtotalOf = ({ items }: Invoice): number => items.reduce((sum, { amount }) => sum + amount, 0)
/** Rounded by the line: the sum may differ from the tax of the sum. */
const taxOf = ({ items, taxrate }: Invoice): number =>
  items.reduce(
    (sum, { amount, taxed }) => sum + (taxed ? Math.round((amount * Number(taxrate)) / 100) : 0),
    0,
  )
export const totalOf = (invoice: Invoice): number => subtotalOf(invoice) + taxOf(invoice) - invoice.credit

const paidOf = ({ world }: Sim, { id }: Invoice): number =>
  [...world.transactions.values()]
    .filter(({ invoiceid }) => invoiceid === id)
    .reduce((sum, { amountin, amountout }) => sum + amountin - amountout, 0)
export const balanceOf = (sim: Sim, invoice: Invoice): number => totalOf(invoice) - paidOf(sim, invoice)

export function invoiceIn({ world }: Sim, id: string | undefined): Invoice {
  const found = world.invoices.get(Number(id ?? 0))
  if (!found) throw new Refused('Invoice ID Not Found')
  return found
}

export function insertInvoice(
  sim: Sim,
  clientid: number,
  items: Omit<Invoice['items'][number], 'id'>[],
  more: Partial<Invoice> = {},
): Invoice {
  const id = sim.world.nextId++
  const today = dayOf(sim.now())
  const invoice: Invoice = {
    id,
    invoicenum: '',
    clientid,
    date: today,
    duedate: addDays(today, 7),
    datepaid: NO_TIME,
    items: items.map((item) => ({ ...item, id: sim.world.nextId++ })),
    credit: 0,
    taxrate: '0.00',
    status: 'Unpaid',
    paymentmethod: 'banktransfer',
    notes: '',
    ...more,
  }
  sim.world.invoices.set(id, invoice)
  sim.emit('InvoiceCreated', { invoice: id, client: clientid })
  return invoice
}

export function createInvoice(sim: Sim, params: Params): Answer {
  const client = clientIn(sim, params['userid'])
  const items = []
  for (let at = 1; params[`itemdescription${at}`] !== undefined; at++)
    items.push({
      type: '',
      relid: 0,
      description: params[`itemdescription${at}`] ?? '',
      amount: hundredths(params[`itemamount${at}`], 'item amount'),
      taxed: isOn(params[`itemtaxed${at}`]),
    })
  const status = (params['status'] ?? 'Unpaid') as Invoice['status']
  const made = insertInvoice(sim, client.id, items, {
    status,
    notes: params['notes'] ?? '',
    taxrate: params['taxrate'] ?? '0.00',
    ...(params['paymentmethod'] === undefined ? {} : { paymentmethod: params['paymentmethod'] }),
    ...(params['duedate'] === undefined ? {} : { duedate: params['duedate'] }),
  })
  return { invoiceid: made.id, status: made.status }
}

export function updateInvoice(sim: Sim, params: Params): Answer {
  const invoice = invoiceIn(sim, params['invoiceid'])
  // A status that is set here fires no hook.
  if (params['status'] !== undefined) invoice.status = params['status'] as Invoice['status']
  if (params['notes'] !== undefined) invoice.notes = params['notes']
  if (params['duedate'] !== undefined) invoice.duedate = params['duedate']
  return { invoiceid: String(invoice.id) }
}

const head = (sim: Sim, invoice: Invoice): Answer => {
  const client = sim.world.clients.get(invoice.clientid)
  const currency = currencyOf(sim.world, client?.currency ?? 1)
  return {
    userid: String(invoice.clientid),
    invoicenum: invoice.invoicenum,
    date: invoice.date,
    duedate: invoice.duedate,
    datepaid: invoice.datepaid,
    subtotal: money(subtotalOf(invoice)),
    credit: money(invoice.credit),
    tax: money(taxOf(invoice)),
    tax2: '0.00',
    total: money(totalOf(invoice)),
    taxrate: invoice.taxrate,
    taxrate2: '0.00',
    status: invoice.status,
    paymentmethod: invoice.paymentmethod,
    notes: encoded(invoice.notes),
    currencycode: currency.code,
  }
}

export function getInvoices(sim: Sim, params: Params): Answer {
  const all = [...sim.world.invoices.values()].filter(
    ({ clientid, status }) =>
      (params['userid'] === undefined || clientid === Number(params['userid'])) &&
      (params['status'] === undefined || status === params['status']),
  )
  const { rows, head: top } = page(sim.dial, params, all)
  const shown = rows.map((invoice) => ({ id: String(invoice.id), ...head(sim, invoice) }))
  return { ...top, ...list(sim.dial, 'invoices', 'invoice', shown) }
}

export function getInvoice(sim: Sim, params: Params): Answer {
  const invoice = invoiceIn(sim, params['invoiceid'])
  const { currencycode: _, ...shown } = head(sim, invoice)
  const items = invoice.items.map(({ amount, taxed, description, relid, ...item }) => ({
    ...item,
    relid: String(relid),
    description: encoded(description),
    amount: money(amount),
    taxed: taxed ? '1' : 0,
  }))
  const paid = [...sim.world.transactions.values()].filter(({ invoiceid }) => invoiceid === invoice.id)
  return {
    invoiceid: String(invoice.id),
    ...shown,
    balance: money(balanceOf(sim, invoice)),
    ...list(sim.dial, 'items', 'item', items),
    ...list(sim.dial, 'transactions', 'transaction', paid.map(showTransaction)),
  }
}

export const showTransaction = (one: Transaction): Answer => ({
  id: one.id,
  userid: String(one.clientid),
  currency: '0',
  gateway: one.gateway,
  date: one.date,
  description: encoded(one.description),
  amountin: money(one.amountin),
  fees: money(one.fees),
  amountout: money(one.amountout),
  rate: '1.00000',
  transid: one.transid,
  invoiceid: String(one.invoiceid),
  refundid: '0',
})

export const stamp = (at: Date): string => at.toISOString().slice(0, 19).replace('T', ' ')
