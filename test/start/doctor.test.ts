import { randomBytes } from 'node:crypto'
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Customer } from '../../shared/api/customers.ts'
import { seedProvider } from '../../src/services/billing/providers.ts'
import { requireSecretKey } from '../../src/services/provisioningService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { dataFolder, mpanel } from './process.ts'

let app: TestApp
let folder = ''
const KEY = randomBytes(32).toString('base64')
beforeAll(async () => {
  app = await startApp({ env: { MPANEL_SECRET_KEY: KEY } })
  await app.as(requireSecretKey)
  await app.as((ctx) => seedProvider(ctx, { key: 'sk_test_simulated', webhookSecret: null, simulated: true }))
  folder = await dataFolder()
})
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

/** As on another machine of the same installation. */
const env = (more: Record<string, string> = {}): Record<string, string> => ({
  DATABASE_URL: app.databaseUrl,
  MPANEL_SECRET_KEY: KEY,
  MPANEL_DATA_DIR: folder,
  ...more,
})

it('the doctor finds a sound installation sound, and says what to do about each thing that is not', async () => {
  const sound = mpanel(['doctor'], env())
  expect(await sound.ended, sound.output()).toBe(0)
  expect(sound.output()).toMatch(/ok +cluster .*: Proxmox VE \d/)
  expect(sound.output()).toMatch(/ok +workers: 1 running/)
  expect(sound.output()).toMatch(/ok +stripe of the platform: simulated/)

  expect(sound.output()).toMatch(/ok +login: mpanel_server owns nothing/)

  const loose = mpanel(['doctor'], env({ DATABASE_URL: app.ownerUrl }))
  expect(await loose.ended, loose.output()).toBe(0)
  expect(loose.output()).toMatch(/warn +login: .*may switch off.*in role mpanel_app.*DATABASE_MIGRATION_URL/)

  const strange = mpanel(['doctor'], env({ MPANEL_SECRET_KEY: randomBytes(32).toString('base64') }))
  expect(await strange.ended).toBe(1)
  expect(strange.output()).toMatch(/FAIL +secret key: .*not the one of this database/)

  await app.sim.close()
  const cut = mpanel(['doctor'], env())
  expect(await cut.ended).toBe(1)
  expect(cut.output()).toMatch(/FAIL +cluster .*: /)
  expect(cut.output()).toMatch(/ok +workers/)

  const nowhere = mpanel(['doctor'], { ...env(), DATABASE_URL: 'postgres://u:sesame@127.0.0.1:1/x' })
  expect(await nowhere.ended).toBe(1)
  expect(nowhere.output()).toMatch(/FAIL +database: /)
  expect(nowhere.output()).not.toContain('sesame')
}, 300_000)

it('a support bundle tells of the installation, and nothing of customers, addresses or secrets', async () => {
  const tenantId = await app.tenant()
  const customer = { tenantId, name: 'Canary Yellowfeather', email: 'canary@example.com' }
  expect((await app.admin.post<Customer>('/api/admin/customers', customer)).status).toBe(201)
  const file = join(folder, 'bundle.json.gz')
  const secrets = {
    SMTP_URL: 'smtp://canary-user:canary-password@mail.example.com',
    MPANEL_MAIL_FROM: 'canary-sender@example.com',
    MPANEL_PUBLIC_URL: 'https://canary-panel.example.com',
  }
  const run = mpanel(['support-bundle', '--file', file], env(secrets))
  expect(await run.ended, run.output()).toBe(0)
  expect((await stat(file)).mode & 0o777).toBe(0o600)

  const text = gunzipSync(await readFile(file)).toString('utf8')
  const bundle = JSON.parse(text) as {
    format: string
    configuration: { set: string[]; publicUrlIsHttps: boolean }
    checks: { name: string; ok: boolean }[]
    database: { tables: { name: string }[]; migrations: unknown[]; sessions: { state: string }[] }
    automation: { workers: unknown[] }
    metrics: string
  }
  expect(bundle.format).toBe('mpanel-support-bundle/1')
  expect(bundle.configuration).toMatchObject({ set: ['secretKey', 'mail'], publicUrlIsHttps: true })
  expect(bundle.database.tables.map(({ name }) => name)).toContain('customers')
  expect(bundle.database.migrations.length).toBeGreaterThan(50)
  expect(bundle.database.sessions.map(({ state }) => state)).toContain('idle')
  expect(bundle.automation.workers).toHaveLength(1)
  expect(bundle.metrics).toContain('mpanel_jobs')
  for (const canary of [
    /canary/i,
    /yellowfeather/i,
    /example\.com/,
    new RegExp(env().MPANEL_SECRET_KEY ?? ''),
  ])
    expect(text).not.toMatch(canary)

  const again = mpanel(['support-bundle', '--file', file], env())
  expect(await again.ended).toBe(1)
  expect(again.output()).toMatch(/cannot be written: .*Name another with --file/)
  const nowhere = mpanel(['support-bundle'], env({ DATABASE_URL: 'postgres://u:sesame@127.0.0.1:1/x' }))
  expect(await nowhere.ended).toBe(1)
  expect(nowhere.output()).toMatch(/^mpanel: The database at 127\.0\.0\.1:1\/x cannot be used as u/m)
}, 300_000)
