import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/lib/embeddedPostgres.ts'
import { findPackage, prepareBinaries } from '../../src/lib/embeddedPostgres/binaries.ts'
import { readPostmaster, shutDown } from '../../src/lib/embeddedPostgres/postmaster.ts'
import { scratchRoot } from '../support/scratch.ts'

const STARTER = new URL('../support/embeddedPostgresStarter.ts', import.meta.url).pathname
const isRoot = process.geteuid?.() === 0

let dataDir: string
let folder: string
let stopped: string

// Making a database takes a second: tests that need one that exists take a copy of this.
beforeAll(async () => {
  stopped = await mkdtemp(join(scratchRoot(), 'mpanel-embedded-'))
  await chmod(stopped, 0o711)
  await (await startEmbeddedPostgres({ dataDir: stopped, log: () => {} })).stop()
})
afterAll(() => rm(stopped, { recursive: true, force: true }))
const useStopped = () => promisify(execFile)('cp', ['-Rp', stopped, dataDir])

beforeEach(async () => {
  folder = await mkdtemp(join(scratchRoot(), 'mpanel-embedded-'))
  await chmod(folder, 0o711)
  dataDir = join(folder, 'data')
})
afterEach(async () => {
  await shutDown(clusterDir(), 10_000)
  await rm(folder, { recursive: true, force: true })
})

const clusterDir = () => join(dataDir, 'postgres')
const start = (options: { port?: number } = {}): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir, durable: false, log: () => {}, ...options })

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    const { rows } = await client.query<Record<string, unknown>>(sql)
    return Object.values(rows[0] ?? {})[0]
  } finally {
    await client.end()
  }
}

