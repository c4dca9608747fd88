import { once } from 'node:events'
import { Agent, createServer, request } from 'node:https'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Pebble } from './pebble.ts'

type Fault = {
  path: RegExp
  times: number
  status: number
  type: string
  detail: string
  retryAfter?: string
}

export type AcmeProxy = {
  directoryUrl: string
  /** What is answered instead of Pebble, as long as `times` is not used up. */
  faults: Fault[]
  /** How many of Pebble's good answers are thrown away, and the connection cut. */
  cutAfter: { path: RegExp; times: number }[]
  /** Of certificates, by their ARI names; all others are told a window tomorrow. */
  windows: Map<string, { start: Date; end: Date }>
  /** What orders said they replace. */
  replaced: Set<string>
  /** `POST /order-plz` and so on, in the order in which they came. */
  seen: string[]
  close(): Promise<void>
}

const HOUR_MS = 3_600_000

/** Stands in front of a Pebble and adds what it lacks: ARI with `replaces` (RFC 9773), rate limits, and lost answers. */
export async function startAcmeProxy(pebble: Pebble): Promise<AcmeProxy> {
  const agent = new Agent({ keepAlive: true, ca: pebble.caPem, servername: 'localhost' })
  const server = createServer({ key: pebble.tls.key, cert: pebble.tls.cert })
  const proxy: Omit<AcmeProxy, 'directoryUrl'> = {
    faults: [],
    cutAfter: [],
    windows: new Map(),
    replaced: new Set(),
    seen: [],
    close: async () => {
      server.close()
      server.closeAllConnections()
      agent.destroy()
      await once(server, 'close')
    },
  }

  server.on('request', (asked, answer: ServerResponse) => {
    const parts: Buffer[] = []
    asked.on('data', (part: Buffer) => parts.push(part))
    asked.on('end', () => {
      const [path, body] = [asked.url ?? '', Buffer.concat(parts)]
      proxy.seen.push(`${asked.method} ${path}`)
      const fault = proxy.faults.find((one) => one.times > 0 && one.path.test(path))
      if (fault) {
        fault.times--
        return problem(answer, fault)
      }
      const ari = /^\/renewal-info\/(.+)$/.exec(path)?.[1]
      if (ari !== undefined) return renewalInfo(answer, ari)
      const replaces = path === '/order-plz' ? replacesIn(body) : undefined
      if (replaces !== undefined) {
        if (proxy.replaced.has(replaces))
          return problem(answer, { status: 409, type: 'alreadyReplaced', detail: 'It was replaced already.' })
      }
      const accepted = (): void => void (replaces !== undefined && proxy.replaced.add(replaces))
      forward(asked.method ?? 'GET', path, asked.headers, { body, accepted }, answer)
    })
  })

  function problem(
    answer: ServerResponse,
    { status, type, detail, retryAfter }: Omit<Fault, 'path' | 'times'>,
  ): void {
    answer.writeHead(status, {
      'content-type': 'application/problem+json',
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    })
    answer.end(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }))
  }

  function renewalInfo(answer: ServerResponse, name: string): void {
    const [start, end] = [new Date(Date.now() + 24 * HOUR_MS), new Date(Date.now() + 48 * HOUR_MS)]
    const window = proxy.windows.get(name) ?? { start, end }
    answer.writeHead(200, { 'content-type': 'application/json', 'retry-after': '21600' })
    answer.end(JSON.stringify({ suggestedWindow: window, explanationURL: 'https://ca.example.com/why' }))
  }

  function forward(
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    { body, accepted }: { body: Buffer; accepted: () => void },
    answer: ServerResponse,
  ): void {
    const call = request({ host: '127.0.0.1', port: pebble.port, path, method, headers, agent }, (came) => {
      const parts: Buffer[] = []
      came.on('data', (part: Buffer) => parts.push(part))
      came.on('end', () => {
        const done = (came.statusCode ?? 502) < 300
        if (done) accepted()
        const cut = done ? proxy.cutAfter.find((one) => one.times > 0 && one.path.test(path)) : undefined
        if (cut) {
          cut.times--
          answer.destroy()
          return
        }
        const { 'content-length': _, ...rest } = came.headers
        answer.writeHead(came.statusCode ?? 502, rest)
        answer.end(path === '/dir' ? withAri(Buffer.concat(parts), headers.host ?? '') : Buffer.concat(parts))
      })
    })
    call.on('error', () => answer.destroy())
    call.end(body)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  // Live: what a test assigns is what the server reads.
  return Object.assign(proxy, { directoryUrl: `https://localhost:${address.port}/dir` })
}

const withAri = (body: Buffer, host: string): string =>
  JSON.stringify({ ...(JSON.parse(body.toString()) as object), renewalInfo: `https://${host}/renewal-info` })

function replacesIn(body: Buffer): string | undefined {
  const { payload } = JSON.parse(body.toString()) as { payload: string }
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { replaces?: string }).replaces
}
