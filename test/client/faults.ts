import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of one request: it passes, its connection is cut after it was passed on, or this is answered instead. */
type Fault = 'pass' | 'cut' | { status: number; headers?: Record<string, string> }

export type Faulty = {
  url: string
  /** For the next requests, in this order; afterwards all pass. */
  next(...faults: Fault[]): void
  /** Method, path and key of all that came since `next`. */
  seen: { method: string; path: string; key: string | undefined }[]
  close(): Promise<void>
}

/** A line between client and server that breaks when it is told to. */
export async function faultyLine(target: string): Promise<Faulty> {
  let faults: Fault[] = []
  const seen: Faulty['seen'] = []
  const server = createServer((request, response) => {
    void (async () => {
      const { method = 'GET', url: path = '/', headers } = request
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      seen.push({ method, path, key: headers['idempotency-key'] as string | undefined })
      const fault = faults.shift() ?? 'pass'
      if (typeof fault === 'object') {
        response.writeHead(fault.status, fault.headers).end('not now')
        return
      }
      const { authorization = '', 'content-type': type, 'idempotency-key': key, 'if-match': match } = headers
      const answer = await fetch(target + path, {
        method,
        headers: {
          authorization,
          ...(type && { 'content-type': type }),
          ...(key && { 'idempotency-key': key as string }),
          ...(match && { 'if-match': match }),
        },
        ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
      })
      const body = Buffer.from(await answer.arrayBuffer())
      if (fault === 'cut') request.socket.destroy()
      else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body)
    })().catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (...given) => {
      faults = given
      seen.length = 0
    },
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
