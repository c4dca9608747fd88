/** Version, chosen log-in and "share the screen": what a client says before its messages. */
const GREETING_BYTES = 14
/** Key, pointer, pasted text, and QEMU's form of a key: what a person did. All others a client sends by itself. */
const BY_PEOPLE = new Set([4, 5, 6, 255])

/**
 * Reads along with the client of a VNC session and tells of each piece whether a person did something in it: a client
 * that only looks asks for new pictures all the time. What it does not know it takes for a person's.
 */
export function watchRfbInput(): (chunk: Uint8Array) => boolean {
  let skip = GREETING_BYTES
  let head: number[] = []
  let isLost = false
  return (chunk) => {
    let seen = false
    for (let at = 0; at < chunk.length && !isLost;) {
      if (skip > 0) {
        const passed = Math.min(skip, chunk.length - at)
        skip -= passed
        at += passed
        continue
      }
      head.push(chunk[at] ?? 0)
      at += 1
      const length = lengthOf(head)
      if (length === undefined) continue
      isLost = length === null
      seen ||= BY_PEOPLE.has(head[0] ?? 0)
      skip = (length ?? 0) - head.length
      head = []
    }
    return seen || isLost
  }
}

const FIXED: Record<number, number> = { 0: 20, 3: 10, 4: 8, 5: 6, 150: 10, 250: 4 }

const number = (bytes: readonly number[], at: number, count: number): number =>
  bytes.slice(at, at + count).reduce((sum, byte) => sum * 256 + byte, 0)

/** The length of the message that begins so; undefined while its beginning says too little, null for one unknown. */
function lengthOf(head: readonly number[]): number | null | undefined {
  const [type = 0] = head
  const fixed = FIXED[type]
  if (fixed !== undefined) return fixed
  const after = (bytes: number, length: () => number | null): number | null | undefined =>
    head.length < bytes ? undefined : length()
  if (type === 2) return after(4, () => 4 + 4 * number(head, 2, 2))
  // A negative length is that of the extended clipboard.
  if (type === 6) return after(8, () => 8 + Math.abs(number(head, 4, 4) | 0))
  if (type === 248) return after(9, () => 9 + number(head, 8, 1))
  if (type === 251) return after(8, () => 8 + 16 * number(head, 6, 1))
  if (type === 255) return after(2, () => (head[1] === 0 ? 12 : null))
  return null
}
