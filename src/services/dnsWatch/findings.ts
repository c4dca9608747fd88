import type { DelegationState } from '../../../shared/states/domainDnssec.ts'
import type { DelegationSeen, ServerSeen } from '../../integrations/dns/types.ts'
import { isDsOf } from '../../lib/dns/dnssec.ts'

/** Something about a zone as the world sees it, in words that say what to do. */
type DelegationFinding = { level: 'error' | 'warning'; code: string; message: string }
export type Judged = { state: DelegationState; findings: DelegationFinding[] }

const bare = (name: string): string => name.toLowerCase().replace(/\.$/, '')
const listed = (hosts: readonly string[]): string => hosts.join(', ')
const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.toSorted().join(' ') === b.toSorted().join(' ')
const error = (code: string, message: string): DelegationFinding => ({ level: 'error', code, message })
const warning = (code: string, message: string): DelegationFinding => ({ level: 'warning', code, message })

/** What the parent delegates the zone to, as far as it could be asked. */
const delegatedTo = ({ parents }: DelegationSeen): string[] => [
  ...new Set(parents.flatMap(({ nameServers }) => nameServers)),
]

/** Whether every name server of the parent that was asked has answered. */
export const isParentKnown = ({ fault, parents }: DelegationSeen): boolean =>
  fault === null && parents.length > 0 && parents.every((one) => one.fault === null)

/** What follows from a look. @param ours the name servers that the zone is served by */
export function judge(zone: string, ours: readonly string[], seen: DelegationSeen): Judged {
  const name = bare(zone)
  const wanted = ours.map(bare)
  const answering = seen.parents.filter(({ fault }) => fault === null)
  if (seen.fault !== null || answering.length === 0) {
    const why = seen.fault ?? seen.parents[0]?.fault ?? 'nobody answers'
    return {
      state: 'unknown',
      findings: [warning('parent_unreachable', `The zone above ${name} could not be asked: ${why}.`)],
    }
  }
  const given = delegatedTo(seen)
  if (given.length === 0)
    return {
      state: 'not_delegated',
      findings: [
        error(
          'not_delegated',
          `${seen.parent || 'The root'} does not delegate ${name}: nobody finds it yet. Name ${listed(wanted)} as its name servers where it is registered.`,
        ),
      ],
    }
  const findings = [...ofParents(seen, given, wanted), ...ofServers(name, given, seen), ...ofKeys(zone, seen)]
  const isOurs = wanted.some((host) => given.includes(host))
  const isBad = findings.some(({ level }) => level === 'error')
  return { state: isOurs ? (isBad ? 'faulty' : 'delegated') : 'elsewhere', findings }
}

function ofParents(
  seen: DelegationSeen,
  given: readonly string[],
  wanted: readonly string[],
): DelegationFinding[] {
  const others = given.filter((host) => !wanted.includes(host))
  const missing = wanted.filter((host) => !given.includes(host))
  const silent = seen.parents.filter(({ fault }) => fault !== null)
  const isOurs = missing.length < wanted.length
  return [
    ...(!isOurs
      ? [
          error(
            'elsewhere',
            `It is delegated to ${listed(given)}: what is written here is not what the world sees. Name ${listed(wanted)} instead where it is registered.`,
          ),
        ]
      : []),
    ...(isOurs && others.length > 0
      ? [
          error(
            'other_name_servers',
            `It is delegated to ${listed(others)} as well, which mPanel does not write to: take it out where the domain is registered.`,
          ),
        ]
      : []),
    ...(isOurs && missing.length > 0
      ? [
          warning(
            'name_servers_missing',
            `${listed(missing)} is not named at the parent: add it where the domain is registered.`,
          ),
        ]
      : []),
    ...silent.map(({ server, fault }) =>
      warning('parent_silent', `${server}, a name server of ${seen.parent || 'the root'}: ${fault}.`),
    ),
  ]
}

/** Serials are compared in their circle (RFC 1982). */
const isBehind = (a: number, b: number): boolean => a !== b && (b - a) >>> 0 < 2 ** 31

function ofServers(name: string, given: readonly string[], seen: DelegationSeen): DelegationFinding[] {
  const used = seen.servers.filter(({ host }) => given.includes(host))
  const good = used.filter(({ fault, lame }) => fault === null && !lame)
  const newest = good.reduce<ServerSeen | null>(
    (best, one) => (best === null || isBehind(best.serial ?? 0, one.serial ?? 0) ? one : best),
    null,
  )
  return [
    ...used.flatMap(({ host, fault, lame }) =>
      fault !== null
        ? [error('server_silent', `The name server ${host} could not be asked: ${fault}.`)]
        : lame
          ? [
              error(
                'lame',
                `The name server ${host} answers, and does not have the zone ${name} (it is lame).`,
              ),
            ]
          : [],
    ),
    ...good
      .filter(({ serial }) => newest !== null && isBehind(serial ?? 0, newest.serial ?? 0))
      .map(({ host, serial }) =>
        warning(
          'serial_behind',
          `${host} still serves an older zone (serial ${serial}; ${newest?.host} has ${newest?.serial}): its transfers may not work.`,
        ),
      ),
    ...good
      .filter(({ nameServers }) => !isSame(nameServers, given))
      .slice(0, 1)
      .map(({ nameServers }) =>
        warning(
          'name_servers_differ',
          `The zone names ${listed(nameServers)} as its name servers, and its parent ${listed(given)}: make them the same.`,
        ),
      ),
    ...seen.glue.flatMap(({ host, given: glue, served }) => {
      if (!given.includes(host)) return []
      if (glue.length === 0)
        return [
          error(
            'glue_missing',
            `${host} lies within the zone: its address has to stand at the parent (glue).`,
          ),
        ]
      const wrong = glue.filter((address) => served.length > 0 && !served.includes(address))
      return wrong.length > 0
        ? [
            warning(
              'glue_differs',
              `The parent gives ${listed(wrong)} as the address of ${host}; the zone has ${listed(served)}.`,
            ),
          ]
        : []
    }),
  ]
}

function ofKeys(zone: string, seen: DelegationSeen): DelegationFinding[] {
  const ds = seen.parents.flatMap((one) => one.ds)
  if (ds.length === 0) return []
  const unsafe = seen.servers.filter(
    ({ fault, lame, keys }) => fault === null && !lame && !ds.some((one) => isDsOf(zone, one, keys)),
  )
  return unsafe.map(({ host, keys }) =>
    error(
      'ds_without_key',
      `The parent has a DS, and ${host} serves ${keys.length === 0 ? 'no key at all' : 'other keys'}: whoever checks DNSSEC does not find the domain. Sign the zone, or have the DS taken away where it is registered.`,
    ),
  )
}
