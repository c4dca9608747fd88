import { isIP } from 'node:net'
import { compressed, isInside, orderOf } from './addresses.ts'
import { may, requireRight } from './auth.ts'
import { detail, NEW_ADDRESS, Refused, type Address, type Token, type World } from './model.ts'
import { changed } from './validate.ts'

export type Asked = { method: string; path: string; query: URLSearchParams; body: unknown; token: Token }
export type Answer = { status: number; json?: unknown }
type Handler = (world: World, asked: Asked, id: number) => Answer

const briefVrf = (world: World, vrf: number | null) => {
  const found = vrf === null ? undefined : world.vrfs.get(vrf)
  return found ? { id: found.id, name: found.name } : null
}
const choice = (value: string) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1) })

const presentAddress = (world: World, one: Address) => ({
  id: one.id,
  family: { value: isIP(one.address), label: `IPv${isIP(one.address)}` },
  address: `${one.address}/${one.length}`,
  vrf: briefVrf(world, one.vrf),
  status: choice(one.status),
  role: one.role === null ? null : choice(one.role),
  dns_name: one.dns_name,
  description: one.description,
  // Each object has each field that there is for its kind.
  custom_fields: Object.fromEntries(
    [...world.fields.values()]
      .filter(({ object_types: types }) => types.includes('ipam.ipaddress'))
      .map(({ name }) => [name, one.custom_fields[name] ?? null]),
  ),
})

const DEFAULT_LIMIT = 50

function pageOf(world: World, query: URLSearchParams, rows: readonly unknown[]): Answer {
  const number = (key: string, otherwise: number): number => {
    const text = query.get(key)
    return text !== null && /^\d+$/.test(text) ? Number(text) : otherwise
  }
  const asked = number('limit', DEFAULT_LIMIT)
  const limit = asked === 0 ? world.maxPageSize : Math.min(asked, world.maxPageSize)
  const offset = number('offset', 0)
  const results = rows.slice(offset, offset + limit)
  const hasNext = offset + limit < rows.length
  return {
    status: 200,
    json: {
      count: rows.length,
      next: hasNext ? `?limit=${limit}&offset=${offset + limit}` : null,
      previous: offset > 0 ? `?limit=${limit}&offset=${Math.max(0, offset - limit)}` : null,
      results,
    },
  }
}

const isInVrf = (query: URLSearchParams, vrf: number | null): boolean => {
  const wanted = query.get('vrf_id')
  return wanted === null || (wanted === 'null' ? vrf === null : Number(wanted) === vrf)
}

/** A filter that is not known finds everything, as in the real one. */
function matches(world: World, query: URLSearchParams, one: Address): boolean {
  const [parent, address] = [query.get('parent'), query.get('address')]
  if (parent !== null && !isInside(one.address, parent)) return false
  if (address !== null && compressed(address.split('/')[0] ?? '') !== one.address) return false
  if (!isInVrf(query, one.vrf)) return false
  for (const [key, wanted] of query) {
    const field = key.startsWith('cf_') ? world.fields.get(key.slice(3)) : undefined
    if (!field || field.filter_logic === 'disabled') continue
    const value = one.custom_fields[field.name]
    const text = typeof value === 'string' ? value : ''
    const isIt =
      field.filter_logic === 'exact' ? text === wanted : text.toLowerCase().includes(wanted.toLowerCase())
    if (!isIt) return false
  }
  return true
}

const byId = (a: { id: number }, b: { id: number }): number => a.id - b.id

function listAddresses(world: World, { query }: Asked): Answer {
  const found = [...world.addresses.values()].filter((one) => matches(world, query, one))
  const sorted =
    query.get('ordering') === 'id'
      ? found.toSorted(byId)
      : found.toSorted((a, b) => orderOf(a.address).localeCompare(orderOf(b.address)) || byId(a, b))
  return pageOf(
    world,
    query,
    sorted.map((one) => presentAddress(world, one)),
  )
}

function createAddress(world: World, { body }: Asked): Answer {
  const made = changed(world, { ...NEW_ADDRESS, id: world.nextId }, body)
  world.nextId++
  world.addresses.set(made.id, made)
  return { status: 201, json: presentAddress(world, made) }
}

