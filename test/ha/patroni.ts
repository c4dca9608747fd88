import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { readPostmaster } from '../../src/lib/embeddedPostgres/postmaster.ts'
import { newId } from '../../src/lib/ids.ts'
import { until } from '../support/app.ts'
import { freePort } from '../start/process.ts'
import { account, run, type Program } from './processes.ts'

const BIN = '/usr/lib/postgresql/15/bin'

export type PatroniNode = {
  name: string
  /** Of PostgreSQL, and of Patroni's own interface. */
  port: number
  restPort: number
  /** As the loss of its machine: Patroni and PostgreSQL end at once, without a word to anybody. */
  kill(): Promise<void>
  start(): void
}

export type Patroni = {
  nodes: PatroniNode[]
  superuserPassword: string
  /** The node that writes now, if there is one. */
  primary(): Promise<PatroniNode | undefined>
  /** Waits until a node writes and the other follows it synchronously. */
  whole(): Promise<void>
  stop(): Promise<void>
}

type Member = { name: string; role: string; state: string }

/** Two nodes of PostgreSQL under Patroni with a synchronous standby, and the etcd that they agree by. */
export async function startPatroni(folder: string): Promise<Patroni> {
  const as = account()
  const own = (path: string, mode = 0o700): string => {
    mkdirSync(path, { recursive: true, mode })
    if (as) chownSync(path, as.uid, as.gid)
    return path
  }
  const [client, peer] = [await freePort(), await freePort()]
  const etcd = run(
    'etcd',
    Object.entries({
      'data-dir': own(join(folder, 'etcd')),
      name: 'one',
      'initial-cluster-state': 'new',
      'listen-client-urls': `http://127.0.0.1:${client}`,
      'advertise-client-urls': `http://127.0.0.1:${client}`,
      'listen-peer-urls': `http://127.0.0.1:${peer}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${peer}`,
      'initial-cluster': `one=http://127.0.0.1:${peer}`,
    }).map(([option, value]) => `--${option}=${value}`),
    { log: join(folder, 'etcd.log'), as },
  )
  await until(
    async () => (await fetch(`http://127.0.0.1:${client}/health`).catch(() => undefined))?.ok,
    'etcd',
  )
  const passwords = { superuser: newId(), replication: newId(), rewind: newId() }
  const nodes: PatroniNode[] = []
  const programs = new Map<string, Program>()
  for (const name of ['one', 'two']) {
    const home = own(join(folder, name), 0o711)
    const [port, restPort] = [await freePort(), await freePort()]
    const data = own(join(home, 'data'))
    const config = join(home, 'patroni.yml')
    // JSON is YAML.
    writeFileSync(
      config,
      JSON.stringify(nodeConfig({ name, home, data, port, restPort, etcd: client, passwords })),
    )
    if (as) chownSync(config, as.uid, as.gid)
    const start = (): void =>
      void programs.set(name, run('patroni', [config], { log: join(home, 'patroni.log'), as }))
    const kill = async (): Promise<void> => {
      await programs.get(name)?.kill('SIGKILL')
      const master = readPostmaster(data)
      if (master) process.kill(master.pid, 'SIGKILL')
    }
    nodes.push({ name, port, restPort, kill, start })
    start()
    // The first one makes the database, the second one copies it.
    if (name === 'one') await until(() => answers(restPort, 'primary'), 'the first node of Patroni', 120_000)
  }
  const primary: Patroni['primary'] = async () => {
    for (const node of nodes) if (await answers(node.restPort, 'primary')) return node
    return undefined
  }
  const whole = (): Promise<unknown> =>
    until(
      async () => {
        const node = await primary()
        const other = nodes.find((one) => one !== node)
        if (!node || !other || !(await answers(other.restPort, 'synchronous'))) return false
        const view = (await (await fetch(`http://127.0.0.1:${node.restPort}/cluster`)).json()) as {
          members: Member[]
        }
        return (
          view.members.length === 2 && view.members.every(({ state }) => /^(running|streaming)$/.test(state))
        )
      },
      'a primary with a synchronous standby',
      180_000,
    )
  await whole().catch((error: unknown) => {
    const logs = nodes.map(({ name }) =>
      readFileSync(join(folder, name, 'patroni.log'), 'utf8').slice(-2_000),
    )
    throw new Error(`${(error as Error).message}\n${logs.join('\n---\n')}`)
  })
  return {
    nodes,
    superuserPassword: passwords.superuser,
    primary,
    whole: async () => void (await whole()),
    stop: async () => {
      for (const node of nodes) await node.kill()
      await etcd.kill('SIGKILL')
    },
  }
}

/** The roles and the database that docs/operations.md names. @returns the password of `panel` and `panel_owner` */
export async function prepareDatabase(port: number, superuserPassword: string): Promise<string> {
  const password = newId()
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password: superuserPassword })
  await client.connect()
  try {
    await client.query('create role mpanel_app nologin')
    await client.query(`create role panel_owner login bypassrls password '${password}'`)
    await client.query(`create role panel login password '${password}' in role mpanel_app`)
    await client.query('grant mpanel_app to panel_owner with admin option')
    await client.query('create database mpanel owner panel_owner')
  } finally {
    await client.end()
  }
  return password
}

/** Until every connection comes to the node that writes: before its first looks the proxy takes each node for one. */
export async function untilWritable(url: string): Promise<void> {
  const writable = async (): Promise<boolean> => {
    const client = new Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rows } = await client.query<{ is: boolean }>('select not pg_is_in_recovery() as is')
      return rows[0]?.is === true
    } catch {
      return false
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  let inRow = 0
  await until(async () => (inRow = (await writable()) ? inRow + 1 : 0) === 4, 'the primary behind HAProxy')
}

const answers = async (restPort: number, question: string): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${restPort}/${question}`).catch(() => undefined))?.status === 200

function nodeConfig(node: {
  name: string
  home: string
  data: string
  port: number
  restPort: number
  etcd: number
  passwords: { superuser: string; replication: string; rewind: string }
}): object {
  const at = (port: number): string => `127.0.0.1:${port}`
  return {
    scope: 'mpanel',
    name: node.name,
    restapi: { listen: at(node.restPort), connect_address: at(node.restPort) },
    etcd3: { host: at(node.etcd) },
    bootstrap: {
      dcs: {
        ttl: 20,
        loop_wait: 3,
        retry_timeout: 5,
        maximum_lag_on_failover: 1_048_576,
        synchronous_mode: true,
        postgresql: {
          use_pg_rewind: true,
          use_slots: true,
          parameters: { max_connections: 250, wal_keep_size: '256MB' },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
    },
    postgresql: {
      listen: at(node.port),
      connect_address: at(node.port),
      data_dir: node.data,
      bin_dir: BIN,
      pgpass: join(node.home, 'pgpass'),
      authentication: {
        superuser: { username: 'postgres', password: node.passwords.superuser },
        replication: { username: 'replicator', password: node.passwords.replication },
        rewind: { username: 'rewinder', password: node.passwords.rewind },
      },
      pg_hba: [
        'local all all scram-sha-256',
        'host all all 127.0.0.1/32 scram-sha-256',
        'host replication replicator 127.0.0.1/32 scram-sha-256',
      ],
      parameters: { unix_socket_directories: node.home },
    },
  }
}
