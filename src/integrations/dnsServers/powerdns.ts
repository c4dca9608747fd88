import type { DnsKey } from '../../lib/dns/dnssec.ts'
import { ok, type Outcome } from '../../lib/outcome.ts'
import { canonicalOf, NOT_COMPARED, sorted } from './canonical.ts'
import { prepareTransfers, setTransfers } from './powerdnsTransfers.ts'
import { asked, callerOf, notify, pathOf, rowOf, Unreadable, type Call, type Send } from './powerdnsHttp.ts'
import type {
  DnsServer,
  DnsServerConnection,
  NewZone,
  Rrset,
  RrsetChange,
  ServedZone,
  ZoneHead,
} from './types.ts'

/** Of an SOA that we make: seconds between looks of secondaries, and how long a "there is none" is believed. */
const SOA = { ttl: 3_600, timers: '10800 3600 1209600 3600' }

/** A client of one PowerDNS, by way of `send`. */
export function createPowerDns(
  send: Send,
  connection: Extract<DnsServerConnection, { kind: 'powerdns' }>,
): DnsServer {
  const call = callerOf(send, connection)
  return {
    version: () =>
      asked(call('GET', ''), (value) => {
        const { version } = rowOf(value)
        return typeof version === 'string' ? version : '?'
      }),
    zoneHead: (name) => found(asked(call('GET', `${pathOf(name)}?rrsets=false`), headOf)),
    heads: () =>
      asked(call('GET', '/zones?dnssec=false'), (value) => {
        if (!Array.isArray(value)) throw new Unreadable('no list of zones')
        const rows = value.map(rowOf)
        return new Map(rows.map((row) => [textIn(row, 'name'), headOf(row)]))
      }),
    zone: (name) => found(asked(call('GET', pathOf(name)), (value) => zoneOf(value, name))),
    sets: (name, of) => setsOf(call, name, of),
    createZone: (zone) => create(call, zone),
    changeZone: (name, changes) => change(call, name, changes),
    removeZone: (name) => remove(call, name),
    keys: (name) => asked(call('GET', `${pathOf(name)}/cryptokeys`), keysOf),
    sign: (name) => setSigned(call, name, true),
    unsign: (name) => setSigned(call, name, false),
    prepareTransfers: (transfers) => prepareTransfers(call, transfers),
    setTransfers: (name, transfers) => setTransfers(call, name, transfers),
  }
}

const listIn = (row: Record<string, unknown>, key: string): Record<string, unknown>[] => {
  const list = row[key]
  if (!Array.isArray(list)) throw new Unreadable(`no list ${key}`)
  return list.map(rowOf)
}

const textIn = (row: Record<string, unknown>, key: string): string => {
  const text = row[key]
  if (typeof text !== 'string') throw new Unreadable(`no text ${key}`)
  return text
}

const numberIn = (row: Record<string, unknown>, key: string): number => {
  const number = row[key]
  if (typeof number !== 'number') throw new Unreadable(`no number ${key}`)
  return number
}

async function found<T>(answer: Promise<Outcome<T>>): Promise<Outcome<T | null>> {
  const got = await answer
  return got.outcome === 'rejected' && got.code === 'missing' ? ok(null) : got
}

function headOf(value: unknown): ZoneHead {
  const row = rowOf(value)
  return {
    serial: numberIn(row, 'serial'),
    owner: textIn(row, 'account'),
    signed: row['dnssec'] === true,
  }
}

function zoneOf(value: unknown, zone: string): ServedZone {
  const rrsets = listIn(rowOf(value), 'rrsets').map((row): Rrset => {
    const type = textIn(row, 'type')
    // What is switched off there is not served: to us it is not there.
    const served = listIn(row, 'records').filter(({ disabled }) => disabled !== true)
    return {
      name: textIn(row, 'name').toLowerCase(),
      type,
      ttl: numberIn(row, 'ttl'),
      contents: served.map((record) => canonicalOf(type, textIn(record, 'content'), zone)),
    }
  })
  const own = rrsets.filter(({ type, contents }) => !NOT_COMPARED.has(type) && contents.length > 0)
  return { ...headOf(value), rrsets: sorted(own) }
}

