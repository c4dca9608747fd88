import { createHmac, randomInt, timingSafeEqual } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { BareError, die } from '../errors.ts'
import { isRunning } from '../guests.ts'
import type { GuestKind } from '../model.ts'
import { startTask } from '../tasks.ts'
import { findNode, now } from '../world.ts'
import type { World } from '../world.ts'
import { serveScreen } from './rfb.ts'
import { serveTerminal } from './shell.ts'

/** The ports behind `vncproxy` and `termproxy`: each takes one client, and nobody after ten seconds. */

const FIRST = 5900
const LAST = 5999
const TICKET_SECONDS = 40
const WATCH_MS = 50

export type Wanted = { node: string; kind: GuestKind; vmid: number; user: string; terminal: boolean }
export type Port = { port: number; ticket: string; password: string | null; upid: string }
/** Hands the one client over; undefined once somebody has come, or nobody in time. */
export type Listening = (client: Duplex) => void

const HAND_OUT = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index))

/** The guest as it is, or undefined when it is gone or was moved. */
const guestOf = (world: World, { node, kind, vmid }: Wanted) => {
  const guest = world.state.guests[vmid]
  return guest?.node === node && guest.kind === kind ? guest : undefined
}

export function openPort(world: World, wanted: Wanted): Port {
  let port = FIRST
  while (world.ports.has(port)) port += 1
  if (port > LAST) die(`unable to find free port (${FIRST}-${LAST + 1})`)
  const plain = makeTicket(world, wanted, port)
  const password = wanted.terminal
    ? null
    : Array.from({ length: 8 }, () => HAND_OUT[randomInt(HAND_OUT.length)]).join('')
  const ticket = password === null ? plain : `${password}:${plain}`
  const spec = { node: world.entryNode, type: 'vncproxy', id: String(wanted.vmid), user: wanted.user }
  const client = new Promise<Duplex>((resolve, reject) => {
    const timer = setTimeout(() => {
      world.ports.delete(port)
      reject(new Error('connection timed out'))
    }, world.speed.consoleWaitMs).unref()
    world.ports.set(port, (stream) => {
      clearTimeout(timer)
      world.ports.delete(port)
      resolve(stream)
    })
  })
  // The task looks at it in a moment; until then a failure is nobody's.
  client.catch(() => {})
  const upid = startTask(world, spec, async () => serve(world, wanted, await client, { ticket, password }))
  return { port, ticket, password, upid }
}

async function serve(
  world: World,
  wanted: Wanted,
  client: Duplex,
  { ticket, password }: Pick<Port, 'ticket' | 'password'>,
): Promise<void> {
  client.on('error', () => {})
  const there = () => {
    const guest = guestOf(world, wanted)
    return guest && isRunning(guest) && findNode(world, wanted.node)?.online ? guest : undefined
  }
  const hostname = (guest: { config: Record<string, string | undefined> } | undefined): string =>
    guest?.config.name ?? guest?.config.hostname ?? `CT${wanted.vmid}`
  const gone = Promise.withResolvers<void>()
  client.once('close', () => gone.resolve())
  const begun = there() !== undefined
  const watch = setInterval(() => {
    if (begun && !there()) gone.resolve()
  }, WATCH_MS)
  try {
    const guest = guestOf(world, wanted)
    if (password === null) {
      const terminal = { hostname: hostname(guest), running: begun, vmid: wanted.vmid }
      const accepts = (line: string): boolean => line === `${wanted.user}:${ticket}`
      await Promise.race([gone.promise, serveTerminal(client, { ...terminal, accepts })])
    } else if (!begun) throw new Error('Failed to run vncproxy.')
    else await Promise.race([gone.promise, serveScreen(client, { hostname: hostname(guest), password })])
  } finally {
    clearInterval(watch)
    // Whoever does not listen would not hear that the other side hangs up as well.
    client.resume()
    client.end()
  }
}

function makeTicket(world: World, { user, vmid }: Wanted, port: number): string {
  const stamp = now().toString(16).toUpperCase().padStart(8, '0')
  return `PVEVNC:${stamp}::${signature(world, `${stamp}:${user}:/vms/${vmid}:${port}`)}`
}

const signature = (world: World, text: string): string =>
  createHmac('sha256', world.state.ticketKey).update(text).digest('base64')

/** Whose ticket it is, for what and how old: the port listens to nobody else. */
export function verifyVncTicket(
  world: World,
  given: string,
  { user, vmid, port }: { user: string; vmid: number; port: number },
): void {
  const match = /^(?:[!-~]{8}:)?PVEVNC:([0-9A-F]{8})::(.+)$/.exec(given)
  const [, stamp = '', signed = ''] = match ?? []
  const age = now() - Number.parseInt(stamp, 16)
  const expected = Buffer.from(signature(world, `${stamp}:${user}:/vms/${vmid}:${port}`))
  const actual = Buffer.from(signed)
  const good = actual.length === expected.length && timingSafeEqual(actual, expected)
  if (!good || !(age >= -20 && age < TICKET_SECONDS)) {
    throw new BareError(401, 'permission denied - invalid PVEVNC ticket')
  }
}
