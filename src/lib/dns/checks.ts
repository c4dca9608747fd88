import { isWithin } from './names.ts'
import type { RecordType } from './records.ts'

type Checked = { name: string; type: RecordType; ttl: number; content: string }

/** An error is refused by name servers or breaks the zone; a warning is probably not what was meant. */
export type ZoneProblem = { level: 'error' | 'warning'; name: string; type: RecordType; message: string }

/** Records that may stand beside a CNAME (RFC 4035, 2.5): none that a zone here holds. */
const ADDRESSES: RecordType[] = ['A', 'AAAA']
/** Where a record's content names a host that must have an address. */
const HOST_OF: Partial<Record<RecordType, (content: string) => string>> = {
  MX: (content) => content.split(' ')[1] ?? '.',
  NS: (content) => content,
  SRV: (content) => content.split(' ')[3] ?? '.',
}

/**
 * What is wrong with the records of a zone taken together.
 * @param zone its name in full; the records are canonical
 */
export function zoneProblems(zone: string, records: readonly Checked[]): ZoneProblem[] {
  const byName = Map.groupBy(records, ({ name }) => name)
  const cuts = delegations(zone, records)
  return [
    ...[...byName].flatMap(([name, own]) => [...aliasProblems(zone, name, own), ...setProblems(own)]),
    ...apexProblems(zone, byName.get(zone) ?? []),
    ...records
      .filter(({ type }) => type in HOST_OF)
      .flatMap((record) => [...hostProblems(zone, record, byName, cuts)]),
    ...(cuts.size === 0 ? [] : records.flatMap((record) => [...occluded(record, cuts)])),
  ]
}

/** Names below the zone's own that have servers of their own. */
const delegations = (zone: string, records: readonly Checked[]): Set<string> =>
  new Set(records.filter(({ name, type }) => type === 'NS' && name !== zone).map(({ name }) => name))

function* aliasProblems(zone: string, name: string, own: readonly Checked[]): Generator<ZoneProblem> {
  const alias = own.find(({ type }) => type === 'CNAME')
  if (!alias) return
  const error = (message: string): ZoneProblem => ({ level: 'error', name, type: 'CNAME', message })
  if (name === zone) yield error('The name of the zone itself cannot be a CNAME: it has an SOA and servers.')
  if (own.filter(({ type }) => type === 'CNAME').length > 1) yield error(`${name} has more than one CNAME.`)
  const beside = [...new Set(own.map(({ type }) => type))].filter((type) => type !== 'CNAME')
  if (beside.length > 0) yield error(`${name} is a CNAME and has ${beside.join(', ')} beside it.`)
  if (alias.content === name) yield error(`${name} is a CNAME of itself.`)
}

/** Of records of one name and type (RFC 2181, 5). */
function* setProblems(own: readonly Checked[]): Generator<ZoneProblem> {
  if (own.length === 1) return
  for (const [type, set] of Map.groupBy(own, (record) => record.type)) {
    const [first] = set
    if (!first) continue
    const { name } = first
    if (new Set(set.map(({ content }) => content)).size < set.length)
      yield { level: 'error', name, type, message: `${name} has the same ${type} record twice.` }
    if (set.some(({ ttl }) => ttl !== first.ttl))
      yield { level: 'error', name, type, message: `The ${type} records of ${name} have different TTLs.` }
  }
}

function* apexProblems(zone: string, own: readonly Checked[]): Generator<ZoneProblem> {
  if (!own.some(({ type }) => type === 'NS'))
    yield { level: 'error', name: zone, type: 'NS', message: 'The zone has no name server.' }
  const spf = own.filter(({ type, content }) => type === 'TXT' && /^"v=spf1[ "]/i.test(content))
  if (spf.length > 1)
    yield {
      level: 'warning',
      name: zone,
      type: 'TXT',
      message: 'The zone has two SPF records: both are void.',
    }
}

/** Hosts that lie in this zone must be there; those of other zones are not this zone's business. */
function* hostProblems(
  zone: string,
  { name, type, content }: Checked,
  byName: ReadonlyMap<string, readonly Checked[]>,
  cuts: ReadonlySet<string>,
): Generator<ZoneProblem> {
  const host = HOST_OF[type]?.(content)
  if (host === undefined || host === '.' || !isWithin(host, zone)) return
  const there = recordsAt(host, zone, byName)
  if (there.some((record) => ADDRESSES.includes(record.type))) return
  const isGlue = type === 'NS' && isWithin(host, name)
  if (there.some((record) => record.type === 'CNAME'))
    yield {
      level: 'error',
      name,
      type,
      message: `${host} is a CNAME, which ${type} records may not point to.`,
    }
  else if (isGlue)
    yield {
      level: 'error',
      name,
      type,
      message: `${host} needs an address here (glue), else nobody finds it.`,
    }
  else if (![...cuts].some((cut) => isWithin(host, cut)))
    yield { level: 'warning', name, type, message: `${host} has no address: nothing is reached there.` }
}

/** Those of a name, or of the asterisk that stands for it (RFC 4592). */
function recordsAt(
  name: string,
  zone: string,
  byName: ReadonlyMap<string, readonly Checked[]>,
): readonly Checked[] {
  const own = byName.get(name)
  if (own || name === zone) return own ?? []
  const parent = name.slice(name.indexOf('.') + 1)
  return byName.get(`*.${parent}`) ?? []
}

function* occluded({ name, type }: Checked, cuts: ReadonlySet<string>): Generator<ZoneProblem> {
  const cut = [...cuts].find((one) => isWithin(name, one))
  if (cut === undefined || ADDRESSES.includes(type)) return
  if (name === cut && (type === 'NS' || type === 'DS')) return
  yield {
    level: 'warning',
    name,
    type,
    message: `${cut} is delegated to other servers: this is never answered.`,
  }
}
