import type { Node } from '../api/provisioning.ts'

/** What a node may give: its size times how far it may be overcommitted, without what is left free. */
export const roomOf = (
  node: Pick<Node, 'cores' | 'cpuOvercommit' | 'memoryMb' | 'memoryOvercommit' | 'headroomPercent'>,
): { cores: number; memoryMb: number } => ({
  cores: Math.floor(node.cores * node.cpuOvercommit),
  memoryMb: Math.floor(node.memoryMb * node.memoryOvercommit * (1 - node.headroomPercent / 100)),
})
