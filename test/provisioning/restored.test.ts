import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runCommand } from '../../src/commands.ts'
import { readConfig } from '../../src/config.ts'
import { systemOrigin, transaction, type Ctx, type Root } from '../../src/context.ts'
import { createDeps } from '../../src/deps.ts'
import { newId } from '../../src/lib/ids.ts'
import { createLogger } from '../../src/lib/log.ts'
import * as auditService from '../../src/services/auditService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { freshDatabase } from '../support/postgres.ts'

type Opened = { root: Root; close: () => Promise<void> }
let dataDir: string
let database: Awaited<ReturnType<typeof freshDatabase>>
let opened: Opened
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mpanel-restored-'))
  database = await freshDatabase()
  opened = open(database.url)
})
afterEach(async () => {
  await opened.close()
  await database.drop()
  await rm(dataDir, { recursive: true, force: true })
})

function open(url: string): Opened {
  const config = readConfig({ DATABASE_URL: url, MPANEL_DATA_DIR: dataDir })
  return createDeps(config, url, { log: createLogger({ level: 'silent' }) })
}
const as = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(opened.root, systemOrigin('test', newId()), 'platform', work)
const happens = (what: string): Promise<void> =>
  as((ctx) =>
    auditService.record(ctx, { action: what, tenantId: null, target: { type: 'test', id: newId() } }),
  )
const files = (): string[] =>
  readdirSync(dirname(opened.root.settings.auditCheckpoints)).filter((name) =>
    name.startsWith('audit-checkpoints'),
  )

/** A backup is a copy of the database; restoring it puts the copy in its place. */
async function admin(sql: string): Promise<void> {
  const url = new URL(database.ownerUrl)
  url.pathname = '/postgres'
  const client = new Client({ connectionString: url.href })
  await client.connect()
  await client.query(sql)
  await client.end()
}
const name = (): string => new URL(database.url).pathname.slice(1)
async function backup(): Promise<void> {
  await opened.close()
  await admin(`create database ${name()}_backup template ${name()}`)
  opened = open(database.url)
}
async function restore(): Promise<void> {
  await opened.close()
  await admin(`drop database ${name()} with (force)`)
  await admin(`alter database ${name()}_backup rename to ${name()}`)
  opened = open(database.url)
}

it('a database that was restored from a backup stops all automation until a person has confirmed it', async () => {
  await happens('BEFORE')
  await auditService.sealAll(opened.root)
  await backup()
  await happens('AFTER')
  await auditService.sealAll(opened.root)
  await provisioningService.guardRestored(opened.root)
  expect(await as(provisioningService.isStopped)).toBe(false)

  await restore()
  await provisioningService.guardRestored(opened.root)
  await provisioningService.guardRestored(opened.root)
  const { pauses } = await as(provisioningService.queueOverview)
  expect(pauses).toMatchObject([{ what: 'all', reason: expect.stringContaining('backup') as string }])
  await happens('MEANWHILE')
  await auditService.sealAll(opened.root)
  expect(files()).toHaveLength(1)

  await as((ctx) => provisioningService.resume(ctx, 'all', '*'))
  await provisioningService.guardRestored(opened.root)
  await auditService.sealAll(opened.root)
  await provisioningService.guardRestored(opened.root)
  expect(await as(provisioningService.isStopped)).toBe(false)
  // What was lost can still be proven by the file that was put aside.
  expect(files()).toHaveLength(2)
})

it('an overtaken database is noticed, too: the batch of that number is another one', async () => {
  await backup()
  await happens('LOST')
  await auditService.sealAll(opened.root)
  await restore()
  await happens('ANOTHER')
  await auditService.sealAll(opened.root)
  await provisioningService.guardRestored(opened.root)
  expect(await as(provisioningService.isStopped)).toBe(true)
})

it('a machine without a file, and one whose file is up to date, stops nothing', async () => {
  expect(existsSync(opened.root.settings.auditCheckpoints)).toBe(false)
  await provisioningService.guardRestored(opened.root)
  await happens('SOMETHING')
  await auditService.sealAll(opened.root)
  await provisioningService.guardRestored(opened.root)
  expect(await as(provisioningService.isStopped)).toBe(false)
})

it('what cannot know that its database was restored is stopped by a command, before anything works', async () => {
  const env = {
    DATABASE_URL: database.url,
    MPANEL_DATA_DIR: dataDir,
    MPANEL_SECRET_KEY: readFileSync(join(dataDir, 'secret.key'), 'utf8').trim(),
    MPANEL_LOG_LEVEL: 'silent',
  }
  const command = ['admin', 'stop-automation', '--reason', 'a backup was restored']
  await runCommand(command, () => readConfig(env))
  const { pauses } = await as(provisioningService.queueOverview)
  expect(pauses).toMatchObject([{ what: 'all', reason: 'a backup was restored', by: 'command line' }])
  await expect(runCommand(command, () => readConfig(env))).rejects.toThrow('It is paused already.')
})
