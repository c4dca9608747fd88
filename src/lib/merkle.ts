import { createHash } from 'node:crypto'

/** Leaves and nodes are hashed with different first bytes, so that neither passes for the other (RFC 6962, 2.1). */
const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])

export const HASH_BYTES = 32

export const leafHash = (content: string): Buffer =>
  createHash('sha256').update(LEAF).update(content).digest()

const nodeHash = (left: Buffer, right: Buffer): Buffer =>
  createHash('sha256').update(NODE).update(left).update(right).digest()

/**
 * The root over leaves (RFC 6962: the left subtree has the largest power of two below the number of leaves).
 * @throws RangeError without leaves
 */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves
  if (!first) throw new RangeError('a Merkle tree has at least one leaf')
  if (leaves.length === 1) return first
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return nodeHash(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)))
}
