import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { CONSOLE_ENDS, type ConsoleEnd } from '../../shared/states/cloudPodConsole.ts'
import { transaction, type Ctx, type Origin, type Root } from '../context.ts'
import { watchRfbInput } from '../lib/rfbInput.ts'
import * as cloudPodConsoleService from '../services/cloudPodConsoleService.ts'
import type { Begun, GuestConsole, Traffic } from '../services/cloudPodConsoleService.ts'
import { relay } from './cloudPodConsoleRelay.ts'

/** What may end a console is looked at so often. */
const RECHECK_MS = 2_000
const PING_MS = 20_000
/** The reason of a WebSocket's end has room for 123 bytes. */
const REASON_BYTES = 123

type End = { why: ConsoleEnd; words?: string; refusal?: string }

type Session = { end(end: End): void; over: Promise<void> }
/** Those of each server, so that it takes none with it when it stops. */
const sessions = new WeakMap<object, Set<Session>>()

/** Ends all consoles of a server that stops, each with its audit event. */
export async function endConsoles(server: object): Promise<void> {
  const all = [...(sessions.get(server) ?? [])]
  for (const session of all) session.end({ why: 'server_stopped' })
  await Promise.all(all.map(({ over }) => over))
}

type Given = {
  root: Root
  request: FastifyRequest
  origin: Origin
  begun: Begun
  socket: WebSocket
  /** Whether the caller may still do this; `active` when something was typed since it was last asked. */
  isAllowed: (active: boolean) => Promise<boolean>
}

/** A console from the moment its ticket was used to its end in the audit log. Never throws. */
export async function runConsole(given: Given): Promise<void> {
  const ended = Promise.withResolvers<End>()
  const over = Promise.withResolvers<void>()
  const session: Session = { end: ended.resolve, over: over.promise }
  const all = sessions.get(given.request.server.server) ?? new Set()
  sessions.set(given.request.server.server, all.add(session))
  const traffic = { bytesIn: 0, bytesOut: 0 }
  const giveUp = new AbortController()
  let guest: GuestConsole | null = null
  const { socket, root, request } = given
  // What the browser says before the guest listens waits.
  socket.pause()
  socket.on('error', () => socket.terminate())
  socket.on('close', () => ended.resolve({ why: 'closed_by_user' }))
  const opening = open(given, giveUp.signal).then((opened) => {
    if ('why' in opened) return ended.resolve(opened)
    if (giveUp.signal.aborted) return void opened.stream.destroy()
    guest = opened
    return serve(given, opened, traffic, ended.resolve)
  })
  const end = await ended.promise
  giveUp.abort()
  closeWith(socket, end)
  await opening.catch((error: unknown) => request.log.error({ err: error }, 'a console broke'))
  ;(guest as GuestConsole | null)?.stream.destroy()
  await inTransaction(given, (ctx) =>
    cloudPodConsoleService.markEnded(ctx, given.begun, { ...end, ...traffic }),
  ).catch((error: unknown) => root.log.error({ err: error }, 'the end of a console was not written down'))
  all.delete(session)
  over.resolve()
}

const inTransaction = <T>({ root, origin, begun }: Given, work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(root, origin, [begun.tenantId], work)

/** Asks the cluster, and writes down that a console is open before the first byte of it is seen. */
async function open(given: Given, signal: AbortSignal): Promise<GuestConsole | End> {
  let guest: GuestConsole | null = null
  try {
    guest = await cloudPodConsoleService.connect(given.root, given.begun, signal)
    await inTransaction(given, (ctx) => cloudPodConsoleService.markOpened(ctx, given.begun))
    return guest
  } catch (error) {
    guest?.stream.destroy()
    if (error instanceof cloudPodConsoleService.ConsoleRefused) {
      const { message, raw, code } = error
      given.request.log.warn({ code, raw }, 'a console could not be opened')
      const words = given.origin.seesInfrastructure && raw !== null ? `${message} (${raw})` : message
      return { why: 'failed', words, refusal: code }
    }
    given.request.log.error({ err: error }, 'a console could not be opened')
    return { why: 'failed' }
  }
}

/** Relays until something ends it; what may end it is looked at every two seconds. */
async function serve(
  given: Given,
  guest: GuestConsole,
  traffic: Traffic,
  end: (end: End) => void,
): Promise<void> {
  const { root, socket } = given
  const isTyped = guest.kind === 'vnc' ? watchRfbInput() : () => true
  const openedAt = root.now().getTime()
  let typedAt = openedAt
  let checkedAt = openedAt
  const relayed = relay(socket, guest, traffic, (chunk) => {
    if (isTyped(chunk)) typedAt = root.now().getTime()
  })
  void relayed.then(() => end({ why: 'closed_by_guest' }))
  const over = new AbortController()
  socket.once('close', () => over.abort())
  const stopPinging = keepAlive(socket)
  try {
    for (;;) {
      await sleep(RECHECK_MS, undefined, { signal: over.signal }).catch(() => {})
      if (socket.readyState !== socket.OPEN) return
      const now = root.now().getTime()
      const times = { openMs: now - openedAt, idleMs: now - typedAt, active: typedAt > checkedAt }
      checkedAt = now
      const why = await reasonToEnd(given, times)
      if (why) return end({ why })
    }
  } finally {
    stopPinging()
    // Only when something broke is this the first reason.
    end({ why: 'failed' })
  }
}

async function reasonToEnd(
  given: Given,
  { openMs, idleMs, active }: { openMs: number; idleMs: number; active: boolean },
): Promise<ConsoleEnd | null> {
  const { begun } = given
  if (openMs > begun.maxMs) return 'too_long'
  if (idleMs > begun.idleMs) return 'idle'
  const gone = await inTransaction(given, (ctx) => cloudPodConsoleService.stillOpen(ctx, begun))
  return gone ?? ((await given.isAllowed(active)) ? null : 'access_lost')
}

/** A browser that is gone without a word is noticed by its silence. @returns what ends it */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true
  socket.on('pong', () => (isAlive = true))
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, PING_MS)
  return () => clearInterval(timer)
}

/** So long a browser may take to answer the end before it is cut off. */
const CLOSE_MS = 2_000

function closeWith(socket: WebSocket, { why, words }: End): void {
  const { code, words: usual } = CONSOLE_ENDS[why]
  // A paused connection would not hear the browser's answer.
  socket.resume()
  socket.close(code, shortened(words ?? usual))
  setTimeout(() => socket.terminate(), CLOSE_MS).unref()
}

/** As much of a sentence as fits, without half a letter at its end. */
function shortened(words: string): string {
  const bytes = Buffer.from(words)
  if (bytes.length <= REASON_BYTES) return words
  let end = REASON_BYTES - Buffer.byteLength('…')
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return `${bytes.subarray(0, end).toString()}…`
}
