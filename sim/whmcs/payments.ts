import { clientIn } from './clients.ts'
import {
  addMonths,
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
import { fromLocalDay, list } from './shapes.ts'
import { balanceOf, invoiceIn, showTransaction, stamp } from './invoices.ts'

type Answer = Record<string, unknown>

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
