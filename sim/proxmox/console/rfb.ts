import { createCipheriv, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { CELL_HEIGHT, createScreen, HEIGHT, WIDTH } from './screen.ts'
import type { PixelFormat } from './screen.ts'

/** A VNC server as QEMU's is to whoever comes through the proxy: version 3.8, a password and nothing else. */

const NATIVE: PixelFormat = { bytes: 4, bigEndian: false, max: [255, 255, 255], shift: [16, 8, 0] }

export async function serveScreen(
  stream: Duplex,
  { hostname, password }: { hostname: string; password: string },
): Promise<void> {
  const read = byteReader(stream)
  stream.write('RFB 003.008\n')
  if ((await read(12)).toString('latin1') !== 'RFB 003.008\n') return
  stream.write(Buffer.from([1, 2]))
  if ((await read(1))[0] !== 2) return
  const challenge = randomBytes(16)
  stream.write(challenge)
  if (!(await read(16)).equals(encrypted(challenge, password))) {
    const reason = Buffer.from('Authentication failed')
    stream.write(Buffer.concat([uint32(1), uint32(reason.length), reason]))
    return
  }
  stream.write(uint32(0))
  await read(1)
  stream.write(serverInit(`QEMU (${hostname})`))
  await serveClient(stream, read, hostname)
}

type Read = (bytes: number) => Promise<Buffer>

async function serveClient(stream: Duplex, read: Read, hostname: string): Promise<void> {
  const screen = createScreen(hostname)
  let format = NATIVE
  let wanted = false
  const send = (): void => {
    if (!wanted || screen.dirty.size === 0) return
    wanted = false
    const rows = [...screen.dirty]
    screen.dirty.clear()
    const header = Buffer.alloc(4)
    header.writeUInt16BE(rows.length, 2)
    stream.write(header)
    for (const row of rows) {
      const rectangle = Buffer.alloc(12)
      rectangle.writeUInt16BE(row * CELL_HEIGHT, 2)
      rectangle.writeUInt16BE(WIDTH, 4)
      rectangle.writeUInt16BE(CELL_HEIGHT, 6)
      stream.write(Buffer.concat([rectangle, screen.draw(row, format)]))
    }
  }
  for (;;) {
    const [type] = await read(1)
    if (type === 0) format = formatOf(await read(19))
    else if (type === 2) await read((await read(3)).readUInt16BE(1) * 4)
    else if (type === 3) {
      const [incremental] = await read(9)
      if (incremental === 0) for (let row = 0; row < HEIGHT / CELL_HEIGHT; row += 1) screen.dirty.add(row)
      wanted = true
    } else if (type === 4) {
      const key = await read(7)
      if (key[0] !== 0) screen.press(key.readUInt32BE(3))
    } else if (type === 5) await read(5)
    else if (type === 6) await read((await read(7)).readUInt32BE(3))
    // Whatever it did not offer, QEMU hangs up on.
    else return
    send()
  }
}

function formatOf(message: Buffer): PixelFormat {
  // Three bytes of padding come first.
  const bytes = (message[3] ?? 32) / 8
  const at = (offset: number): number => message.readUInt16BE(offset)
  return {
    bytes: [1, 2, 4].includes(bytes) ? bytes : 4,
    bigEndian: message[5] !== 0,
    max: [at(7), at(9), at(11)],
    shift: [message[13] ?? 0, message[14] ?? 0, message[15] ?? 0],
  }
}

function serverInit(name: string): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt16BE(WIDTH, 0)
  head.writeUInt16BE(HEIGHT, 2)
  head.set([32, 24, 0, 1], 4)
  for (const [index, max] of NATIVE.max.entries()) head.writeUInt16BE(max, 8 + index * 2)
  head.set(NATIVE.shift, 14)
  const text = Buffer.from(name)
  return Buffer.concat([head, uint32(text.length), text])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

/** DES with the bits of each byte of the key in reverse, as VNC has it. */
function encrypted(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  for (const [index, byte] of Buffer.from(password.slice(0, 8)).entries()) {
    key[index] = Number.parseInt(byte.toString(2).padStart(8, '0').split('').toReversed().join(''), 2)
  }
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}

/** Reads exact numbers of bytes; never resolves once the stream has ended. */
function byteReader(stream: Duplex): Read {
  let held = Buffer.alloc(0)
  let waiting: { bytes: number; resolve: (chunk: Buffer) => void } | null = null
  const serve = (): void => {
    if (!waiting || held.length < waiting.bytes) return
    const { bytes, resolve } = waiting
    waiting = null
    const chunk = held.subarray(0, bytes)
    held = held.subarray(bytes)
    resolve(chunk)
  }
  stream.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk])
    serve()
  })
  return (bytes) =>
    new Promise((resolve) => {
      waiting = { bytes, resolve }
      serve()
    })
}
