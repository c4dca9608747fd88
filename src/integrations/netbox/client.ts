import type { OutgoingAnswer, OutgoingRequest } from '../../lib/outgoing.ts'
import { ok, unknown, type Outcome } from '../../lib/outcome.ts'
import { bareAddress, entryOf, idOf, pageOf, prefixOf, rowOf, Unreadable } from './answers.ts'
import { callerOf, refusal, type Call } from './http.ts'
import type { Entry, MarkField, Netbox, NetboxConnection, Said, Space } from './types.ts'

const ADDRESSES = '/ipam/ip-addresses/'
const PAGE = 500
/** So many addresses of one network are read; a larger one is refused rather than read in part. */
const MAX_ROWS = 100_000
/** What can carry one mark, by mistake or by hand, and still be looked through. */
const FEW = 50

/** A client of one NetBox, by way of `send`. */
export function createNetbox(
  send: (request: OutgoingRequest) => Promise<OutgoingAnswer>,
  connection: NetboxConnection,
): Netbox {
  const call = callerOf(send, connection)
  const { field } = connection
  const read = (value: unknown): Entry => entryOf(value, field)
  return {
    version: () => asked(call('GET', '/status/'), (value) => versionIn(rowOf(value))),
    rights: () =>
      asked(call('OPTIONS', ADDRESSES), (value) => {
        const actions = rowOf(rowOf(value)['actions'] ?? {})
        return { add: 'POST' in actions, change: 'PUT' in actions }
      }),
    markField: () => markField(call, field),
    prefix: (id) => asked(call('GET', `/ipam/prefixes/${id}/`), prefixOf),
    entries: (space) => everything(call, ADDRESSES, within(space), read),
    fullRanges: (space) =>
      everything(call, '/ipam/ip-ranges/', { ...within(space), mark_populated: 'true' }, (value) => {
        const row = rowOf(value)
        return {
          id: idOf(row),
          first: bareAddress(row, 'start_address'),
          last: bareAddress(row, 'end_address'),
        }
      }),
    marked: (mark) => marked(call, field, mark, read),
    at: async (address, vrfId) => {
      const found = await everything(call, ADDRESSES, { address, vrf_id: vrfId ?? 'null' }, read)
      if (found.outcome !== 'ok') return found
      // What NetBox does not know as a filter, it leaves out without a word.
      return ok(found.value.filter((one) => sameAddress(one.address, address) && one.vrfId === vrfId))
    },
    create: (said) => written(call('POST', ADDRESSES, bodyOf(said, field)), read),
    change: (id, said) => written(call('PATCH', `${ADDRESSES}${id}/`, bodyOf(said, field)), read),
    remove: async (id) => {
      const answer = await call('DELETE', `${ADDRESSES}${id}/`)
      return answer.outcome === 'ok' ? ok(null) : answer
    },
  }
}

const versionIn = ({ 'netbox-version': version }: Record<string, unknown>): string =>
  typeof version === 'string' ? version : '?'

const sameAddress = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const within = ({ network, vrfId }: Space): Query => ({ parent: network, vrf_id: vrfId ?? 'null' })

const bodyOf = (said: Said, field: string): Record<string, unknown> => ({
  address: `${said.address}/${said.prefix}`,
  vrf: said.vrfId,
  status: said.status,
  dns_name: said.dnsName,
  description: said.description,
  custom_fields: { [field]: said.mark },
})

/** What an answer says, `unknown` where it is not of a shape that we know. */
async function asked<T>(answer: Promise<Outcome<unknown>>, read: (value: unknown) => T): Promise<Outcome<T>> {
  const got = await answer
  if (got.outcome !== 'ok') return got
  try {
    return ok(read(got.value))
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return unknown(`NetBox answered what cannot be read: ${error.message}`)
  }
}

/** A refusal that names the address is about what stands there: a duplicate, or a range that counts as full. */
async function written(
  answer: Promise<Outcome<unknown>>,
  read: (value: unknown) => Entry,
): Promise<Outcome<Entry>> {
  const got = await asked(answer, read)
  if (got.outcome !== 'rejected' || got.code !== 'invalid' || got.errors === undefined) return got
  return 'address' in got.errors ? refusal('taken', got.message) : got
}

type Query = Record<string, string | number>

const queryOf = (query: Query): string =>
  new URLSearchParams(
    Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(value)])),
  ).toString()

/** Reads a list to its end, page by page in the order of ids. */
async function everything<T extends { id: number }>(
  call: Call,
  path: string,
  query: Query,
  read: (value: unknown) => T,
): Promise<Outcome<T[]>> {
  const rows = new Map<number, T>()
  for (let offset = 0; ;) {
    const page = await asked(
      call('GET', `${path}?${queryOf({ ...query, ordering: 'id', limit: PAGE, offset })}`),
      (value) => {
        const { count, results } = pageOf(value)
        return { count, results: results.map(read) }
      },
    )
    if (page.outcome !== 'ok') return page
    const { count, results } = page.value
    if (count > MAX_ROWS) return refusal('invalid', `There are more than ${MAX_ROWS} addresses in it.`)
    for (const row of results) rows.set(row.id, row)
    // How much a page may hold is NetBox's own setting.
    offset += results.length
    if (offset < count && results.length > 0) continue
    return rows.size === count
      ? ok([...rows.values()])
      : unknown('the list changed while it was read: it is read again')
  }
}

async function marked(
  call: Call,
  field: string,
  mark: string,
  read: (value: unknown) => Entry,
): Promise<Outcome<Entry[]>> {
  const query = queryOf({ [`cf_${field}`]: mark, limit: FEW })
  const page = await asked(call('GET', `${ADDRESSES}?${query}`), (value) => {
    const { count, results } = pageOf(value)
    return { count, found: results.map(read).filter((entry) => entry.mark === mark) }
  })
  if (page.outcome !== 'ok') return page
  // An unknown filter finds everything: nothing can be said about what is not on this page.
  if (page.value.count > FEW)
    return refusal('unmarkable', `NetBox does not search the custom field ${field} for one value.`)
  return ok(page.value.found)
}

async function markField(call: Call, field: string): Promise<Outcome<MarkField>> {
  const found = await asked(call('GET', `/extras/custom-fields/?${queryOf({ name: field })}`), (value) =>
    pageOf(value).results.map(rowOf),
  )
  if (found.outcome === 'rejected' && found.code === 'forbidden') return ok('unseen')
  if (found.outcome !== 'ok') return found
  const row = found.value.find(({ name }) => name === field)
  if (!row) return ok('missing')
  const choice = (key: string): unknown => (row[key] as { value?: unknown } | null | undefined)?.value
  const types = row['object_types']
  const isOfAddresses = Array.isArray(types) && types.includes('ipam.ipaddress')
  return ok(
    isOfAddresses && choice('type') === 'text' && choice('filter_logic') === 'exact' ? 'usable' : 'unusable',
  )
}
