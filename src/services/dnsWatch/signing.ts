import type { DnssecState } from '../../../shared/states/domainDnssec.ts'
import type { DelegationSeen } from '../../integrations/dns/types.ts'
import { isSameKey, isDsOf, type DnsKey } from '../../lib/dns/dnssec.ts'
import { isParentKnown } from './findings.ts'

/** A zone that is signed, is to be, or is not to be any more. */
export type Signed = {
  zone: string
  state: DnssecState
  keys: readonly DnsKey[]
  until: Date | null
  now: Date
}

/**
 * What follows from a look. `server`: its server is to be told, or asked again. `notServed`: some name server does not serve the
 * keys. `words`: what it waits for.
 */
export type Move = { to: DnssecState; words: string | null; server?: true; notServed?: true }

/** What the parent has: `ours` when each of its name servers has a DS of our keys. */
type ParentDs = 'none' | 'ours' | 'others' | 'unknown'

const bare = (zone: string): string => zone.slice(0, -1)

function dsAt(zone: string, keys: readonly DnsKey[], seen: DelegationSeen): ParentDs {
  if (seen.parents.some(({ fault, ds }) => fault === null && ds.length > 0)) {
    const isOurs = seen.parents.every(({ ds }) => ds.some((one) => isDsOf(zone, one, keys)))
    return isOurs && isParentKnown(seen) ? 'ours' : 'others'
  }
  return isParentKnown(seen) ? 'none' : 'unknown'
}

/** `others`: it has the zone, and other keys or none. */
type NotServing = { words: string; others: boolean }

/** Which name server does not serve the keys, and why; null: all do. */
function notServing(keys: readonly DnsKey[], { servers }: DelegationSeen): NotServing | null {
  if (servers.length === 0) return { words: 'No name server of the zone is known.', others: false }
  for (const { host, fault, lame, keys: served, signed } of servers) {
    if (fault !== null)
      return { words: `The name server ${host} could not be asked: ${fault}.`, others: false }
    if (lame) return { words: `The name server ${host} does not have the zone.`, others: false }
    const isThere = keys.every((key) => served.some((one) => isSameKey(one, key)))
    if (!isThere || !signed)
      return { words: `The name server ${host} does not serve the keys yet.`, others: true }
  }
  return null
}

const faultOf = ({ fault, parents }: DelegationSeen): string =>
  fault ?? parents.find((one) => one.fault !== null)?.fault ?? 'it has no name servers'

type Case = Signed & {
  seen: DelegationSeen
  ds: ParentDs
  parent: string
  name: string
  stay: (words: string | null) => Move
}

/** Why nothing follows from what the parent was asked. */
const unknown = ({ parent, seen, stay }: Case): Move =>
  stay(`${parent} could not be asked: ${faultOf(seen)}.`)

/** Its server may have been given other keys: they are read again. */
const without = (state: DnssecState, { words, others }: NotServing): Move => ({
  to: state,
  words,
  notServed: true,
  ...(others && { server: true }),
})

/** The state table: a DS is asked for only when the keys are served, and keys go only when no DS is remembered. */
const STEPS: Record<DnssecState, (at: Case) => Move> = {
  off: ({ stay }) => stay(null),

  signing: ({ keys, seen, state, stay }) => {
    if (keys.length === 0) return { to: state, words: 'Its server has not made the keys yet.', server: true }
    const missing = notServing(keys, seen)
    return missing === null ? { to: 'ds_pending', words: null } : stay(missing.words)
  },

  ds_pending: (at) => {
    const { keys, seen, state, ds, parent, name, stay } = at
    const missing = notServing(keys, seen)
    if (missing !== null) return without(state, missing)
    if (ds === 'ours') return { to: 'secure', words: null }
    if (ds === 'unknown') return unknown(at)
    return stay(
      ds === 'none'
        ? `${parent} has no DS of ${name} yet.`
        : `${parent} has a DS of other keys: replace it by the one below.`,
    )
  },

  secure: (at) => {
    const { keys, seen, state, ds, parent, name, stay } = at
    if (ds === 'unknown') return unknown(at)
    if (ds !== 'ours')
      return { to: 'ds_pending', words: `${parent} no longer has the DS of the keys of ${name}.` }
    const missing = notServing(keys, seen)
    return missing === null ? stay(null) : without(state, missing)
  },

  removing_ds: (at) => {
    if (at.ds === 'none') return { to: 'ds_expiring', words: null }
    return at.ds === 'unknown' ? unknown(at) : at.stay(`${at.parent} still has a DS of ${at.name}.`)
  },

  ds_expiring: (at) => {
    const { ds, parent, name, until, now, stay } = at
    if (ds === 'unknown') return unknown(at)
    if (ds !== 'none')
      return { to: 'removing_ds', words: `${parent} has a DS of ${name} again: it has to go.` }
    return until !== null && now >= until ? { to: 'unsigning', words: null, server: true } : stay(null)
  },

  unsigning: (at) => {
    const { ds, parent, state } = at
    if (ds === 'none') return { to: state, words: 'Its server still has the keys.', server: true }
    // Keys do not go while somebody may look for them.
    return ds === 'unknown' ? unknown(at) : { to: 'removing_ds', words: `${parent} has a DS again.` }
  },
}

/** What follows from a look. */
export const advance = (of: Signed, seen: DelegationSeen): Move =>
  STEPS[of.state]({
    ...of,
    seen,
    ds: dsAt(of.zone, of.keys, seen),
    parent: seen.parent || 'the zone above',
    name: bare(of.zone),
    stay: (words) => ({ to: of.state, words }),
  })
