import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { authenticate } from './auth.ts'
import { messageOf, PveError } from './errors.ts'
import { reasonOf, takeFault } from './faults.ts'
import { remember } from './http.ts'
import { parseForm } from './params.ts'
import type { Router } from './route.ts'
import type { World } from './world.ts'

/** Frames of more than this are refused. */
const MAX_FRAME_BYTES = 128 * 1024

const server = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_FRAME_BYTES,
  perMessageDeflate: false,
  clientTracking: false,
  // Whatever the client names is what is spoken.
  handleProtocols: (protocols) => [...protocols][0] ?? false,
})

/** A GET that ends in `websocket` is answered by the API first; what that names is a port to be joined with. */
export async function handleUpgrade(
  world: World,
  router: Router,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const url = new URL(req.url ?? '/', 'https://localhost')
  const path = url.pathname.replace(/^\/api2\/json/, '')
  const record = remember(world, { method: 'GET', path, query: '' })
  const fault = takeFault(world.faults, 'GET', path)
  if (fault?.dropBefore || fault?.dropAfter) return void socket.destroy()
  try {
    if (fault?.status !== undefined) throw new PveError(fault.status, `${reasonOf(fault)}\n`)
    if (!path.endsWith('websocket') || req.method !== 'GET') throw new PveError(501, 'no such uri')
    const caller = authenticate(world, {
      method: 'GET',
      path,
      cookie: req.headers.cookie,
      authorization: req.headers.authorization,
      csrf: undefined,
    })
    record.user = caller?.userid ?? null
    const raw = parseForm(url.search.slice(1))
    const { data } = await router(world, caller, { method: 'GET', path, raw })
    const listening = world.ports.get(Number((data as { port: string }).port))
    // Nobody listens any more: the real server breaks off without a word.
    if (!listening) return void socket.destroy()
    record.status = 101
    server.handleUpgrade(req, socket, head, (client) => {
      client.on('error', () => {})
      listening(createWebSocketStream(client))
    })
  } catch (error) {
    const status = error instanceof PveError ? error.status : 500
    record.status = status
    const reason = messageOf(error).split('\n')[0] ?? ''
    socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  }
}
