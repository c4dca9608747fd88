import type { SecurityRule } from '../../shared/api/cloudPodFirewall.ts'
import type { PodAddress } from '../db/cloudPodAddresses.ts'
import type { Firewall, FirewallRule } from '../integrations/proxmox/types.ts'

/** What the firewall of a guest is to be. */
export type Wanted = {
  options: Record<string, string>
  rules: FirewallRule[]
  sources: string[]
}

const PROTO: Record<SecurityRule['protocol'], string | null> = {
  any: null,
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  icmpv6: 'ipv6-icmp',
}
const ACTION = { accept: 'ACCEPT', drop: 'DROP', reject: 'REJECT' } as const

const ruleOf = (rule: SecurityRule): FirewallRule => ({
  direction: rule.direction,
  action: ACTION[rule.action],
  proto: PROTO[rule.protocol],
  dport: rule.ports,
  source: rule.source,
  dest: rule.destination,
  comment: rule.comment,
  other: '',
})

/**
 * A guest sends from its own MAC and its own addresses alone. Under groups only what they accept comes in, under none
 * everything does; what goes out is free unless a rule says otherwise.
 */
export const wantedOf = (
  held: readonly PodAddress[],
  groups: readonly { rules: readonly SecurityRule[] }[],
): Wanted => ({
  options: {
    enable: '1',
    macfilter: '1',
    ipfilter: '1',
    policy_in: groups.length > 0 ? 'DROP' : 'ACCEPT',
    policy_out: 'ACCEPT',
  },
  rules: groups.flatMap(({ rules }) => rules.map(ruleOf)),
  sources: held.map(({ source }) => source).toSorted(),
})

const textOf = ({ direction, action, proto, dport, source, dest, comment, other }: FirewallRule): string =>
  [direction, action, proto, dport, source && `from ${source}`, dest && `to ${dest}`, comment, other]
    .filter(Boolean)
    .join(' ')

const inWords = (rules: readonly FirewallRule[]): string => rules.map(textOf).join('; ') || 'none'

export const sameRules = (a: readonly FirewallRule[], b: readonly FirewallRule[]): boolean =>
  JSON.stringify(a.map(textOf)) === JSON.stringify(b.map(textOf))

/** In what a guest's firewall is not what it is to be, in words. */
export function firewallDeviations(
  wanted: Wanted,
  found: Firewall,
): { what: string; expected: string; found: string }[] {
  const options = Object.entries(wanted.options)
    .filter(([key, value]) => (found.options[key] ?? 'none') !== value)
    .map(([key, value]) => ({
      what: `firewall ${key}`,
      expected: value,
      found: found.options[key] ?? 'none',
    }))
  const sources = found.sources?.toSorted().join(' ') ?? 'any'
  return [
    ...options,
    ...(sources === wanted.sources.join(' ')
      ? []
      : [{ what: 'may send from', expected: wanted.sources.join(' '), found: sources || 'none' }]),
    ...(sameRules(wanted.rules, found.rules)
      ? []
      : [{ what: 'firewall rules', expected: inWords(wanted.rules), found: inWords(found.rules) }]),
  ]
}
