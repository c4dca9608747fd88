import { DnsError } from './errors.ts'
import { canonicalName, isWithin } from './names.ts'
import { contentOf, isRecordType, type RecordType } from './records.ts'
import { textOf, type Token } from './tokens.ts'
import { entriesOf, type Entry, type Fault } from './zoneLines.ts'

export type ZoneRecord = { name: string; type: RecordType; ttl: number; content: string }

export type ZoneFile = {
  records: ZoneRecord[]
  /** What was left out and why, by line: records of unknown types, other classes, names outside of the zone. */
  faults: Fault[]
}

const MAX_TTL = 2_147_483_647
const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }
const CLASSES = new Set(['IN', 'CH', 'HS', 'CS'])
/** Made by the server that signs the zone, or kept by mPanel itself. */
const NOT_TAKEN = new Set([
  'SOA',
  'RRSIG',
  'NSEC',
  'NSEC3',
  'NSEC3PARAM',
  'DNSKEY',
  'CDS',
  'CDNSKEY',
  'ZONEMD',
])

/** `3600`, `1h`, `1h30m`: seconds, or undefined for what is no time. */
function secondsOf(text: string): number | undefined {
  if (/^\d{1,10}$/.test(text)) return Number(text)
  if (!/^(?:\d{1,10}[smhdw]){1,5}$/i.test(text)) return undefined
  return [...text.matchAll(/(\d{1,10})([smhdw])/gi)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNITS[(unit ?? '').toLowerCase()] ?? 0),
    0,
  )
}

/**
 * Reads a zone file (RFC 1035, 5; RFC 2308 for `$TTL`; BIND's units of time). `$INCLUDE` and `$GENERATE` are refused. The SOA
 * and what signing makes are passed over: they are the server's.
 * @param zone the zone's name in full, in which all records lie
 * @param defaultTtl in seconds, of records that have none where the file says none either
 */
export function readZoneFile(text: string, zone: string, defaultTtl: number): ZoneFile {
  const found: ZoneFile = { records: [], faults: [] }
  const state: State = { zone, origin: zone, ttl: undefined, defaultTtl, last: undefined, lastTtl: undefined }
  for (const entry of entriesOf(text.startsWith('\uFEFF') ? text.slice(1) : text)) {
    if ('message' in entry) {
      found.faults.push(entry)
      continue
    }
    try {
      const record = read(entry, state)
      if (record) found.records.push(record)
    } catch (error) {
      if (!(error instanceof DnsError)) throw error
      found.faults.push({ line: entry.line, message: error.message })
    }
  }
  return found
}

type State = {
  zone: string
  origin: string
  /** What `$TTL` says. */
  ttl: number | undefined
  defaultTtl: number
  /** The name of the entry before, and the last time that one had. */
  last: string | undefined
  lastTtl: number | undefined
}

const wordOf = (token: Token | undefined): string =>
  token === undefined || token.quoted || token.escaped ? '' : textOf(token)

function read({ indented, tokens }: Entry, state: State): ZoneRecord | undefined {
  const first = wordOf(tokens[0])
  if (!indented && first.startsWith('$')) {
    directive(first.toUpperCase(), tokens, state)
    return undefined
  }
  const rest = [...tokens]
  if (!indented) {
    // Also where the record is left out: the next line may say that it is of the same name.
    state.last = undefined
    state.last = nameOf(rest.shift(), state)
  }
  const name = state.last
  if (name === undefined) throw new DnsError('It is of the same name as the line before, which has none.')
  const ttl = ttlAndClass(rest, state)
  const type = wordOf(rest.shift()).toUpperCase()
  if (type === '') throw new DnsError('The type of the record is missing.')
  if (NOT_TAKEN.has(type)) return undefined
  if (!isRecordType(type)) throw new DnsError(`Records of the type ${type} cannot be kept.`)
  if (!isWithin(name, state.zone)) throw new DnsError(`${name} lies outside of the zone ${state.zone}`)
  const content = contentOf(type, rest, { origin: state.origin, bare: 'relative' })
  return { name, type, ttl, content }
}

const nameOf = (token: Token | undefined, { origin }: State): string => {
  const word = wordOf(token)
  if (word === '') throw new DnsError('The name is not written as one.')
  return canonicalName(word, origin, 'relative')
}

/** Time and class stand before the type in either order, and neither need be there. */
function ttlAndClass(rest: Token[], state: State): number {
  let ttl: number | undefined
  for (let seen = 0; seen < 2; seen++) {
    const word = wordOf(rest[0])
    const seconds = secondsOf(word)
    if (seconds !== undefined && ttl === undefined) ttl = seconds
    else if (CLASSES.has(word.toUpperCase())) {
      if (word.toUpperCase() !== 'IN')
        throw new DnsError(`Only records of the class IN are kept, not ${word}.`)
    } else break
    rest.shift()
  }
  if (ttl !== undefined && ttl > MAX_TTL)
    throw new DnsError(`The TTL ${ttl} is longer than ${MAX_TTL} seconds.`)
  // RFC 1035 repeats the last one; RFC 2308 has `$TTL` come first.
  const known = ttl ?? state.ttl ?? state.lastTtl ?? state.defaultTtl
  if (ttl !== undefined) state.lastTtl = ttl
  return known
}

function directive(name: string, tokens: readonly Token[], state: State): void {
  const value = wordOf(tokens[1])
  if (name === '$ORIGIN') {
    state.origin = canonicalName(value, state.origin, 'relative')
    return
  }
  if (name !== '$TTL') throw new DnsError(`${name} is not carried out. Write the records themselves.`)
  const seconds = secondsOf(value)
  if (seconds === undefined || seconds > MAX_TTL) throw new DnsError(`${value || 'Nothing'} is no TTL.`)
  state.ttl = seconds
}

/** What a zone's first record says beside its servers: seconds, but for the serial. */
export type Soa = {
  primary: string
  contact: string
  serial: number
  refresh: number
  retry: number
  expire: number
  minimum: number
}

/** Writes a zone file that BIND, NSD, Knot and PowerDNS read. */
export function writeZoneFile(zone: string, soa: Soa, records: readonly ZoneRecord[], ttl: number): string {
  const { primary, contact, serial, refresh, retry, expire, minimum } = soa
  const lines = records.map(
    (record) => `${record.name}\t${record.ttl}\tIN\t${record.type}\t${record.content}`,
  )
  return [
    `$ORIGIN ${zone}`,
    `$TTL ${ttl}`,
    `${zone}\t${ttl}\tIN\tSOA\t${primary} ${contact} ${serial} ${refresh} ${retry} ${expire} ${minimum}`,
    ...lines,
    '',
  ].join('\n')
}