/** Each by a call of its own. Versions that do not know the filter answer with the whole zone, which ends it at once. */
async function setsOf(
  call: Call,
  zone: string,
  of: readonly { name: string; type: string }[],
): Promise<Outcome<ServedZone | null>> {
  let read = null as ServedZone | null
  for (const { name, type } of of) {
    const filter = new URLSearchParams({ rrset_name: name, rrset_type: type })
    const path = `${pathOf(zone)}?${filter.toString()}`
    const answer = await found(asked(call('GET', path), (value) => zoneOf(value, zone)))
    if (answer.outcome !== 'ok' || answer.value === null) return answer
    const { rrsets, ...head } = answer.value
    const isOther = rrsets.some((one) => one.name !== name || one.type !== type)
    if (isOther || (read !== null && read.serial !== head.serial)) return ok(null)
    read = { ...head, rrsets: [...(read?.rrsets ?? []), ...rrsets] }
  }
  return ok(read)
}

const recordsOf = (contents: readonly string[]) => contents.map((content) => ({ content, disabled: false }))

async function create(call: Call, zone: NewZone): Promise<Outcome<null>> {
  const soa = `${zone.primary} ${zone.contact} 0 ${SOA.timers}`
  const made = await call('POST', '/zones?rrsets=false', {
    name: zone.name,
    kind: 'Master',
    account: zone.owner,
    // Days and a number: a change within the same second has a serial of its own.
    soa_edit_api: 'DEFAULT',
    api_rectify: true,
    rrsets: [
      { name: zone.name, type: 'SOA', ttl: SOA.ttl, records: recordsOf([soa]) },
      ...zone.rrsets.map(({ contents, ...one }) => ({ ...one, records: recordsOf(contents) })),
    ],
  })
  return made.outcome === 'ok' ? flush(call, zone.name) : made
}

/** Deletes stand first: a CNAME takes the place of what goes in the same call. */
async function change(call: Call, name: string, changes: readonly RrsetChange[]): Promise<Outcome<null>> {
  if (changes.length === 0) return ok(null)
  const [gone, there] = [changes.filter(({ after }) => !after), changes.filter(({ after }) => after)]
  const rrsets = [
    ...gone.map((one) => ({ name: one.name, type: one.type, changetype: 'DELETE' })),
    ...there.map(({ name: at, type, after }) => ({
      name: at,
      type,
      changetype: 'REPLACE',
      ttl: after?.ttl,
      records: recordsOf(after?.contents ?? []),
    })),
  ]
  const changed = await asked(call('PATCH', pathOf(name), { rrsets }), () => null)
  if (changed.outcome === 'ok') await notify(call, name)
  return changed
}

async function remove(call: Call, name: string): Promise<Outcome<null>> {
  const gone = await call('DELETE', pathOf(name))
  if (gone.outcome === 'rejected' && gone.code === 'missing') return ok(null)
  return gone.outcome === 'ok' ? flush(call, name) : gone
}

/** Without keys it makes one, by its own defaults (`default-ksk-algorithm`); NSEC is kept right by it after each change. */
async function setSigned(call: Call, name: string, on: boolean): Promise<Outcome<null>> {
  const done = await call('PUT', pathOf(name), { dnssec: on, api_rectify: true })
  return done.outcome === 'ok' ? flush(call, name) : done
}

/** Those that are in use. `dnskey` is as in a zone file: flags, protocol, algorithm and the key. */
function keysOf(value: unknown): DnsKey[] {
  if (!Array.isArray(value)) throw new Unreadable('no list of keys')
  return value
    .map(rowOf)
    .filter(({ active, published }) => active === true && published !== false)
    .map((row) => {
      const [flags, , algorithm, ...key] = textIn(row, 'dnskey').split(' ')
      return { flags: Number(flags), algorithm: Number(algorithm), publicKey: key.join('') }
    })
}

/** That there is no such zone is remembered for a while, and so is what was in one. The zone is as wanted all the same. */
async function flush(call: Call, name: string): Promise<Outcome<null>> {
  await call('PUT', `/cache/flush?domain=${encodeURIComponent(name)}`)
  return ok(null)
}
