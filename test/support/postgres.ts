import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { migrate } from '../../src/db/migrate.ts'
import { startEmbeddedPostgres } from '../../src/lib/embeddedPostgres.ts'
import { isAlive, shutDown } from '../../src/lib/embeddedPostgres/postmaster.ts'
import { makeServerLogin, serverUrl } from '../../src/lib/embeddedPostgres/serverLogin.ts'
import { scratchRoot } from './scratch.ts'

/** How the global set-up tells the test processes where the migrated template database is. */
const TEMPLATE = 'MPANEL_TEST_TEMPLATE_URL'

/** Once a run: a PostgreSQL server, and in it a template database that holds all migrations. */
export default async function setup(): Promise<() => Promise<void>> {
  await removeOrphans()
  const server = await startServer()
  const prefix = `mpanel_test_${process.pid}_`
  const template = urlOf(server.url, `${prefix}template`)
  await dropAll(server.url, prefix)
  await execute(server.url, `create database ${prefix}template`)
  await migrate(template)
  await makeServerLogin(template)
  process.env[TEMPLATE] = template
  return async () => {
    await dropAll(server.url, prefix)
    await server.stop()
  }
}

/**
 * A database of the caller's own with all migrations and no rows, for a server (`url`) and as its owner. One a test file is
 * enough.
 */
export async function freshDatabase(): Promise<{ url: string; ownerUrl: string; drop: () => Promise<void> }> {
  const template = process.env[TEMPLATE]
  if (!template)
    throw new Error('There is no template database: run tests through vitest with the global set-up.')
  const admin = urlOf(template, 'postgres')
  const name = nameOf(template).replace(/template$/, randomUUID().replaceAll('-', '').slice(0, 16))
  for (let attempt = 1; ; attempt++) {
    try {
      await execute(admin, `create database ${name} template ${nameOf(template)} strategy file_copy`)
      break
    } catch (error) {
      // 55006: somebody (autovacuum, another copy) is connected to the template.
      if (attempt === 50 || !(error instanceof Error && 'code' in error && error.code === '55006'))
        throw error
      await sleep(100)
    }
  }
  const ownerUrl = urlOf(template, name)
  return {
    url: serverUrl(ownerUrl),
    ownerUrl,
    async drop() {
      await execute(admin, `drop database if exists ${name} with (force)`)
    },
  }
}

async function startServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL
  if (given) return { url: given, stop: async () => {} }
  const dataDir = await mkdtemp(join(scratchRoot(), `mpanel-test-${process.pid}-`))
  await chmod(dataDir, 0o711)
  const { ownerUrl, ...server } = await startEmbeddedPostgres({ dataDir, durable: false, log: () => {} })
  // Nobody kills this server, and its databases are gone before statistics would matter.
  for (const setting of ['synchronous_commit', 'autovacuum'])
    await execute(ownerUrl, `alter system set ${setting} = off`)
  await execute(ownerUrl, 'select pg_reload_conf()')
  return {
    url: ownerUrl,
    async stop() {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** A run that was killed leaves its server running. */
async function removeOrphans(): Promise<void> {
  for (const name of await readdir(scratchRoot())) {
    const pid = Number(/^mpanel-test-(\d+)-/.exec(name)?.[1])
    if (!pid || (isAlive(pid) && pid !== process.pid)) continue
    const folder = join(scratchRoot(), name)
    await shutDown(join(folder, 'postgres'), 5_000).catch(() => {})
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
}

async function dropAll(admin: string, prefix: string): Promise<void> {
  const found = await execute(
    admin,
    `select datname from pg_database where starts_with(datname, '${prefix}')`,
  )
  for (const { datname } of found) await execute(admin, `drop database if exists ${datname} with (force)`)
}

async function execute(url: string, sql: string): Promise<Record<string, string>[]> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    return (await client.query<Record<string, string>>(sql)).rows
  } finally {
    await client.end()
  }
}

function urlOf(server: string, database: string): string {
  const url = new URL(server)
  url.pathname = `/${database}`
  return url.href
}

const nameOf = (url: string) => new URL(url).pathname.slice(1)
