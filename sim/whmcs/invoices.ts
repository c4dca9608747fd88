import { clientIn } from './clients.ts'
import {
  addDays,
  addMonths,
  currencyOf,
  dayOf,
  hundredths,
  isOn,
  money,
  MONTHS,
  Refused,
  type Invoice,
  type Params,
  type Sim,
  type Transaction,
} from './model.ts'
import { encoded, fromLocalDay, list, NO_TIME, page } from './shapes.ts'

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
const balanceOf = (sim: Sim, invoice: Invoice): number => totalOf(invoice) - paidOf(sim, invoice)

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

const showTransaction = (one: Transaction): Answer => ({
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

const stamp = (at: Date): string => at.toISOString().slice(0, 19).replace('T', ' ')

/** Money for an invoice: what is more than is open becomes the client's credit. */
export function pay(
  sim: Sim,
  invoice: Invoice,
  { amount, transid, gateway, fees = 0 }: { amount: number; transid: string; gateway: string; fees?: number },
): Transaction {
  const before = balanceOf(sim, invoice)
  const id = sim.world.nextId++
  const made: Transaction = {
    id,
    clientid: invoice.clientid,
    invoiceid: invoice.id,
    gateway,
    date: stamp(sim.now()),
    description: 'Invoice Payment',
    amountin: amount,
    fees,
    amountout: 0,
    transid,
  }
  sim.world.transactions.set(id, made)
  const client = sim.world.clients.get(invoice.clientid)
  if (client && amount > Math.max(before, 0)) client.credit += amount - Math.max(before, 0)
  sim.emit('AddInvoicePayment', { invoice: invoice.id })
  if (invoice.status !== 'Paid' && amount >= before) markPaid(sim, invoice)
  return made
}

/** Only a payment moves the day on which a service is due next. */
function markPaid(sim: Sim, invoice: Invoice): void {
  invoice.status = 'Paid'
  invoice.datepaid = stamp(sim.now())
  for (const { type, relid } of invoice.items) {
    const service = sim.world.services.get(relid)
    if (type === 'Hosting' && service) {
      service.nextduedate = addMonths(service.nextduedate, MONTHS[service.cycle.toLowerCase()] ?? 1)
      if (service.status === 'Suspended') {
        service.status = 'Active'
        service.running = true
      }
    }
  }
  for (const upgrade of sim.world.upgrades.values()) {
    const service = sim.world.services.get(upgrade.serviceid)
    if (upgrade.invoiceid !== invoice.id || !service) continue
    Object.assign(service, { pid: upgrade.pid, cycle: upgrade.cycle, recurring: upgrade.recurring })
    sim.emit('AfterProductUpgrade', { service: service.id })
  }
  sim.emit('InvoicePaid', { invoice: invoice.id, client: invoice.clientid })
}

export function addInvoicePayment(sim: Sim, params: Params): Answer {
  const invoice = invoiceIn(sim, params['invoiceid'])
  if (invoice.status === 'Cancelled')
    throw new Refused('It is not possible to add a payment to an invoice that is Cancelled')
  const transid = params['transid'] ?? ''
  const isKnown = [...sim.world.transactions.values()].some((one) => one.transid === transid)
  if (isKnown && sim.dial.sameTransid === 'refused') throw new Refused('Transaction ID must be Unique')
  const amount =
    params['amount'] === undefined ? balanceOf(sim, invoice) : hundredths(params['amount'], 'amount')
  pay(sim, invoice, { amount, transid, gateway: params['gateway'] ?? '' })
  return {}
}

export function addTransaction(sim: Sim, params: Params): Answer {
  const transid = params['transid'] ?? ''
  const isKnown = [...sim.world.transactions.values()].some((one) => one.transid === transid)
  if (transid !== '' && isKnown && !isOn(params['allowduplicatetransid']))
    throw new Refused('Transaction ID must be Unique')
  if (params['date'] !== undefined && fromLocalDay(sim.dial, params['date']) === null)
    throw new Refused('Invalid Date Format')
  const id = sim.world.nextId++
  sim.world.transactions.set(id, {
    id,
    clientid: Number(params['userid'] ?? 0),
    invoiceid: Number(params['invoiceid'] ?? 0),
    gateway: params['paymentmethod'] ?? '',
    date: stamp(sim.now()),
    description: params['description'] ?? '',
    amountin: hundredths(params['amountin'] ?? '0', 'amount'),
    fees: hundredths(params['fees'] ?? '0', 'fees'),
    amountout: hundredths(params['amountout'] ?? '0', 'amount'),
    transid,
  })
  return {}
}

export function getTransactions(sim: Sim, params: Params): Answer {
  const found = [...sim.world.transactions.values()].filter(
    ({ transid, invoiceid, clientid }) =>
      (params['transid'] === undefined || transid === params['transid']) &&
      (params['invoiceid'] === undefined || invoiceid === Number(params['invoiceid'])) &&
      (params['clientid'] === undefined || clientid === Number(params['clientid'])),
  )
  // It is shown as a whole, however much it is.
  return {
    totalresults: found.length,
    startnumber: 0,
    numreturned: found.length,
    ...list(sim.dial, 'transactions', 'transaction', found.map(showTransaction)),
  }
}

export function applyCredit(sim: Sim, params: Params): Answer {
  const invoice = invoiceIn(sim, params['invoiceid'])
  const client = clientIn(sim, String(invoice.clientid))
  const balance = balanceOf(sim, invoice)
  const amount = params['amount'] === 'full' ? balance : hundredths(params['amount'], 'amount')
  if (invoice.status !== 'Unpaid') throw new Refused('Invoice Not in Unpaid Status')
  if (amount > client.credit) throw new Refused('Amount exceeds customer credit balance')
  if (amount > balance) throw new Refused('Amount Exceeds Invoice Balance')
  client.credit -= amount
  invoice.credit += amount
  if (amount === balance) markPaid(sim, invoice)
  return { invoiceid: invoice.id, amount: money(amount), invoicepaid: String(amount === balance) }
}

/** Takes the money from the client's default method; why it could not is not said. */
export function capturePayment(sim: Sim, params: Params): Answer {
  const invoice = invoiceIn(sim, params['invoiceid'])
  if (invoice.status !== 'Unpaid') throw new Refused('Invoice Not in Unpaid Status')
  const methods = [...sim.world.payMethods.values()].filter(({ clientid }) => clientid === invoice.clientid)
  const method = methods.find(({ isDefault }) => isDefault) ?? methods[0]
  if (method?.works !== true) throw new Refused('Payment Attempt Failed')
  pay(sim, invoice, {
    amount: balanceOf(sim, invoice),
    transid: `ch_${sim.world.nextId++}`,
    gateway: 'cards',
  })
  return {}
}
