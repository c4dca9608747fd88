import {
  currencyOf,
  dayOf,
  hundredths,
  isOn,
  money,
  Refused,
  type Client,
  type Params,
  type Sim,
} from './model.ts'
import { list, page, showClient } from './shapes.ts'

type Answer = Record<string, unknown>

export function clientIn({ world }: Sim, id: string | undefined): Client {
  const found = world.clients.get(Number(id ?? 0))
  if (!found) throw new Refused('Client ID Not Found')
  return found
}

const NEEDED = ['address1', 'city', 'state', 'postcode', 'country', 'phonenumber']

export function addClient(sim: Sim, params: Params): Answer {
  const { world } = sim
  const email = params['email'] ?? ''
  if (email === '') throw new Refused('You did not enter your email address')
  const lacks = ['firstname', ...NEEDED].find((name) => (params[name] ?? '') === '')
  if (lacks !== undefined && !isOn(params['skipvalidation']))
    throw new Refused(`You did not enter your ${lacks}`)
  if ([...world.clients.values()].some((one) => one.email.toLowerCase() === email.toLowerCase()))
    throw new Refused('A user already exists with that email address')
  const id = world.nextId++
  world.clients.set(id, {
    id,
    firstname: params['firstname'] ?? '',
    lastname: params['lastname'] ?? '',
    companyname: params['companyname'] ?? '',
    email,
    country: params['country'] ?? '',
    currency: Number(params['currency'] ?? 1),
    status: 'Active',
    notes: params['notes'] ?? '',
    credit: 0,
    created: dayOf(sim.now()),
  })
  sim.emit('ClientAdd', { client: id })
  return { clientid: id }
}

export function updateClient(sim: Sim, params: Params): Answer {
  const client = clientIn(sim, params['clientid'])
  for (const field of ['firstname', 'lastname', 'companyname', 'email', 'country', 'notes'] as const)
    if (params[field] !== undefined) client[field] = params[field]
  if (params['status'] !== undefined) client.status = params['status'] as Client['status']
  sim.emit('ClientEdit', { client: client.id })
  return { clientid: String(client.id) }
}

export function getClients(sim: Sim, params: Params): Answer {
  const { world, dial } = sim
  const search = (params['search'] ?? '').toLowerCase()
  const all = [...world.clients.values()].filter(({ email, firstname, companyname }) =>
    [email, firstname, companyname].some((text) => text.toLowerCase().startsWith(search)),
  )
  const { rows, head } = page(dial, params, all)
  const shown = rows.map((client) => {
    const { id, firstname, lastname, companyname, email, status, datecreated } = showClient(world, client)
    return { id, firstname, lastname, companyname, email, datecreated, groupid: '0', status }
  })
  return { ...head, ...list(dial, 'clients', 'client', shown) }
}

export function getClientsDetails(sim: Sim, params: Params): Answer {
  const byMail = [...sim.world.clients.values()].find(({ email }) => email === params['email'])
  const client = byMail ?? clientIn(sim, params['clientid'])
  const shown = showClient(sim.world, client)
  // The copy at the top is deprecated, and still there.
  return { ...shown, client: shown }
}

export const getCurrencies = ({ world }: Sim): Answer => ({
  totalresults: world.currencies.length,
  currencies: {
    currency: world.currencies.map(({ id, code, prefix, suffix }) => ({
      id,
      code,
      prefix,
      suffix,
      rate: '1.00000',
    })),
  },
})

export const details = (sim: Sim): Answer => ({
  whmcs: { version: '8.13.0', canonicalversion: '8.13.0-release.1' },
  lastcron: sim.world.lastCron,
})

export function addCredit(sim: Sim, params: Params): Answer {
  const client = clientIn(sim, params['clientid'])
  const amount = hundredths(params['amount'], 'amount')
  const left = client.credit + (params['type'] === 'remove' ? -amount : amount)
  if (left < 0) throw new Refused('Amount exceeds customer credit balance')
  client.credit = left
  return { newbalance: `${money(left)}${currencyOf(sim.world, client.currency).suffix}` }
}

export function getPayMethods(sim: Sim, params: Params): Answer {
  const client = clientIn(sim, params['clientid'])
  // This one is a flat list.
  return {
    clientid: String(client.id),
    paymethods: [...sim.world.payMethods.values()]
      .filter(({ clientid }) => clientid === client.id)
      .map(({ id, last4, expiry }) => ({
        id,
        type: 'RemoteCreditCard',
        description: '',
        gateway_name: 'cards',
        card_last_four: last4,
        expiry_date: expiry,
        card_type: 'Visa',
        remote_token: JSON.stringify({ customer: `c${client.id}` }),
      })),
  }
}

function methodIn(sim: Sim, params: Params) {
  const client = clientIn(sim, params['clientid'])
  const found = sim.world.payMethods.get(Number(params['paymethodid']))
  if (found?.clientid !== client.id) throw new Refused('Pay Method ID not found')
  return found
}

export function updatePayMethod(sim: Sim, params: Params): Answer {
  const method = methodIn(sim, params)
  if (isOn(params['set_as_default']))
    for (const one of sim.world.payMethods.values())
      if (one.clientid === method.clientid) one.isDefault = one.id === method.id
  return { paymethodid: method.id }
}

export function deletePayMethod(sim: Sim, params: Params): Answer {
  const method = methodIn(sim, params)
  sim.world.payMethods.delete(method.id)
  return { paymethodid: method.id }
}
