import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql'
const TRIES = 5

export type PowerDns = {
  /** Of its API, without `/api`. */
  url: string
  apiKey: string
  /** `127.0.0.1:port`, where it answers questions, by UDP and TCP. */
  address: string
  /** One call to the API, as somebody else than mPanel would make it. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>
  /** It answers no more, and keeps what it has. */
  stop(): Promise<void>
  /** It answers again, at the same addresses. */
  start(): Promise<void>
  close(): Promise<void>
}

/**
 * A real PowerDNS with SQLite on free ports of the loopback, with a folder of its own.
 * @param at where it answers questions, instead of a free port of 127.0.0.1
 */
export async function startPowerDns(at: { host?: string; dnsPort?: number } = {}): Promise<PowerDns> {
  const { host = '127.0.0.1' } = at
  const folder = await mkdtemp(join(tmpdir(), 'mpanel-pdns-'))
  const database = join(folder, 'pdns.sqlite3')
  const made = spawnSync('sqlite3', [database, `.read ${SCHEMA}`, 'pragma journal_mode=wal;'])
  if (made.status !== 0) throw new Error(`sqlite3 could not make the database: ${String(made.stderr)}`)
  const apiKey = 'test-api-key'
  for (let left = TRIES; ; left--) {
    const [dnsPort, apiPort] = [at.dnsPort ?? (await freePort()), await freePort()]
    await writeFile(join(folder, 'pdns.conf'), configOf({ folder, database, host, dnsPort, apiPort, apiKey }))
    const server = serverOf({ folder, apiKey, apiPort, host, dnsPort })
    try {
      await server.start()
      return server
    } catch (error) {
      if (left === 0) throw error
    }
  }
}

type Place = { folder: string; apiKey: string; apiPort: number; host: string; dnsPort: number }

function serverOf({ folder, apiKey, apiPort, host, dnsPort }: Place): PowerDns {
  const url = `http://127.0.0.1:${apiPort}`
  let child: ReturnType<typeof spawn> | undefined
  const call: PowerDns['call'] = async (method, path, body) => {
    const answer = await fetch(`${url}/api/v1/servers/localhost${path}`, {
      method,
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== ''
    return { status: answer.status, body: isJson ? JSON.parse(text) : text }
  }
  const stop = async (): Promise<void> => {
    if (!child || child.exitCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  const start = async (): Promise<void> => {
    const own = spawn('pdns_server', [`--config-dir=${folder}`], { stdio: 'ignore' })
    child = own
    for (let left = 200; left > 0; left--) {
      if (own.exitCode !== null) throw new Error(`pdns_server ended with ${own.exitCode}`)
      const answered = await call('GET', '').catch(() => null)
      if (answered?.status === 200) return
      await sleep(25)
    }
    throw new Error('pdns_server does not answer')
  }
  return {
    url,
    apiKey,
    address: `${host}:${dnsPort}`,
    call,
    stop,
    start,
    close: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

type Given = Place & { database: string }

/** All on the loopback: without query-local-address it would open sockets on every interface. Nothing is cached. */
const configOf = ({ folder, database, host, dnsPort, apiPort, apiKey }: Given): string => `launch=gsqlite3
gsqlite3-database=${database}
gsqlite3-pragma-synchronous=0
gsqlite3-pragma-foreign-keys=1
gsqlite3-dnssec=yes
local-address=${host}
query-local-address=${host}
local-port=${dnsPort}
socket-dir=${folder}
daemon=no
guardian=no
write-pid=no
disable-syslog=yes
loglevel=2
security-poll-suffix=
webserver=yes
api=yes
api-key=${apiKey}
webserver-address=127.0.0.1
webserver-port=${apiPort}
webserver-allow-from=127.0.0.1
webserver-max-bodysize=16
primary=yes
secondary=yes
xfr-cycle-interval=1
allow-axfr-ips=127.0.0.1
receiver-threads=1
distributor-threads=2
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
expand-alias=no
default-soa-edit-signed=INCEPTION-INCREMENT
`
