import { Agent, request } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'

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

/** One kept-alive connection pool a CA, trusting the CAs that were named for it. */
export function createHttp(options: { ca?: string; timeoutMs: number }) {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 8,
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
      const call = request(url, {
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
      call.on('error', (error: NodeJS.ErrnoException) =>
        fail(`it could not be reached (${error.code ?? error.message})`),
      )
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
