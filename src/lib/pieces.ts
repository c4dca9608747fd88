/** The same bytes in pieces of at least `size` but for the last: a piece is all that is held of them. */
export async function* pieces(parts: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let length = 0
  for await (const part of parts) {
    held.push(part)
    length += part.length
    if (length < size) continue
    yield Buffer.concat(held)
    held = []
    length = 0
  }
  if (length > 0) yield Buffer.concat(held)
}
