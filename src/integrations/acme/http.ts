import { Agent, request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import { connectionFault, guarded, targetOf, type AllowedNetworks } from '../../lib/outgoing.ts'

export type HttpAnswer = { status: number; headers: IncomingHttpHeaders; body: string }

/** Nothing came back. `sent`: it may have arrived all the same. */
export class HttpFault extends Error {
  readonly sent: boolean
  constructor(message: string, sent: boolean) {
    super(message)
    this.sent = sent
  }
}

const MAX_BYTES = 1_000_000

/** One kept-alive connection pool a CA, trusting the CAs that were named for it. Its addresses are typed by people, or said by it. */
export function createHttp(options: { ca?: string; timeoutMs: number; allowed: AllowedNetworks }) {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 8,
    lookup: guarded(options.allowed, 'https:'),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })
  return function send(
    method: 'GET' | 'HEAD' | 'POST',
    url: string,
    more: { body?: string; headers?: Record<string, string>; signal?: AbortSignal | undefined } = {},
  ): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      let sent = false
      const fail = (message: string): void => {
        clearTimeout(timer)
        reject(new HttpFault(message, sent))
        call.destroy()
      }
      const call = request(reachable(url, options.allowed), {
        method,
        agent,
        headers: {
          'user-agent': 'mPanel',
          'accept-language': 'en',
          ...(more.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(more.body)) }),
          ...more.headers,
        },
        ...(more.signal === undefined ? {} : { signal: more.signal }),
      })
      const timer = setTimeout(() => fail(`no answer within ${options.timeoutMs} ms`), options.timeoutMs)
      call.once('socket', (socket) => {
        if (!socket.connecting) sent = true
        else socket.once('secureConnect', () => (sent = true))
      })
      call.on('error', (error) => fail(connectionFault(error).message))
      call.once('response', (answer) => {
        const parts: Buffer[] = []
        let size = 0
        answer.on('data', (part: Buffer) => {
          size += part.length
          if (size > MAX_BYTES) return fail(`the answer is longer than ${MAX_BYTES} bytes`)
          parts.push(part)
        })
        answer.on('error', () => fail('the answer was cut off'))
        answer.on('end', () => {
          clearTimeout(timer)
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(parts).toString('utf8'),
          })
        })
      })
      call.end(more.body)
    })
  }
}

/** @throws HttpFault */
function reachable(url: string, allowed: AllowedNetworks): URL {
  try {
    return targetOf(url, allowed)
  } catch (error) {
    throw new HttpFault((error as Error).message, false)
  }
}
