import { paramError } from './errors.ts'

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
