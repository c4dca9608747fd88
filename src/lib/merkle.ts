import { hash } from 'node:crypto'

/** Leaves and nodes are hashed with different first bytes, so that neither passes for the other (RFC 6962, 2.1). */
const LEAF = '\0'
const NODE = Buffer.from([1])

export const HASH_BYTES = 32

export const leafHash = (content: string): Buffer => hash('sha256', LEAF + content, 'buffer')

const nodeHash = (left: Buffer, right: Buffer): Buffer =>
  hash('sha256', Buffer.concat([NODE, left, right]), 'buffer')

/** The largest power of two below the number of leaves: how many are in the left subtree. */
const splitOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1))

/**
 * The root over leaves (RFC 6962: the left subtree has the largest power of two below the number of leaves).
 * @throws RangeError without leaves
 */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves
  if (!first) throw new RangeError('a Merkle tree has at least one leaf')
  if (leaves.length === 1) return first
  const split = splitOf(leaves.length)
  return nodeHash(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)))
}

/**
 * What proves that a leaf is one of `leaves`: the roots of the other subtrees, from the leaf upwards. The subtrees are
 * hashed once, however many leaves are asked for.
 */
export function merkleProver(leaves: readonly Buffer[]): (index: number) => Buffer[] {
  const known = new Map<string, Buffer>()
  const rootIn = (begin: number, size: number): Buffer => {
    if (size === 1) return leaves[begin] ?? Buffer.alloc(HASH_BYTES)
    const name = `${begin}+${size}`
    const split = splitOf(size)
    const root = known.get(name) ?? nodeHash(rootIn(begin, split), rootIn(begin + split, size - split))
    known.set(name, root)
    return root
  }
  const pathIn = (begin: number, size: number, index: number): Buffer[] => {
    if (size <= 1) return []
    const split = splitOf(size)
    return index < split
      ? [...pathIn(begin, split, index), rootIn(begin + split, size - split)]
      : [...pathIn(begin + split, size - split, index - split), rootIn(begin, split)]
  }
  return (index) => pathIn(0, leaves.length, index)
}

/** The root that a leaf and its path lead to, or undefined for a path that no tree of this size has. */
export function rootOf(
  leaf: Buffer,
  path: readonly Buffer[],
  index: number,
  size: number,
): Buffer | undefined {
  if (index < 0 || index >= size) return undefined
  if (size === 1) return path.length === 0 ? leaf : undefined
  const other = path.at(-1)
  if (!other) return undefined
  const split = splitOf(size)
  const inner =
    index < split
      ? rootOf(leaf, path.slice(0, -1), index, split)
      : rootOf(leaf, path.slice(0, -1), index - split, size - split)
  if (!inner) return undefined
  return index < split ? nodeHash(inner, other) : nodeHash(other, inner)
}
