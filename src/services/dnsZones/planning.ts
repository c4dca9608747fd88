import type { ServedRow } from '../../db/dnsZones.ts'
import type { Rrset, RrsetChange } from '../../integrations/dnsServers/types.ts'

/** What is to be written at a name and type, and what is there. */
export type PlannedChange = RrsetChange & { before: { ttl: number; contents: string[] } | null }

export const keyOf = ({ name, type }: { name: string; type: string }): string => `${name} ${type}`

/**
 * Records of all owners as a server has them: one set a name and type. A user's TTL counts before others', so that a challenge
 * beside a text does not change how long that is remembered.
 */
export function rrsetsOf(records: readonly ServedRow[]): Rrset[] {
  const sets = Map.groupBy(records, keyOf)
  return [...sets.values()].flatMap((rows): Rrset[] => {
    const [first] = rows
    if (!first) return []
    if (rows.length === 1)
      return [{ name: first.name, type: first.type, ttl: first.ttl, contents: [first.content] }]
    const users = rows.filter(({ managed_by: by }) => by === 'user')
    const ttl = Math.min(...(users.length > 0 ? users : rows).map((row) => row.ttl))
    const contents = [...new Set(rows.map(({ content }) => content))].toSorted()
    return [{ name: first.name, type: first.type, ttl, contents }]
  })
}

const isSame = (a: Rrset, b: Rrset): boolean =>
  a.ttl === b.ttl &&
  a.contents.length === b.contents.length &&
  a.contents.every((one, at) => one === b.contents[at])

const bare = ({ ttl, contents }: Rrset): { ttl: number; contents: string[] } => ({ ttl, contents })

/** What makes `served` into `desired`. */
export function planOf(desired: readonly Rrset[], served: readonly Rrset[]): PlannedChange[] {
  // By name and then by type: keys put together of both cost more than all the rest in a large zone.
  const byName = Map.groupBy(served, ({ name }) => name)
  const met = new Set<Rrset>()
  const plan: PlannedChange[] = []
  for (const one of desired) {
    const there = byName.get(one.name)?.find(({ type }) => type === one.type)
    if (there) met.add(there)
    if (there && isSame(one, there)) continue
    plan.push({ name: one.name, type: one.type, before: there ? bare(there) : null, after: bare(one) })
  }
  for (const one of served)
    if (!met.has(one)) plan.push({ name: one.name, type: one.type, before: bare(one), after: null })
  return plan
}

/** From so many sets on, a plan that touches a large part of them is looked at. */
const FEW = 10
const LARGE_PART = 0.3

/**
 * Why a plan is not carried out before a person has said so. It is about changes that nobody has asked for here: what others have
 * done on the server, or what is wrong with our own idea of the zone.
 */
export function tooMuch(zone: string, plan: readonly PlannedChange[], served: number): string | null {
  const apex = plan.filter(({ name }) => name === zone)
  if (apex.some(({ type, before, after }) => type === 'NS' && before !== null && after === null))
    return 'The name servers of the zone would be taken out of it.'
  const address = apex.find(({ type, after }) => (type === 'A' || type === 'AAAA') && after === null)
  if (address) return `The address of ${zone.slice(0, -1)} itself would be taken away.`
  if (served < FEW) return null
  const count = (isSuch: (one: PlannedChange) => boolean): number => plan.filter(isSuch).length
  const deleted = count(({ after }) => after === null)
  if (deleted > served * LARGE_PART) return `${deleted} of ${served} sets of records would be taken away.`
  const updated = count(({ before, after }) => before !== null && after !== null)
  if (updated > served * LARGE_PART) return `${updated} of ${served} sets of records would be changed.`
  return null
}

/** Which of the changes a server speaks about when it refuses them. */
export function blamed(
  message: string,
  plan: readonly { name: string; type: string }[],
): { name: string; type: string } | null {
  const named = plan
    .filter(({ name }) => message.includes(name) || message.includes(name.slice(0, -1)))
    .toSorted((a, b) => b.name.length - a.name.length)
  const longest = named.filter(({ name }) => name === named[0]?.name)
  return longest.find(({ type }) => new RegExp(`\\b${type}\\b`).test(message)) ?? longest[0] ?? null
}
