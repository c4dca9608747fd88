import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { WebSocketServer, type WebSocket } from 'ws'
import { AppError } from '../errors.ts'

type Waiting = { socket: Socket; head: Buffer; response: ServerResponse }
const waiting = new WeakMap<IncomingMessage, Waiting>()

/**
 * Sends requests that want to become something else through the same routes as all others, so that they are refused in
 * the same way. Only a route that calls `accept` makes a WebSocket of one.
 */
export function routeUpgrades(app: FastifyInstance): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.on('finish', () => socket.end())
    response.assignSocket(socket)
    waiting.set(request, { socket, head, response })
    app.routing(request, response)
  })
}

/** @throws AppError malformed_request for a request that no WebSocket can be made of */
export function requireUpgrade({ raw }: FastifyRequest): void {
  const { upgrade, 'sec-websocket-version': version, 'sec-websocket-key': key } = raw.headers
  const isOne = upgrade?.toLowerCase() === 'websocket' && version === '13'
  if (waiting.has(raw) && isOne && /^[+/0-9A-Za-z]{22}==$/.test(key ?? '')) return
  throw new AppError('malformed_request', 'This is a WebSocket: open it as one.')
}

/** More than anybody types, and a large text that is pasted. */
const MAX_MESSAGE_BYTES = 1024 * 1024

/** A WebSocket on the connection of the request; from here on nothing can be answered any more. */
export function accept(request: FastifyRequest, reply: FastifyReply, protocol: string): Promise<WebSocket> {
  const { raw } = request
  const { socket, head, response } = waiting.get(raw) ?? {}
  if (!socket || !head || !response) throw new AppError('malformed_request', 'This is a WebSocket.')
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  })
  reply.hijack()
  response.detachSocket(socket)
  return new Promise((resolve) => server.handleUpgrade(raw, socket, head, resolve))
}
