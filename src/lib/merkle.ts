import { hash } from 'node:crypto'

/** Leaves and nodes are hashed with different first bytes, so that neither passes for the other (RFC 6962, 2.1). */
const LEAF = '\0'
const NODE = Buffer.from([1])

export const HASH_BYTES = 32

/** As hex: a Buffer for each would cost more than its hash. */
export const leafHash = (content: string): string => hash('sha256', LEAF + content, 'hex')

const nodeHash = (left: Buffer, right: Buffer): Buffer =>
  hash('sha256', Buffer.concat([NODE, left, right]), 'buffer')

/** The largest power of two below the number of leaves: how many are in the left subtree. */
const splitOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1))

/**
 * The root over leaves (RFC 6962: the left subtree has the largest power of two below the number of leaves). Pairing
 * neighbours level by level, where one without a neighbour goes up as it is, makes the same tree.
 * @param leaves their hashes, one after the other
 * @throws RangeError without leaves
 */
export function merkleRoot(leaves: Buffer): Buffer {
  let size = leaves.length / HASH_BYTES
  if (size === 0) throw new RangeError('a Merkle tree has at least one leaf')
  const level = Buffer.from(leaves)
  const pair = Buffer.alloc(1 + 2 * HASH_BYTES, NODE)
  for (; size > 1; size = Math.ceil(size / 2))
    for (let left = 0; left < size; left += 2) {
      const [from, to] = [left * HASH_BYTES, (left / 2) * HASH_BYTES]
      level.copy(pair, 1, from, from + 2 * HASH_BYTES)
      if (left + 1 < size) level.write(hash('sha256', pair, 'binary'), to, 'binary')
      else level.copyWithin(to, from, from + HASH_BYTES)
    }
  return level.subarray(0, HASH_BYTES)
}

/**
 * What proves that a leaf is one of `leaves`: the roots of the other subtrees, from the leaf upwards. The subtrees are
 * hashed once, however many leaves are asked for.
 * @param leaves their hashes, one after the other
 */
export function merkleProver(leaves: Buffer): (index: number) => Buffer[] {
  const known = new Map<string, Buffer>()
  const rootIn = (begin: number, size: number): Buffer => {
    if (size === 1) return leaves.subarray(begin * HASH_BYTES, (begin + 1) * HASH_BYTES)
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
  return (index) => pathIn(0, leaves.length / HASH_BYTES, index)
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
