import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { loadCertificate } from '../../sim/proxmox/certificate.ts'
import { createProxmox } from '../../src/integrations/proxmox/client.ts'
import type { GuestRef, ProxmoxConnection } from '../../src/integrations/proxmox/types.ts'

/** One request as it came over the wire. `connection` counts connections from 1. */
export type RawRequest = {
  connection: number
  head: string
  method: string
  path: string
  headers: Map<string, string>
  body: string
}

export type RawServer = {
  url: string
  fingerprint: string
  caPem: string
  requests: RawRequest[]
  /** Connections whose TLS handshake ended well, and every byte they brought. */
  connections: number
  receivedBytes: number
  close(): Promise<void>
}

/**
 * A TLS server that leaves the answer, byte by byte, to the test. `respond` is called for each complete request.
 */
export async function startRawServer(
  respond: (socket: TLSSocket, request: RawRequest) => void,
): Promise<RawServer> {
  const { keyPem, certPem, caPem, fingerprint } = loadCertificate(undefined, 'localhost')
  const sockets = new Set<TLSSocket>()
  const server = createServer({ key: keyPem, cert: certPem }, (socket) => {
    state.connections += 1
    const connection = state.connections
    sockets.add(socket)
    let buffered = ''
    // Resets are what these tests are about; they are no fault of the server.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      state.receivedBytes += chunk.length
      buffered += chunk.toString('latin1')
      for (let next = takeRequest(buffered); next; next = takeRequest(buffered)) {
        buffered = next.rest
        const request = { ...next.request, connection }
        state.requests.push(request)
        respond(socket, request)
      }
    })
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const state: RawServer = {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fingerprint,
    caPem,
    requests: [],
    connections: 0,
    receivedBytes: 0,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return state
}

function takeRequest(text: string): { request: Omit<RawRequest, 'connection'>; rest: string } | null {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const head = text.slice(0, end)
  const [requestLine = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const length = Number(headers.get('content-length') ?? 0)
  const body = text.slice(end + 4, end + 4 + length)
  if (body.length < length) return null
  const [method = '', path = ''] = requestLine.split(' ')
  return { request: { head, method, path, headers, body }, rest: text.slice(end + 4 + length) }
}

/** A whole answer, kept alive unless `close`. */
export function reply(socket: TLSSocket, status: number, reason: string, body: string, close = false): void {
  const type = body.startsWith('<') ? 'text/html' : 'application/json;charset=UTF-8'
  socket.write(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: ${close ? 'close' : 'keep-alive'}\r\n\r\n${body}`,
  )
  if (close) socket.end()
}

export const json = (socket: TLSSocket, data: unknown): void =>
  reply(socket, 200, 'OK', JSON.stringify({ data }))

export const token = { id: 'panel@pve!jobs', secret: 'b6d1c1e0-0000-4000-8000-5ec4e70c0de5' }
export const guest: GuestRef = { node: 'pve1', kind: 'vm', vmid: 101 }

export const upidOf = (user: string, type = 'qmstart'): string =>
  `UPID:pve1:00000422:000418F0:6B02F45D:${type}:101:${user}:`

/** A task of `token`. */
export const upid: string = upidOf(token.id)

type Respond = (socket: TLSSocket, request: RawRequest) => void

/** Makes clients together with the raw servers they speak to; `closeAll` belongs into `afterEach`. */
export function rawPairs() {
  const open: { close(): Promise<void> }[] = []
  return {
    open,
    pair: async (respond: Respond, more: Partial<ProxmoxConnection> = {}) => {
      const server = await startRawServer(respond)
      open.push(server)
      const proxmox = createProxmox({ url: server.url, token, fingerprint: server.fingerprint, ...more })
      return { server, proxmox }
    },
    closeAll: async () => {
      for (const server of open.splice(0)) await server.close()
    },
  }
}

/** The request that came last. */
export function last(server: RawServer): RawRequest {
  const request = server.requests.at(-1)
  if (!request) throw new Error('nothing was asked')
  return request
}
