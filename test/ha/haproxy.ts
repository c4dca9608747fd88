import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../start/process.ts'
import type { PatroniNode } from './patroni.ts'
import { run } from './processes.ts'

export type Proxy = { databasePort: number; httpPort: number; stop(): Promise<void> }

/** In front of both: to the node of PostgreSQL that Patroni calls its primary, and to the servers that are ready. */
export async function startProxy(folder: string, nodes: PatroniNode[], servers: number[]): Promise<Proxy> {
  const [databasePort, httpPort] = [await freePort(), await freePort()]
  const config = join(folder, 'haproxy.cfg')
  writeFileSync(
    config,
    `global
  maxconn 2000
defaults
  mode tcp
  timeout connect 2s
  timeout client 10m
  timeout server 10m
  timeout check 2s
  default-server inter 1s fall 2 rise 1
frontend database
  bind 127.0.0.1:${databasePort}
  default_backend postgres
backend postgres
  option httpchk GET /primary
  http-check expect status 200
${nodes
  .map(
    ({ name, port, restPort }) =>
      `  server ${name} 127.0.0.1:${port} check port ${restPort} on-marked-down shutdown-sessions`,
  )
  .join('\n')}
frontend panel
  mode http
  bind 127.0.0.1:${httpPort}
  default_backend servers
backend servers
  mode http
  option httpchk GET /readyz
  http-check expect status 200
${servers.map((port) => `  server s${port} 127.0.0.1:${port} check`).join('\n')}
`,
  )
  const program = run('haproxy', ['-db', '-f', config], { log: join(folder, 'haproxy.log') })
  return { databasePort, httpPort, stop: () => program.kill('SIGKILL') }
}