/** Starts it in a process of its own, which answers with one line. */
async function startElsewhere() {
  const child = spawn(process.execPath, [STARTER, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const answer = JSON.parse(line.toString()) as { ownerUrl: string; adopted: boolean; error?: string }
  return {
    ...answer,
    async end(how: 'orderly' | 'SIGKILL') {
      if (how === 'orderly') child.stdin.end()
      else child.kill(how)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

test('a first start makes a database that a later start finds again', async () => {
  const first = await start()
  expect(first.adopted).toBe(false)
  await query(first.ownerUrl, "create table kept as select 'yes' as answer")
  await first.stop()
  expect(existsSync(join(clusterDir(), 'postmaster.pid'))).toBe(false)

  const second = await start()
  expect(second.adopted).toBe(false)
  expect(await query(second.ownerUrl, 'select answer from kept')).toBe('yes')
  await second.stop()
})

test('the database is UTF-8 with a locale that does not depend on the machine, and is not run by root', async () => {
  await useStopped()
  const { ownerUrl: url } = await start()
  const facts = `select concat_ws(' ', datname, pg_encoding_to_char(encoding), datlocprovider, datlocale)
    from pg_database where datname = current_database()`
  expect(await query(url, facts)).toBe('mpanel UTF8 b C.UTF-8')
  expect(statSync(clusterDir()).uid !== 0).toBe(true)
})

test('the password is random, for us alone, and asked for', async () => {
  await useStopped()
  const { ownerUrl: url } = await start()
  const file = join(dataDir, 'postgres.password')
  const password = new URL(url).password
  expect(readFileSync(file, 'utf8')).toBe(password)
  expect(password.length).toBeGreaterThanOrEqual(32)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(
    await query(url, "select rolpassword ~ '^SCRAM-SHA-256' from pg_authid where rolname = 'mpanel'"),
  ).toBe(true)
  await expect(query(url.replace(password, 'password'), 'select 1')).rejects.toThrow(/authentication failed/)
})

test.each([
  ['from before the server had a login of its own', 'drop role mpanel_server'],
  ['whose first start ended before it had a database', 'drop database mpanel'],
  ['whose login has another password', "alter role mpanel_server password 'other'"],
])('the server logs in as somebody who is not the owner, also to a cluster %s', async (_, sql) => {
  await useStopped()
  const before = await start()
  await query(before.ownerUrl.replace(/mpanel$/, 'postgres'), sql)
  await before.stop()
  const { url, ownerUrl } = await start()
  expect(await query(url, 'select session_user::text')).toBe('mpanel_server')
  expect(await query(url, 'select rolsuper from pg_roles where rolname = session_user')).toBe(false)
  expect(new URL(url).password).not.toBe(new URL(ownerUrl).password)
})

test('it listens on loopback only, and on no socket file', async () => {
  await useStopped()
  const { ownerUrl: url } = await start()
  expect(await query(url, 'show listen_addresses')).toBe('127.0.0.1')
  expect(await query(url, 'show unix_socket_directories')).toBe('')
  const outside = Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .find((address) => address.family === 'IPv4' && !address.internal)
  if (outside)
    await expect(query(url.replace('127.0.0.1', outside.address), 'select 1')).rejects.toThrow(/ECONNREFUSED/)
})

test('a server whose mPanel was killed is adopted with everything committed, and stopped by the adopter', async () => {
  await useStopped()
  const killed = await startElsewhere()
  await query(killed.ownerUrl, 'create table kept as select 42 as answer')
  await killed.end('SIGKILL')

  const adopter = await start()
  expect(adopter.adopted).toBe(true)
  expect(adopter.ownerUrl).toBe(killed.ownerUrl)
  expect(await query(adopter.ownerUrl, 'select answer from kept')).toBe(42)
  await adopter.stop()
  expect(readPostmaster(clusterDir())).toBeNull()
})

test('a server that another living mPanel started is shared and left to it', async () => {
  await useStopped()
  const other = await startElsewhere()
  const guest = await start()
  expect(guest.adopted).toBe(true)
  await guest.stop()
  expect(await query(other.ownerUrl, 'select 1')).toBe(1)
  await other.end('orderly')
  expect(readPostmaster(clusterDir())).toBeNull()
})

test('two first starts at once share one server', async () => {
  const [one, two] = await Promise.all([startElsewhere(), startElsewhere()])
  expect([one.error, two.error]).toEqual([undefined, undefined])
  expect(one.ownerUrl).toBe(two.ownerUrl)
  expect(one.adopted).toBe(!two.adopted)
  expect((await readdir(dataDir)).filter((name) => name.includes('init'))).toEqual([])
  await Promise.all([one.end('orderly'), two.end('orderly')])
})

test('after PostgreSQL itself was killed the next start recovers what was committed', async () => {
  await useStopped()
  const first = await start()
  await query(first.ownerUrl, 'create table kept as select generate_series(1, 1000) as n')
  process.kill(readPostmaster(clusterDir())?.pid ?? 0, 'SIGKILL')

  const second = await start()
  expect(second.adopted).toBe(false)
  expect(await query(second.ownerUrl, 'select count(*)::int from kept')).toBe(1000)
})

test.each([
  ['of a process that is gone', () => '2147483646'],
  ['whose number another program has got', () => String(process.pid)],
])('a lock file %s does not prevent the start', async (_, pid) => {
  await useStopped()
  const lock = `${pid()}\n${clusterDir()}\n1700000000\n5432\n\n127.0.0.1\n\nready   \n`
  await writeFile(join(clusterDir(), 'postmaster.pid'), lock)
  const server = await start()
  expect(server.adopted).toBe(false)
  expect(await query(server.ownerUrl, 'select 1')).toBe(1)
})

test('a first start that was interrupted leaves nothing in the way', async () => {
  await mkdir(join(dataDir, 'postgres.init-2147483646'), { recursive: true })
  await chmod(dataDir, 0o711)
  await start()
  expect(await readdir(dataDir)).not.toContain('postgres.init-2147483646')
})

/** Folders in memory may forbid programs. */
async function executablePlace(): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'mpanel-programs-'))
  await chmod(place, 0o711)
  onTestFinished(() => rm(place, { recursive: true, force: true }))
  return place
}

test('programs that npm installed without their library links get them', async () => {
  const place = await executablePlace()
  const original = findPackage()
  const packageDir = join(place, 'package')
  await cp(original, packageDir, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() })
  const inPlace = await prepareBinaries(packageDir, null, [], () => {})
  expect(await version(inPlace.postgres)).toBe(inPlace.version)
  expect(inPlace.postgres.startsWith(packageDir)).toBe(true)
})

test.runIf(isRoot)('programs below a closed folder are copied once to an open one', async () => {
  const place = await executablePlace()
  const closed = join(place, 'closed')
  await mkdir(closed, { mode: 0o700 })
  await cp(findPackage(), join(closed, 'package'), {
    recursive: true,
    filter: (p) => !lstatSync(p).isSymbolicLink(),
  })
  const nobody = { uid: 65534, gid: 65534 }
  const roots = [join(place, 'file', 'copies'), join(place, 'copies')]
  await writeFile(join(place, 'file'), '')
  const lines: string[] = []
  const copy = () => prepareBinaries(join(closed, 'package'), nobody, roots, (line) => lines.push(line))
  const copied = await copy()
  expect(copied.postgres.startsWith(join(place, 'copies'))).toBe(true)
  expect(await version(copied.postgres, nobody)).toBe(copied.version)
  await copy()
  expect(lines.filter((line) => line.includes('copies'))).toHaveLength(1)
})

async function version(
  postgres: string,
  account: { uid?: number; gid?: number } = {},
): Promise<string | undefined> {
  const child = spawn(postgres, ['--version'], { ...account, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  for await (const chunk of child.stdout) said += String(chunk)
  return `${/[\d.]+/.exec(said)?.[0]}.0`
}

test.runIf(isRoot)('a data folder closed to the account of PostgreSQL still works', async () => {
  const closed = join(folder, 'closed')
  await mkdir(closed, { mode: 0o700 })
  dataDir = join(closed, 'data')
  const { ownerUrl: url, stop } = await start()
  try {
    expect(await query(url, 'select 1')).toBe(1)
    expect(lstatSync(clusterDir()).isSymbolicLink()).toBe(true)
  } finally {
    await stop()
    await rm(join(readlinkSync(clusterDir()), '..'), { recursive: true })
  }
})

test('a data folder that cannot be written is refused with what to do', async () => {
  const readOnly = join(folder, 'readOnly')
  await mkdir(readOnly, { mode: 0o555 })
  dataDir = join(readOnly, 'data')
  if (isRoot) process.seteuid?.(65534)
  try {
    await expect(start()).rejects.toThrow(/may not write there.*MPANEL_DATA_DIR/)
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

test('a file in place of the data folder is refused with what to do', async () => {
  await writeFile(dataDir, '')
  await expect(start()).rejects.toThrow(/A file stands where a folder is needed/)
})

test('a database of another major version is refused by name, not by its files', async () => {
  await useStopped()
  await writeFile(join(clusterDir(), 'PG_VERSION'), '15\n')
  await expect(start()).rejects.toThrow(
    /made by PostgreSQL 15, but this mPanel brings PostgreSQL 18.*DATABASE_URL/,
  )
})

test('a folder that holds something else is refused and left alone', async () => {
  await mkdir(clusterDir(), { recursive: true })
  await writeFile(join(clusterDir(), 'photo.jpg'), '')
  await writeFile(join(dataDir, 'postgres.password'), 'x')
  await chmod(dataDir, 0o711)
  await expect(start()).rejects.toThrow(/holds files but no database/)
  expect(await readdir(clusterDir())).toEqual(['photo.jpg'])
})

test('a lost or foreign password file is named', async () => {
  await useStopped()
  const file = join(dataDir, 'postgres.password')
  await writeFile(file, 'foreign')
  await expect(start()).rejects.toThrow(/not that of the database/)
  await rm(file)
  await expect(start()).rejects.toThrow(/postgres\.password is missing/)
})

test('a port that is taken is named', async () => {
  await useStopped()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  await expect(start({ port })).rejects.toThrow(`Port ${port} is taken`)
  server.close()
})

test('a platform without a package is told about DATABASE_URL', () => {
  expect(() => findPackage('sunos', 'sparc')).toThrow(/not installed for sunos-sparc.*DATABASE_URL/s)
})
