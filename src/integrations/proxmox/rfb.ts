import { createCipheriv } from 'node:crypto'
import type { Duplex } from 'node:stream'

/** What stops a console from beginning; `message` is in our words. */
export class HandshakeFault extends Error {}

/**
 * Exactly so many bytes of a stream that nobody else reads.
 * @throws HandshakeFault when it ends before, or `signal` says that it took too long
 */
export async function readExactly(stream: Duplex, bytes: number, signal: AbortSignal): Promise<Buffer> {
  for (;;) {
    const chunk = stream.read(bytes) as Buffer | null
    if (chunk?.length === bytes) return chunk
    if (chunk !== null || stream.readableEnded || stream.destroyed)
      throw new HandshakeFault('the console was closed before it began')
    if (signal.aborted) throw new HandshakeFault('the console did not begin in time')
    await somethingHappens(stream, signal)
  }
}

const EVENTS = ['readable', 'end', 'close', 'error'] as const

function somethingHappens(stream: Duplex, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of EVENTS) stream.off(event, done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    for (const event of EVENTS) stream.on(event, done)
    signal.addEventListener('abort', done)
  })
}

const VERSION = 'RFB 003.008\n'
const NONE = 1
const VNC_AUTH = 2

/**
 * The beginning of a VNC session as its client: version 3.8 and a password. What follows on the stream is the same as
 * after any other way to log in.
 * @throws HandshakeFault
 */
export async function logInToVnc(stream: Duplex, password: string, signal: AbortSignal): Promise<void> {
  const version = (await readExactly(stream, VERSION.length, signal)).toString('latin1')
  if (!/^RFB 003\.00[78]\n$/.test(version)) throw new HandshakeFault('the console speaks no VNC that we know')
  stream.write(version)
  const [count = 0] = await readExactly(stream, 1, signal)
  if (count === 0) throw new HandshakeFault('the console refuses everybody')
  const types = await readExactly(stream, count, signal)
  if (types.includes(VNC_AUTH)) {
    stream.write(Buffer.from([VNC_AUTH]))
    stream.write(answerTo(await readExactly(stream, 16, signal), password))
  } else if (types.includes(NONE)) stream.write(Buffer.from([NONE]))
  else throw new HandshakeFault('the console asks for a log-in that we do not know')
  // Version 3.7 says nothing after "no password".
  if (version !== VERSION && !types.includes(VNC_AUTH)) return
  const result = await readExactly(stream, 4, signal)
  if (result.readUInt32BE() !== 0) throw new HandshakeFault('the console did not take its own password')
}

/**
 * DES of the challenge, with each byte of the password read backwards as the key. DES itself is gone from OpenSSL;
 * triple DES with three times the same key is the same.
 */
export function answerTo(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8)
  Buffer.from(password, 'latin1').copy(key, 0, 0, 8)
  for (const [index, byte] of key.entries()) key[index] = reversed(byte)
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(challenge), cipher.final()])
}

function reversed(byte: number): number {
  let result = 0
  for (let bit = 0; bit < 8; bit += 1) result |= ((byte >> bit) & 1) << (7 - bit)
  return result
}

/**
 * The server's part of a beginning without a password, for whoever is given the stream after `logInToVnc`. Takes what
 * the client sends, sends what it must hear, and hands on the bytes that are the guest's.
 */
export function withoutPassword(send: (bytes: Buffer) => void): (chunk: Buffer) => Buffer {
  let taken = 0
  send(Buffer.from(VERSION))
  return (chunk) => {
    let at = 0
    for (; at < chunk.length && taken <= VERSION.length; at += 1) {
      taken += 1
      if (taken === VERSION.length) send(Buffer.from([1, NONE]))
      else if (taken > VERSION.length) {
        if (chunk[at] !== NONE) throw new HandshakeFault('the client chose a log-in that was not offered')
        send(Buffer.alloc(4))
      }
    }
    return at === 0 ? chunk : chunk.subarray(at)
  }
}
