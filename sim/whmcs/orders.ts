import { clientIn } from './clients.ts'
import { insertInvoice } from './invoices.ts'
import {
  currencyOf,
  dayOf,
  isOn,
  money,
  Refused,
  type Params,
  type Product,
  type Service,
  type Sim,
} from './model.ts'
import { encoded, list, page } from './shapes.ts'

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
export function priceOf(sim: Sim, product: Product | undefined, clientId: number, cycle: string): number {
  const client = clientIn(sim, String(clientId))
  const code = currencyOf(sim.world, client.currency).code
  const price = product?.pricing[code]?.[cycle.toLowerCase()]
  if (price === undefined || price < 0) throw new Refused('Invalid Billing Cycle')
  return price
}

export const capital = (cycle: string): string =>
  `${cycle.slice(0, 1).toUpperCase()}${cycle.slice(1).toLowerCase()}`

/** The first value of an array that was given as base64 of PHP's serialization; a length that does not fit is ignored. */
export function fieldsOf(text: string | undefined): Record<string, string> {
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
