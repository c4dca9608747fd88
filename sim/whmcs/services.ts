import { clientIn } from './clients.ts'
import { insertInvoice } from './invoices.ts'
import {
  addDays,
  addMonths,
  currencyOf,
  dayOf,
  daysBetween,
  hundredths,
  isOn,
  money,
  MONTHS,
  Refused,
  type Params,
  type Service,
  type Sim,
} from './model.ts'
import { encoded, list, NO_DAY, page } from './shapes.ts'
import { priceOf, capital, fieldsOf } from './orders.ts'

type Answer = Record<string, unknown>

export function getClientsProducts(sim: Sim, params: Params): Answer {
  const all = [...sim.world.services.values()].filter(
    ({ id, clientid, pid }) =>
      (params['clientid'] === undefined || clientid === Number(params['clientid'])) &&
      (params['serviceid'] === undefined || id === Number(params['serviceid'])) &&
      (params['pid'] === undefined || pid === Number(params['pid'])),
  )
  const { rows, head } = page(sim.dial, params, all)
  return {
    clientid: params['clientid'] ?? null,
    serviceid: params['serviceid'] ?? null,
    pid: null,
    domain: null,
    ...head,
    ...list(
      sim.dial,
      'products',
      'product',
      rows.map((service) => showService(sim, service)),
    ),
  }
}

const showService = (sim: Sim, service: Service): Answer => ({
  id: String(service.id),
  qty: '1',
  clientid: String(service.clientid),
  orderid: service.orderid,
  pid: String(service.pid),
  regdate: service.regdate,
  name: encoded(sim.world.products.get(service.pid)?.name ?? ''),
  domain: service.domain,
  firstpaymentamount: money(service.first),
  recurringamount: money(service.recurring),
  billingcycle: service.cycle,
  nextduedate: service.cycle === 'One Time' ? NO_DAY : service.nextduedate,
  status: service.status,
  suspensionreason: service.suspensionreason,
  username: `u${service.id}`,
  // In clear, as everywhere.
  password: service.password,
  overideautosuspend: '0',
  overidesuspenduntil: NO_DAY,
  lastupdate: '0000-00-00 00:00:00',
  notes: encoded(service.notes),
  customfields: { customfield: [{ id: '1', name: 'mpanel_ref', value: service.ref }] },
})

function serviceIn({ world }: Sim, params: Params): Service {
  const found = world.services.get(Number(params['serviceid']))
  if (!found) throw new Refused('Service ID not found')
  return found
}

/** Changes what is recorded; its module hears nothing of it. */
export function updateClientProduct(sim: Sim, params: Params): Answer {
  const service = serviceIn(sim, params)
  if (params['status'] !== undefined) service.status = params['status'] as Service['status']
  if (params['nextduedate'] !== undefined) service.nextduedate = params['nextduedate']
  if (params['domain'] !== undefined) service.domain = params['domain']
  if (params['recurringamount'] !== undefined)
    service.recurring = hundredths(params['recurringamount'], 'recurring amount')
  const { mpanel_ref: ref } = fieldsOf(params['customfields'])
  if (ref !== undefined) service.ref = ref
  sim.emit('ServiceEdit', { service: service.id, client: service.clientid })
  return { serviceid: String(service.id) }
}

export function upgradeProduct(sim: Sim, params: Params): Answer {
  const service = serviceIn(sim, params)
  const { upgrades, invoices, products, nextId } = sim.world
  const isOpen = [...upgrades.values()].some(
    ({ serviceid, invoiceid }) => serviceid === service.id && invoices.get(invoiceid)?.status === 'Unpaid',
  )
  if (isOpen)
    throw new Refused('Unable to process upgrade. Previous upgrade invoice for service is still unpaid.')
  const pid = Number(params['newproductid'])
  const cycle = params['newproductbillingcycle'] ?? service.cycle
  const recurring = priceOf(sim, products.get(pid), service.clientid, cycle)
  const today = dayOf(sim.now())
  const months = MONTHS[service.cycle.toLowerCase()] ?? 1
  const total = daysBetween(addMonths(service.nextduedate, -months), service.nextduedate)
  const left = Math.max(0, daysBetween(today, service.nextduedate))
  const price = Math.round(((recurring - service.recurring) * left) / total)
  const currency = currencyOf(sim.world, clientIn(sim, String(service.clientid)).currency)
  const quote = {
    oldproductid: String(service.pid),
    newproductid: pid,
    daysuntilrenewal: left,
    totaldays: total,
    price: `${currency.prefix}${money(price)}${currency.suffix}`,
  }
  if (isOn(params['calconly'])) return quote
  const items = [{ type: 'Upgrade', relid: nextId, description: 'Upgrade', amount: price, taxed: false }]
  const invoice = price > 0 ? insertInvoice(sim, service.clientid, items) : null
  const id = sim.world.nextId++
  upgrades.set(id, {
    id,
    serviceid: service.id,
    pid,
    cycle: capital(cycle),
    recurring,
    invoiceid: invoice?.id ?? 0,
  })
  if (invoice === null) Object.assign(service, { pid, cycle: capital(cycle), recurring })
  return {
    ...quote,
    id,
    orderid: id,
    order_number: String(id),
    invoiceid: invoice?.id ?? null,
    upgradeinprogress: 0,
  }
}

const moduleDeed =
  (change: Partial<Service>, event: string) =>
  (sim: Sim, params: Params): Answer => {
    const service = serviceIn(sim, params)
    Object.assign(service, change, { suspensionreason: params['suspendreason'] ?? '' })
    sim.emit(event, { service: service.id })
    return {}
  }
export const moduleSuspend = moduleDeed({ status: 'Suspended', running: false }, 'AfterModuleSuspend')
export const moduleUnsuspend = moduleDeed({ status: 'Active', running: true }, 'AfterModuleUnsuspend')
export const moduleTerminate = moduleDeed({ status: 'Terminated', running: false }, 'AfterModuleTerminate')

/** What happens once a day: invoices of services that are due within two weeks, and suspension of what is overdue. */
export function cron(sim: Sim): void {
  const today = dayOf(sim.now())
  sim.world.lastCron = sim.now().toISOString().slice(0, 19).replace('T', ' ')
  for (const service of sim.world.services.values()) {
    if (service.status !== 'Active') continue
    const about = ({ type, relid }: { type: string; relid: number }): boolean =>
      type === 'Hosting' && relid === service.id
    const open = [...sim.world.invoices.values()].find(
      ({ status, items }) => status === 'Unpaid' && items.some(about),
    )
    if (open && addDays(open.duedate, 5) < today)
      moduleSuspend(sim, { serviceid: String(service.id), suspendreason: 'Overdue on Payment' })
    if (open || service.nextduedate > addDays(today, 14)) continue
    const name = sim.world.products.get(service.pid)?.name ?? ''
    const item = {
      type: 'Hosting',
      relid: service.id,
      description: name,
      amount: service.recurring,
      taxed: true,
    }
    insertInvoice(sim, service.clientid, [item], { duedate: service.nextduedate, taxrate: '22.00' })
  }
  sim.emit('DailyCronJob', {})
}
