import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Subscription } from '../../shared/api/billing.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { ROOT } from '../rules/tree.ts'
import { createApi, pay, prepareOrder, type Api, type Ordered } from '../support/api.ts'
import { until } from '../support/app.ts'
import { freshDatabase } from '../support/postgres.ts'
import { dataFolder, mpanel, type Run } from './process.ts'

const LOGIN = { email: 'admin@example.com', password: 'correct-horse-battery' }
const ADMIN = { MPANEL_ADMIN_EMAIL: LOGIN.email, MPANEL_ADMIN_PASSWORD: LOGIN.password }
const ID = randomBytes(4).toString('hex')
const PASSWORD = randomBytes(16).toString('hex')

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let superuser: Owner
let database = ''
let folder = ''

/** The roles and the database of docs/operations.md under names of this file's own, on the server of the tests. */
beforeAll(async () => {
  fresh = await freshDatabase()
  superuser = await ownerOf(fresh.ownerUrl)
  database = `${new URL(fresh.url).pathname.slice(1)}_own`
  folder = await dataFolder()
  const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
  const [, sql = ''] = /## The external database.*?```sql\n(.*?)```/s.exec(page) ?? []
  const statements = sql
    .replace('create role mpanel_app nologin;', '')
    .replaceAll('panel_', `panel_${ID}_`)
    .replaceAll(`mpanel_${ID}_app`, 'mpanel_app')
    .replaceAll('…', PASSWORD)
    .replace('database mpanel ', `database ${database} `)
  for (const statement of statements.split(';').filter((one) => one.trim() !== ''))
    await superuser.query(statement)
})
afterAll(async () => {
  await superuser.query(`drop database ${database} with (force)`)
  for (const login of ['owner', 'server']) await superuser.query(`drop role panel_${ID}_${login}`)
  await superuser.close()
  await fresh.drop()
  await rm(folder, { recursive: true, force: true })
})

const urlOf = (login: string): string => {
  const url = new URL(fresh.url)
  Object.assign(url, { username: login, password: PASSWORD, pathname: `/${database}` })
  return url.href
}
const owner = (): string => urlOf(`panel_${ID}_owner`)
const server = (): string => urlOf(`panel_${ID}_server`)
const run = (args: string[], more: Record<string, string> = {}): Run =>
  mpanel(args, { MPANEL_DATA_DIR: folder, MPANEL_PORT: '0', DATABASE_URL: server(), ...more })

async function refused(what: Run): Promise<string> {
  expect(await what.ended).toBe(1)
  expect(what.output()).not.toMatch(/\n\s+at |Error:/)
  return what.output()
}

it('the login of the server cannot migrate, and is told which one can', async () => {
  expect(await refused(run(['migrate']))).toMatch(/_server may not .* name it in DATABASE_MIGRATION_URL/)
})

it('an address of the owner that is wrong, or without one of the server, is named', async () => {
  const wrong = { DATABASE_MIGRATION_URL: owner().replace(PASSWORD, 'sesame') }
  const said = await refused(run(['migrate'], wrong))
  expect(said).toMatch(/cannot be used as panel_\w+_owner: .*DATABASE_MIGRATION_URL/)
  expect(said).not.toContain('sesame')
  const alone = run(['start'], { DATABASE_URL: '', DATABASE_MIGRATION_URL: owner() })
  expect(await refused(alone)).toMatch(/DATABASE_MIGRATION_URL goes with DATABASE_URL/)
})

it('the owner migrates; afterwards the server’s login alone does all that an installation does, each timer once at least', async () => {
  const migrated = run(['migrate'], { DATABASE_URL: '', DATABASE_MIGRATION_URL: owner() })
  expect(await migrated.ended, migrated.output()).toBe(0)
  expect(migrated.output()).toMatch(/\d+ migrations applied/)

  const started = run(['start'], { ...ADMIN, STRIPE_API_BASE: 'https://payments.example.com' })
  const [, url = ''] = await started.says(/mPanel is ready: (http:\S+)/)
  const api = await createApi(url, LOGIN)
  await orderPod(api)
  const timers = await until(
    async () => {
      const { body } = await api.get<{ items: TimerRow[] }>('/api/admin/provisioning/timers')
      return body.items.every(({ lastFinishedAt }) => lastFinishedAt !== null) && body.items
    },
    'every timer to have run',
    120_000,
  )
  expect(timers.length).toBeGreaterThan(40)
  expect(timers.filter(({ lastError }) => lastError !== null)).toEqual([])

  const sound = run(['doctor'])
  expect(await sound.ended, sound.output()).toBe(0)
  expect(sound.output()).toMatch(/ok +login: panel_\w+_server owns nothing/)
  expect(sound.output()).toMatch(/ok +rights: .*alter role panel_\w+_owner bypassrls/)
  const verified = run(['audit', 'verify'])
  expect(await verified.ended, verified.output()).toBe(0)
  started.child.kill('SIGTERM')
  expect(await started.ended).toBe(0)
  expect(started.output()).not.toMatch(/permission denied|must be owner/)
}, 300_000)

type TimerRow = { name: string; lastFinishedAt: string | null; lastError: string | null }

async function orderPod(api: Api): Promise<void> {
  const tenants = await api.get<{ items: { id: string }[] }>('/api/admin/tenants')
  const order = await prepareOrder(api, tenants.body.items[0]?.id ?? '')
  const { body } = await api.post<Ordered>('/api/admin/billing/subscriptions', order)
  await pay(api, body.invoice)
  const path = `/api/admin/billing/subscriptions/${body.subscription.id}`
  await until(async () => (await api.get<Subscription>(path)).body.state === 'active', 'the pod')
}

it('a server that is given the owner’s address says that it does not need it', async () => {
  const one = run(['serve'], { DATABASE_MIGRATION_URL: owner() })
  await one.says(/mPanel serves/)
  expect(one.output()).toMatch(/DATABASE_MIGRATION_URL .* does not need it/)
  one.child.kill('SIGTERM')
  await one.ended
})

it('a login that may not work as the application is told what it lacks', async () => {
  await superuser.query(`revoke mpanel_app from panel_${ID}_server`)
  expect(await refused(run(['serve']))).toMatch(/as panel_\w+_server: .*member of the role mpanel_app/)
  await superuser.query(`grant mpanel_app to panel_${ID}_server`)
})
