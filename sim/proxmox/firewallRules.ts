import { paramError } from './errors.ts'
import { bool, int, str } from './schema.ts'
import type { Schema } from './schemaTypes.ts'

export const POLICY = str({ enum: ['ACCEPT', 'REJECT', 'DROP'] })
const LOG = str({
  enum: ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'nolog'],
})
export const OPTIONS: Schema = {
  dhcp: bool(),
  enable: bool(),
  ipfilter: bool(),
  log_level_in: LOG,
  log_level_out: LOG,
  macfilter: bool(),
  ndp: bool(),
  policy_in: POLICY,
  policy_out: POLICY,
  radv: bool(),
}
export const RULE: Schema = {
  comment: str(),
  dest: str({ format: 'pve-fw-addr-spec', maxLength: 512 }),
  dport: str({ format: 'pve-fw-dport-spec' }),
  enable: int({ min: 0 }),
  'icmp-type': str(),
  iface: str({ minLength: 2, maxLength: 20 }),
  log: LOG,
  macro: str({ maxLength: 128 }),
  proto: str({ format: 'pve-fw-protocol-spec' }),
  source: str({ format: 'pve-fw-addr-spec', maxLength: 512 }),
  sport: str({ format: 'pve-fw-dport-spec' }),
}

const ACTIONS = ['ACCEPT', 'DROP', 'REJECT']
/** Protocols that have ports. */
const WITH_PORTS = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite', '6', '17', '132', '33', '136'])

/** What goes together in a rule, as the API says it. */
export function checkFirewallRule(rule: Record<string, string>): void {
  const { action = '', type, proto, source, dest } = rule
  const errors: Record<string, string> = {}
  if (type !== 'group' && !ACTIONS.includes(action)) errors.action = `unknown action '${action}'`
  for (const port of ['dport', 'sport']) {
    if (rule[port] === undefined) continue
    if (proto === undefined) errors.proto = `missing property - '${port}' requires this property`
    else if (!WITH_PORTS.has(proto)) errors[port] = `protocol ${proto} does not support ports`
  }
  if (source !== undefined && dest !== undefined && source.includes(':') !== dest.includes(':'))
    errors.dest = 'detected mixed ipv4/ipv6 addresses in rule'
  if (Object.keys(errors).length > 0) paramError(errors)
}
