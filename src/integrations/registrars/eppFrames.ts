/** RFC 5734: four bytes of length, which counts itself, then the document. */
const HEADER = 4
/** Far more than any answer has; a longer one is no EPP. */
const MAX_FRAME = 4 * 1024 * 1024

export function frame(text: string): Buffer {
  const body = Buffer.from(text, 'utf8')
  const header = Buffer.alloc(HEADER)
  header.writeUInt32BE(body.length + HEADER)
  return Buffer.concat([header, body])
}

/** Cuts a stream of bytes into documents. */
export class FrameReader {
  #waiting: Buffer = Buffer.alloc(0)

  /** @throws Error for a length that cannot be one */
  push(bytes: Buffer): string[] {
    this.#waiting = Buffer.concat([this.#waiting, bytes])
    const documents: string[] = []
    while (this.#waiting.length >= HEADER) {
      const length = this.#waiting.readUInt32BE(0)
      if (length <= HEADER || length > MAX_FRAME) throw new Error(`a frame of ${length} bytes is no EPP`)
      if (this.#waiting.length < length) break
      documents.push(this.#waiting.subarray(HEADER, length).toString('utf8'))
      this.#waiting = this.#waiting.subarray(length)
    }
    return documents
  }
}
