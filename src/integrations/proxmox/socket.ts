import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocket } from 'ws'
import { ok, rejected } from '../../lib/outcome.ts'
import type { Ok, Rejected, Unknown } from '../../lib/outcome.ts'
import { classify } from './classify.ts'
import { VerifyingAgent } from './tls.ts'
import type { TlsTarget } from './tls.ts'

type Upgrade = {
  /** Path and query as they go on the wire. */
  path: string
  headers: Record<string, string>
  signal?: AbortSignal
  timeoutMs: number
}

/** Proxmox sends frames of at most 128 KiB; more is no console. */
const MAX_FRAME_BYTES = 256 * 1024

/**
 * Upgrades a connection of its own to a WebSocket, to the same verified server as every call. A connection that was
 * not made has changed nothing, so there is no unknown outcome.
 */
export function openSocket(
  target: TlsTarget,
  { path, headers, signal, timeoutMs }: Upgrade,
): Promise<Ok<Duplex> | Rejected | Unknown> {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host
  const socket = new WebSocket(`wss://${host}:${target.port}${path}`, 'binary', {
    agent: new VerifyingAgent(target, { keepAlive: false }),
    headers,
    handshakeTimeout: timeoutMs,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  })
  return new Promise((resolve) => {
    const finish = (result: Ok<Duplex> | Rejected | Unknown): void => {
      signal?.removeEventListener('abort', gaveUp)
      resolve(result)
    }
    const gaveUp = (): void => socket.terminate()
    signal?.addEventListener('abort', gaveUp, { once: true })
    if (signal?.aborted) gaveUp()
    socket.on('error', (error) => finish(rejected('unreachable', error.message, { retryable: true })))
    socket.on('unexpected-response', (request, response: IncomingMessage) => {
      finish(
        classify({
          kind: 'answer',
          status: response.statusCode ?? 0,
          reason: (response.statusMessage ?? '').trim(),
          readable: false,
          body: null,
        }) as Rejected | Unknown,
      )
      request.destroy()
    })
    socket.on('open', () => finish(ok(createWebSocketStream(socket))))
  })
}