function existing<T>(map: ReadonlyMap<number, T>, id: number, model: string): T {
  const row = map.get(id)
  if (!row) throw detail(404, `No ${model} matches the given query.`)
  return row
}

function changeAddress(world: World, { body }: Asked, id: number): Answer {
  const after = changed(world, existing(world.addresses, id, 'IPAddress'), body)
  world.addresses.set(id, after)
  return { status: 200, json: presentAddress(world, after) }
}

function removeAddress(world: World, _: Asked, id: number): Answer {
  if (existing(world.addresses, id, 'IPAddress').protected)
    throw detail(409, 'Unable to delete object. 1 dependent objects were found: nat outside')
  world.addresses.delete(id)
  return { status: 204 }
}

function listRanges(world: World, { query }: Asked): Answer {
  const [parent, populated] = [query.get('parent'), query.get('mark_populated')]
  const rows = [...world.ranges.values()]
    .filter((one) => isInVrf(query, one.vrf))
    .filter((one) => populated === null || String(one.populated) === populated)
    .filter((one) => parent === null || (isInside(one.first, parent) && isInside(one.last, parent)))
    .map((one) => ({
      id: one.id,
      start_address: `${one.first}/24`,
      end_address: `${one.last}/24`,
      mark_populated: one.populated,
      vrf: briefVrf(world, one.vrf),
    }))
  return pageOf(world, query, rows)
}

function listFields(world: World, { query }: Asked): Answer {
  const name = query.get('name')
  const rows = [...world.fields.values()]
    .filter((one) => name === null || one.name === name)
    .map((one) => ({ ...one, type: choice(one.type), filter_logic: choice(one.filter_logic) }))
  return pageOf(world, query, rows)
}

function showPrefix(world: World, _: Asked, id: number): Answer {
  const { prefix, vrf } = existing(world.prefixes, id, 'Prefix')
  return { status: 200, json: { id, prefix, vrf: briefVrf(world, vrf), status: choice('active') } }
}

/** What may be done is told by which methods are described. */
const describe: Handler = (_, { token }) => ({
  status: 200,
  json: {
    name: 'Ip Address List',
    actions: Object.fromEntries(
      ['POST', 'PUT']
        .filter((method) => may(token, method, 'ipam', 'ipaddress'))
        .map((method) => [method, {}]),
    ),
  },
})

type Row = { path: RegExp; app: string; model: string; methods: Record<string, Handler> }

const ROWS: readonly Row[] = [
  {
    path: /^\/ipam\/ip-addresses\/$/,
    app: 'ipam',
    model: 'ipaddress',
    methods: { GET: listAddresses, POST: createAddress, OPTIONS: describe },
  },
  {
    path: /^\/ipam\/ip-addresses\/(\d+)\/$/,
    app: 'ipam',
    model: 'ipaddress',
    methods: { PATCH: changeAddress, DELETE: removeAddress },
  },
  { path: /^\/ipam\/prefixes\/(\d+)\/$/, app: 'ipam', model: 'prefix', methods: { GET: showPrefix } },
  { path: /^\/ipam\/ip-ranges\/$/, app: 'ipam', model: 'iprange', methods: { GET: listRanges } },
  { path: /^\/extras\/custom-fields\/$/, app: 'extras', model: 'customfield', methods: { GET: listFields } },
]

export function answer(world: World, asked: Asked): Answer {
  if (asked.path === '/status/' && asked.method === 'GET')
    return { status: 200, json: { 'netbox-version': world.version, 'python-version': '3.12.3' } }
  for (const { path, app, model, methods } of ROWS) {
    const match = path.exec(asked.path)
    if (!match) continue
    const handler = methods[asked.method]
    if (!handler) throw detail(405, `Method "${asked.method}" not allowed.`)
    if (asked.method !== 'OPTIONS') requireRight(asked.token, asked.method, app, model)
    return handler(world, asked, Number(match[1] ?? 0))
  }
  throw new Refused(404, { detail: 'Not found.' })
}
