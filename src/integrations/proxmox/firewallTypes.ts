import type { Outcome } from '../../lib/outcome.ts'
import type { Call, GuestRef } from './types.ts'

/** A rule of a guest's firewall. `other`: what it says beyond that, of a rule that we did not write. */
export type FirewallRule = {
  direction: 'in' | 'out'
  action: 'ACCEPT' | 'DROP' | 'REJECT' | (string & {})
  proto: string | null
  dport: string | null
  source: string | null
  dest: string | null
  comment: string
  other: string
}

export type FirewallRules = {
  /** In the order in which they are asked. */
  rules: FirewallRule[]
  /** Null without a rule. */
  rulesDigest: string | null
}

/** The firewall of a guest as it is written down; whether it filters also depends on that of the cluster. */
export type Firewall = FirewallRules & {
  options: Record<string, string>
  optionsDigest: string
  /** From which addresses the first card may send; null: there is no such set. */
  sources: string[] | null
}

/**
 * What is asked about firewalls. All of it is done at once, without a task. A digest is that of what was read; when it is
 * another by now, nothing is done.
 */
export interface FirewallCalls {
  firewall(guest: GuestRef, call?: Call): Promise<Outcome<Firewall>>
  firewallRules(guest: GuestRef, call?: Call): Promise<Outcome<FirewallRules>>
  /** Whether the cluster filters at all. */
  clusterFirewall(call?: Call): Promise<Outcome<boolean>>
  setFirewallOptions(
    guest: GuestRef,
    options: Record<string, string | number>,
    digest: string,
    call?: Call,
  ): Promise<Outcome<null>>
  /** Puts a rule before all others. */
  addFirewallRule(
    guest: GuestRef,
    rule: FirewallRule,
    digest: string | null,
    call?: Call,
  ): Promise<Outcome<null>>
  removeFirewallRule(
    guest: GuestRef,
    position: number,
    digest: string | null,
    call?: Call,
  ): Promise<Outcome<null>>
  /** Makes the set that says from which addresses the first card may send. */
  makeSources(guest: GuestRef, call?: Call): Promise<Outcome<null>>
  addSource(guest: GuestRef, cidr: string, call?: Call): Promise<Outcome<null>>
  removeSource(guest: GuestRef, cidr: string, call?: Call): Promise<Outcome<null>>
}
