import type { Duplex } from 'node:stream'

/** Reads exact numbers of bytes of a stream; rejects once it has ended. */
export function bytesOf(stream: Duplex): (bytes: number) => Promise<Buffer> {
  let held = Buffer.alloc(0)
  let isOver = false
  let wake = (): void => {}
  stream.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    wake()
  })
  stream.on('close', () => {
    isOver = true
    wake()
  })
  stream.on('error', () => {})
  return async (bytes) => {
    while (held.length < bytes) {
      if (isOver) throw new Error(`the stream ended with ${held.length} of ${bytes} bytes`)
      await new Promise<void>((resolve) => (wake = resolve))
    }
    const chunk = held.subarray(0, bytes)
    held = held.subarray(bytes)
    return chunk
  }
}

export type RfbScreen = {
  width: number
  height: number
  name: string
  /** Asks for what has changed since, or for all of it, and waits for it. @returns the bytes of the picture */
  look(all?: boolean): Promise<Buffer>
  press(keysym: number): void
}

/** A VNC client that takes no password, as far as a test needs one. */
export async function connectRfb(stream: Duplex): Promise<RfbScreen> {
  const read = bytesOf(stream)
  const version = (await read(12)).toString()
  if (version !== 'RFB 003.008\n') throw new Error(`a version of ${JSON.stringify(version)}`)
  stream.write(version)
  const [count = 0] = await read(1)
  const types = [...(await read(count))]
  if (String(types) !== '1') throw new Error(`log-ins ${types.join(', ')}`)
  stream.write(Buffer.from([1]))
  if ((await read(4)).readUInt32BE() !== 0) throw new Error('the log-in was refused')
  stream.write(Buffer.from([1]))
  const head = await read(24)
  const [width, height] = [head.readUInt16BE(0), head.readUInt16BE(2)]
  const pixelBytes = (head[4] ?? 0) / 8
  const name = (await read(head.readUInt32BE(20))).toString()
  return {
    width,
    height,
    name,
    async look(all = false) {
      const request = Buffer.from([3, all ? 0 : 1, 0, 0, 0, 0, 0, 0, 0, 0])
      request.writeUInt16BE(width, 6)
      request.writeUInt16BE(height, 8)
      stream.write(request)
      const rectangles = (await read(4)).readUInt16BE(2)
      const parts: Buffer[] = []
      for (let at = 0; at < rectangles; at += 1) {
        const place = await read(12)
        parts.push(await read(place.readUInt16BE(4) * place.readUInt16BE(6) * pixelBytes))
      }
      return Buffer.concat(parts)
    },
    press(keysym) {
      for (const down of [1, 0]) {
        const key = Buffer.from([4, down, 0, 0, 0, 0, 0, 0])
        key.writeUInt32BE(keysym, 4)
        stream.write(key)
      }
    },
  }
}

/** Waits until what a terminal has shown so far fits. */
export async function shows(stream: Duplex, pattern: RegExp): Promise<string> {
  let seen = ''
  for (;;) {
    const chunk = await new Promise<Buffer | null>((resolve) => {
      const done = (value: Buffer | null): void => {
        stream.off('data', onData)
        stream.off('close', onClose)
        resolve(value)
      }
      const onData = (data: Buffer): void => done(data)
      const onClose = (): void => done(null)
      stream.on('data', onData)
      stream.on('close', onClose)
    })
    if (chunk === null) throw new Error(`the terminal ended after ${JSON.stringify(seen)}`)
    seen += chunk.toString()
    if (pattern.test(seen)) return seen
  }
}
