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
  type Product,
  type Service,
  type Sim,
} from './model.ts'
import { encoded, list, NO_DAY, page } from './shapes.ts'

type Answer = Record<string, unknown>

export function getProducts(sim: Sim, params: Params): Answer {
  const pid = params['pid']
  const found = [...sim.world.products.values()].filter((one) => pid === undefined || one.pid === Number(pid))
  const shown = found.map(({ pid: id, gid, name, pricing }) => ({
    pid: String(id),
    gid: String(gid),
    type: 'server',
    name: encoded(name),
    module: 'mpanel',
    paytype: 'recurring',
    pricing: Object.fromEntries(
      Object.entries(pricing).map(([code, prices]) => [
        code,
        Object.fromEntries(Object.entries(prices).map(([cycle, price]) => [cycle, money(price)])),
      ]),
    ),
  }))
  return { totalresults: found.length, ...list(sim.dial, 'products', 'product', shown) }
}

/** What a cycle costs; -1.00 is no price. */
function priceOf(sim: Sim, product: Product | undefined, clientId: number, cycle: string): number {
  const client = clientIn(sim, String(clientId))
  const code = currencyOf(sim.world, client.currency).code
  const price = product?.pricing[code]?.[cycle.toLowerCase()]
  if (price === undefined || price < 0) throw new Refused('Invalid Billing Cycle')
  return price
}

const capital = (cycle: string): string => `${cycle.slice(0, 1).toUpperCase()}${cycle.slice(1).toLowerCase()}`

/** The first value of an array that was given as base64 of PHP's serialization; a length that does not fit is ignored. */
function fieldsOf(text: string | undefined): Record<string, string> {
  const serialized = Buffer.from(text ?? '', 'base64')
  const found: string[] = []
  for (let at = 0; at < serialized.length;) {
    const head = /^s:(\d{1,6}):"/.exec(serialized.subarray(at, at + 12).toString('latin1'))
    if (!head) {
      at++
      continue
    }
    const from = at + head[0].length
    const to = from + Number(head[1])
    if (serialized.subarray(to, to + 2).toString('latin1') !== '";') return {}
    found.push(serialized.subarray(from, to).toString('utf8'))
    at = to + 2
  }
  return Object.fromEntries(found.flatMap((key, at) => (at % 2 === 0 ? [[key, found[at + 1] ?? '']] : [])))
}

/** Once more for each time it is called: whoever asks twice has ordered twice. Nothing is set up by it. */
export function addOrder(sim: Sim, params: Params): Answer {
  const { world } = sim
  const client = clientIn(sim, params['clientid'])
  const products = Object.keys(params).filter((name) => /^pid(\[\d+\])?$/.test(name))
  if (products.length === 0) throw new Refused('No items added to cart so order cannot proceed')
  const id = world.nextId++
  const today = dayOf(sim.now())
  const made = products.map((name) => {
    const at = name.slice(3)
    const product = world.products.get(Number(params[name]))
    const cycle = params[`billingcycle${at}`] ?? 'monthly'
    const price = priceOf(sim, product, client.id, cycle)
    const service: Service = {
      id: world.nextId++,
      clientid: client.id,
      orderid: id,
      pid: Number(params[name]),
      domain: params[`domain${at}`] ?? '',
      first: price,
      recurring: price,
      cycle: capital(cycle),
      regdate: today,
      nextduedate: today,
      status: 'Pending',
      running: false,
      suspensionreason: '',
      password: `pw-of-service-${id}`,
      ref: fieldsOf(params[`customfields${at}`])['mpanel_ref'] ?? '',
      notes: '',
    }
    world.services.set(service.id, service)
    return service
  })
  const invoice = isOn(params['noinvoice'])
    ? null
    : insertInvoice(
        sim,
        client.id,
        made.map(({ id: relid, pid, recurring }) => ({
          type: 'Hosting',
          relid,
          description: world.products.get(pid)?.name ?? '',
          amount: recurring,
          taxed: false,
        })),
        { duedate: today, paymentmethod: params['paymentmethod'] ?? 'banktransfer' },
      )
  const services = made.map((service) => service.id)
  world.orders.set(id, {
    id,
    clientid: client.id,
    invoiceid: invoice?.id ?? 0,
    services,
    status: 'Pending',
    date: today,
  })
  sim.emit('AfterShoppingCartCheckout', { order: id, client: client.id })
  return {
    orderid: id,
    serviceids: services.join(','),
    addonids: '',
    domainids: '',
    invoiceid: invoice?.id ?? 0,
  }
}

function orderIn(sim: Sim, params: Params) {
  const order = sim.world.orders.get(Number(params['orderid']))
  if (order?.status !== 'Pending') throw new Refused('Order ID not found or Status not Pending')
  return order
}

export function acceptOrder(sim: Sim, params: Params): Answer {
  const order = orderIn(sim, params)
  // The hook fires before the deed.
  sim.emit('AcceptOrder', { order: order.id })
  order.status = 'Active'
  for (const id of order.services) {
    const service = sim.world.services.get(id)
    if (service) Object.assign(service, { status: 'Active', running: true })
  }
  return {}
}

export function cancelOrder(sim: Sim, params: Params): Answer {
  const order = orderIn(sim, params)
  sim.emit('CancelOrder', { order: order.id })
  order.status = 'Cancelled'
  for (const id of order.services) {
    const service = sim.world.services.get(id)
    if (service) service.status = 'Cancelled'
  }
  return {}
}

export function getOrders(sim: Sim, params: Params): Answer {
  const all = [...sim.world.orders.values()].filter(
    ({ id, clientid }) =>
      (params['userid'] === undefined || clientid === Number(params['userid'])) &&
      (params['id'] === undefined || id === Number(params['id'])),
  )
  const { rows, head } = page(sim.dial, params, all)
  const shown = rows.map(({ id, clientid, invoiceid, services, status, date }) => ({
    id,
    ordernum: 1_000_000 + id,
    userid: String(clientid),
    invoiceid: String(invoiceid),
    status,
    date: `${date} 00:00:00`,
    lineitems: { lineitem: services.map((relid) => ({ type: 'product', relid: String(relid), status })) },
  }))
  return { ...head, ...list(sim.dial, 'orders', 'order', shown) }
}

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
