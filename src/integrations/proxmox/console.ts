import { Duplex } from 'node:stream'
import { ok, rejected } from '../../lib/outcome.ts'
import type { Ok, Outcome, Rejected, Unknown } from '../../lib/outcome.ts'
import { guestPath, map } from './answers.ts'
import type { Caller } from './caller.ts'
import { asNumber, asRow, asText } from './read.ts'
import { HandshakeFault, logInToVnc, readExactly, withoutPassword } from './rfb.ts'
import type { Call, GuestConsole, GuestRef } from './types.ts'

/** Proxmox waits ten seconds for whoever is to use what it has opened. */
const BEGIN_MS = 10_000
/** Proxmox refuses frames of more than 128 KiB. */
const MAX_WRITE_BYTES = 64 * 1024
const PING_MS = 30_000

/** The part of the client that is about consoles: the screen of a VM, the terminal of a container. */
export function consoles(caller: Caller) {
  return {
    async openConsole(guest: GuestRef, call: Call = {}): Promise<Outcome<GuestConsole>> {
      const limit = AbortSignal.timeout(BEGIN_MS)
      const signal = call.signal ? AbortSignal.any([call.signal, limit]) : limit
      const door = await openDoor(caller, guest, { signal })
      if (door.outcome !== 'ok') return door
      const { port, ticket } = door.value
      // The very address that opened it: the port listens on the node that was asked, wherever the guest is.
      const opened = await caller.upgrade(guestPath(guest, 'vncwebsocket'), {
        query: { port, vncticket: ticket },
        signal,
      })
      if (opened.outcome !== 'ok') return opened
      try {
        return ok(await begin(guest, opened.value, door.value, signal))
      } catch (error) {
        opened.value.destroy()
        if (!(error instanceof HandshakeFault)) throw error
        return rejected('conflict', error.message, { retryable: true })
      }
    },
  }
}

type Door = { port: number; ticket: string; user: string; password: string }

async function openDoor(caller: Caller, guest: GuestRef, call: Call): Promise<Ok<Door> | Rejected | Unknown> {
  const answer =
    guest.kind === 'vm'
      ? await caller.call('POST', guestPath(guest, 'vncproxy'), { form: { websocket: true }, ...call })
      : await caller.call('POST', guestPath(guest, 'termproxy'), { form: {}, ...call })
  return map(answer, (data) => {
    const row = asRow(data)
    const [port, ticket, user] = [asNumber(row.port), asText(row.ticket), asText(row.user)]
    if (!Number.isInteger(port) || port < 5900 || port > 5999) throw new TypeError('its port is none')
    if (!/^[\x21-\x7e]{1,512}$/.test(ticket)) throw new TypeError('its ticket is none')
    if (!/^[^\s:]{1,200}$/.test(user)) throw new TypeError('its user is none')
    // Until Proxmox VE 9.1 the password is the ticket, of which VNC takes the first eight bytes.
    return { port, ticket, user, password: row.password === undefined ? ticket : asText(row.password) }
  })
}

async function begin(
  guest: GuestRef,
  inner: Duplex,
  { user, ticket, password }: Door,
  signal: AbortSignal,
): Promise<GuestConsole> {
  // Lost later, the stream's own end says so.
  inner.on('error', () => {})
  if (guest.kind === 'vm') {
    await logInToVnc(inner, password, signal)
    return { kind: 'vnc', stream: around(inner, withoutPassword), resize: () => {} }
  }
  inner.write(`${user}:${ticket}\n`)
  const answer = await readExactly(inner, 2, signal)
  if (answer.toString('latin1') !== 'OK') throw new HandshakeFault('the terminal did not take its own ticket')
  const ping = setInterval(() => inner.write('2'), PING_MS).unref()
  inner.once('close', () => clearInterval(ping))
  return {
    kind: 'terminal',
    stream: around(inner, () => framed),
    resize: (cols, rows) => void inner.write(`1:${cols}:${rows}:`),
  }
}

const framed = (typed: Buffer): Buffer => Buffer.concat([Buffer.from(`0:${typed.length}:`), typed])

/** The stream as its user sees it: what comes is handed on, what is written goes through `translate` first. */
function around(
  inner: Duplex,
  translate: (send: (bytes: Buffer) => void) => (chunk: Buffer) => Buffer,
): Duplex {
  const outer: Duplex = new Duplex({
    read: () => void inner.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      try {
        writeAll(inner, toInner(chunk), done)
      } catch (error) {
        done(error as Error)
      }
    },
    final: (done) => void inner.end(done),
    destroy: (error, done) => {
      inner.destroy()
      done(error)
    },
  })
  const toInner = translate((bytes) => void outer.push(bytes))
  inner.on('data', (chunk: Buffer) => {
    if (!outer.push(chunk)) inner.pause()
  })
  // Nothing can be said to a guest that has said its last, so its console is over as soon as that was read.
  inner.on('end', () => outer.push(null))
  outer.on('end', () => outer.destroy())
  inner.on('close', () => outer.destroy())
  // It was read byte by byte until now, and does not begin to flow by itself.
  inner.resume()
  return outer
}

function writeAll(inner: Duplex, bytes: Buffer, done: (error?: Error | null) => void): void {
  if (bytes.length === 0) return done()
  for (let at = 0; at < bytes.length; at += MAX_WRITE_BYTES) {
    const last = at + MAX_WRITE_BYTES >= bytes.length
    inner.write(bytes.subarray(at, at + MAX_WRITE_BYTES), last ? done : undefined)
  }
}
