export const DIRECTIONS = ['in', 'out'] as const
export const RULE_ACTIONS = ['accept', 'drop', 'reject'] as const
export const PROTOCOLS = ['any', 'tcp', 'udp', 'icmp', 'icmpv6'] as const
/** Under so many groups a pod is at most. */
export const MAX_GROUPS = 5
