import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocket } from 'ws'
import type { CloudPodConsoleTicket } from '../../shared/api/cloudPodConsole.ts'
import { CONSOLE_PROTOCOL, TICKET_PREFIX } from '../../shared/states/cloudPodConsole.ts'
import { COOKIE } from '../users/people.ts'
import type { TestApp } from './app.ts'

/** Who opens a console: a session, as a browser has it, or an API key. */
export type Caller = { cookie: string } | { key: string }

export type OpenedConsole = {
  status: 'open'
  stream: Duplex
  socket: WebSocket
  closed: Promise<{ code: number; reason: string }>
}
type Refused = { status: number; code: string }

/** Connects a WebSocket; the refusal's status and code when there is none. */
export async function openConsole(
  app: TestApp,
  caller: Caller,
  { path, ticket }: Pick<CloudPodConsoleTicket, 'path' | 'ticket'>,
  more: { origin?: string | null; protocols?: string[] } = {},
): Promise<OpenedConsole | Refused> {
  const origin = more.origin === undefined && 'cookie' in caller ? app.url : (more.origin ?? undefined)
  const socket = new WebSocket(
    app.url.replace('http', 'ws') + path,
    more.protocols ?? [CONSOLE_PROTOCOL, TICKET_PREFIX + ticket],
    {
      headers: {
        ...('cookie' in caller
          ? { cookie: `${COOKIE}=${caller.cookie}` }
          : { authorization: `Bearer ${caller.key}` }),
        ...(origin === undefined ? {} : { origin }),
      },
    },
  )
  socket.on('error', () => {})
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  return new Promise((resolve) => {
    socket.on('open', () =>
      resolve({ status: 'open', socket, closed, stream: createWebSocketStream(socket) }),
    )
    socket.on('unexpected-response', (request, response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const { code } = JSON.parse(Buffer.concat(chunks).toString()) as { code: string }
        resolve({ status: response.statusCode ?? 0, code })
        request.destroy()
      })
    })
  })
}

/** A console that must open. */
export async function consoleOf(
  app: TestApp,
  caller: Caller,
  ticket: CloudPodConsoleTicket,
): Promise<OpenedConsole> {
  const opened = await openConsole(app, caller, ticket)
  if (!('socket' in opened)) throw new Error(`no console: ${JSON.stringify(opened)}`)
  // A stream that nobody reads would not hear the end.
  opened.stream.on('error', () => {})
  return opened
}
