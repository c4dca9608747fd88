import { request } from 'node:https'
import type { ProxmoxSim } from '../../sim/proxmox/server.ts'

/** Talks to the simulator as plainly as possible: a fresh connection a request, nothing retried, nothing hidden. */

export type Sent = { method: string; path: string; headers?: Record<string, string>; body?: string }
export type Received = {
  status: number
  reason: string
  ctype: string | null
  text: string
  body: Envelope | null
}
export type Envelope = { data?: unknown; message?: string; errors?: Record<string, string>; total?: number }

export function send(sim: Pick<ProxmoxSim, 'url' | 'caPem'>, sent: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const headers = { ...sent.headers }
    if (sent.body !== undefined) headers['Content-Length'] = String(Buffer.byteLength(sent.body))
    const url = `${sim.url}/api2/json${sent.path}`
    const req = request(url, { method: sent.method, headers, ca: sim.caPem, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('aborted', () => reject(new Error('answer cut off')))
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const ctype = res.headers['content-type'] ?? null
        resolve({
          status: res.statusCode ?? 0,
          // The reason phrase is UTF-8 in Latin-1 clothes.
          reason: Buffer.from(res.statusMessage ?? '', 'latin1').toString('utf8'),
          ctype,
          text,
          body: ctype?.includes('json') ? (JSON.parse(text) as Envelope) : null,
        })
      })
    })
    req.on('error', reject)
    req.end(sent.body)
  })
}

/** A cast with a name: what the answer's data are expected to be. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const dataOf = <T>(answer: Received): T => (answer.body?.data ?? {}) as T

export const form = (values: Record<string, string | number>): string =>
  Object.entries(values)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(String(value))}`)
    .join('&')

export type Api = {
  get: (path: string) => Promise<Received>
  post: (path: string, values?: Record<string, string | number>) => Promise<Received>
  put: (path: string, values?: Record<string, string | number>) => Promise<Received>
  del: (path: string) => Promise<Received>
  /** Posts, waits for the task and gives its exit status; throws when no task was started. */
  task: (
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    values?: Record<string, string | number>,
  ) => Promise<string>
  exit: (upid: string) => Promise<string>
}

export function withToken(sim: Pick<ProxmoxSim, 'url' | 'caPem'>, token: string): Api {
  const headers = { Authorization: `PVEAPIToken=${token}` }
  const write = (method: string, path: string, values: Record<string, string | number>) =>
    send(sim, {
      method,
      path,
      headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded' },
      body: form(values),
    })
  const exit = async (upid: string): Promise<string> => {
    const node = upid.split(':')[1]
    for (;;) {
      const { body } = await send(sim, {
        method: 'GET',
        path: `/nodes/${node}/tasks/${upid}/status`,
        headers,
      })
      const data = body?.data as { status: string; exitstatus?: string }
      if (data.status === 'stopped') return data.exitstatus ?? ''
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const api: Api = {
    get: (path) => send(sim, { method: 'GET', path, headers }),
    post: (path, values = {}) => write('POST', path, values),
    put: (path, values = {}) => write('PUT', path, values),
    del: (path) => send(sim, { method: 'DELETE', path, headers }),
    task: async (method, path, values = {}) => {
      const answer = method === 'DELETE' ? await api.del(path) : await write(method, path, values)
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.reason}`)
      return exit(answer.body?.data as string)
    },
    exit,
  }
  return api
}
