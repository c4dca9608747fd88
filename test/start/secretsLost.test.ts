import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Alert } from '../../shared/api/provisioningControls.ts'
import type { Cluster, Job } from '../../shared/api/provisioning.ts'
import { addProvider } from '../../src/services/billing/providers.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import { privateIssuer, privateRoot } from '../../src/services/sslService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { createApi, type Api } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { enrol, passwordStep, tokenOf, withToken } from '../users/factors.ts'
import { person, session, type Person } from '../users/people.ts'
import { dataFolder, mpanel, type Run } from './process.ts'

const [OLD, NEW] = [randomBytes(32), randomBytes(32)]
const CLUSTERS = '/api/admin/provisioning/clusters'
let app: TestApp
let folder = ''
let somebody: Person
let codes: string[]
let root = ''
let tokenSecret = ''
const running: Run[] = []

beforeAll(async () => {
  app = await startApp({ worker: false, env: { MPANEL_SECRET_KEY: OLD.toString('base64') } })
  folder = await dataFolder()
  await app.as(provisioningService.requireSecretKey)
  somebody = await person(app, 'SUPPORT')
  ;({ codes } = await enrol(app, (await session(app, somebody.email)).api))
  await app.as(async (ctx) => {
    const key = 'sk_test_example'
    const webhookSecret = 'whsec_example'
    await addProvider(ctx, { kind: 'stripe', tenantId: null, key, webhookSecret, chargesAutomatically: true })
    tokenSecret = (await provisioningService.clusterConnection(ctx, app.clusterId)).token?.secret ?? ''
    await privateIssuer(ctx)
    root = await privateRoot(ctx)
  })
  await sealAll(app.root)
})
afterAll(async () => {
  for (const { child, ended } of running) {
    child.kill('SIGTERM')
    await ended
  }
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

const start = (args: string[], key: Buffer): Run =>
  mpanel(args, {
    DATABASE_URL: app.databaseUrl,
    MPANEL_DATA_DIR: folder,
    MPANEL_PORT: '0',
    MPANEL_SECRET_KEY: key.toString('base64'),
    MPANEL_AUDIT_CHECKPOINTS: app.config.auditCheckpoints,
  })
async function run(args: string[], key = NEW): Promise<{ code: number; text: string }> {
  const made = start(args, key)
  return { code: (await made.ended) ?? -1, text: made.output() }
}
const messageOf = (answer: { body: unknown }): string => (answer.body as { detail: string }).detail

it('what is lost with the key is shown first, by kind and name, and nothing is changed', async () => {
  const { code, text } = await run(['secrets', 'lost'])
  expect(text).toContain('tokens of clusters (1): simulated')
  expect(text).toContain(`authenticator apps of people (1): ${somebody.email}`)
  expect(text).toContain('keys of payment providers (1): stripe')
  expect(text).toContain('keys of the private CA (1): Private CA')
  expect(text).toContain('the key that signs the audit log')
  expect(text).toMatch(/mpanel secrets lost --confirm \d+$/m)
  expect(code).toBe(0)
  expect((await run(['doctor'])).text).toMatch(/FAIL +secret key: .*mpanel secrets lost/)
  expect((await run(['doctor'], OLD)).text).toMatch(/ok +secret key: it opens/)
  expect((await run(['secrets', 'lost'], OLD)).text).toContain('Nothing is lost')
}, 300_000)

it('nothing is given up while a worker runs, for another number, or without one', async () => {
  const worker = start(['worker'], OLD)
  await worker.says(/is running/)
  const refused = await run(['secrets', 'lost', '--confirm', '4'])
  worker.child.kill('SIGTERM')
  await worker.ended
  expect(refused.text).toContain('A worker is running, so the key is not lost')
  expect(refused.code).toBe(1)
  for (const [args, told] of [
    [['--confirm', '4711'], /secrets are lost, and not 4711: look again/],
    [['--confirm', 'yes'], /takes the number/],
    [['--yes'], /--yes/],
  ] as const) {
    const { code, text } = await run(['secrets', 'lost', ...args])
    expect(text).toMatch(told)
    expect(code).toBe(1)
  }
  expect((await run(['doctor'], OLD)).text).toMatch(/ok +secret key: it opens/)
}, 300_000)

it('given up, the installation starts again, and all that has lost its secret says so', async () => {
  const [, total = ''] = /--confirm (\d+)/.exec((await run(['secrets', 'lost'])).text) ?? []
  const done = await run(['secrets', 'lost', '--confirm', total])
  expect(done.text).toContain('Marked as lost')
  expect(done.code).toBe(0)
  expect((await run(['secrets', 'lost'])).text).toContain('Nothing is lost')
  expect((await run(['secrets', 'lost', '--confirm', '0'])).text).toContain('Nothing is lost')
  expect((await run(['serve'], OLD)).text).toContain('not the one of this database')

  await provisioningService.watch(app.root)
  const doctor = await run(['doctor'])
  expect(doctor.text).toMatch(/ok +secret key/)
  expect(doctor.text).toMatch(/FAIL +lost secrets: tokens of clusters \(1\): simulated\. Enter it again/)
  expect(doctor.text).toMatch(/FAIL +cluster simulated: Its secret was lost.*enter it again/)
  // Said once, although there is an alert about it.
  expect(doctor.text.match(/no_worker|FAIL +workers/g)).toEqual(['FAIL  workers'])
  expect(doctor.text.match(/tokens of clusters/g)).toHaveLength(1)

  const { rows } = await app.as(({ tx }) =>
    sql<{ details: unknown }>`select details from audit_events where action = 'SECRETS_LOST'`.execute(tx),
  )
  expect(rows).toMatchObject([
    {
      details: {
        total: Number(total),
        ofAuditLog: true,
        kinds: expect.arrayContaining(['tokens of clusters: 1']),
      },
    },
  ])
  expect(await app.as(privateRoot)).not.toBe(root)
}, 300_000)

async function serve(): Promise<{ url: string; admin: Api }> {
  const [server, worker] = [start(['serve'], NEW), start(['worker'], NEW)]
  running.push(server, worker)
  const [, url = ''] = await server.says(/mPanel serves (http:\S+)/)
  await worker.says(/is running/)
  return {
    url,
    admin: await createApi(url, { email: 'admin@example.com', password: 'correct-horse-battery' }),
  }
}

it('jobs wait for the secret, and go on when it was entered again; people get in by a recovery code', async () => {
  const { url, admin } = await serve()
  const cluster = async () => (await admin.get<Cluster>(`${CLUSTERS}/${app.clusterId}`)).body
  expect(await cluster()).toMatchObject({
    health: 'failing',
    healthMessage: expect.stringContaining('Its secret was lost'),
  })
  expect(await admin.post(`${CLUSTERS}/${app.clusterId}/check`, {})).toMatchObject({
    status: 409,
    body: { code: 'secret_lost' },
  })
  await admin.call('PATCH', `${CLUSTERS}/${app.clusterId}`, { vmidMin: 110_000 })
  const waiting = await until(async () => {
    const { body } = await admin.get<{ items: Job[] }>('/api/admin/provisioning/jobs?kind=cluster.sync')
    return body.items.find((job) => job.waitingFor?.includes('Its secret was lost'))
  }, 'the job that waits')
  const path = `/api/admin/provisioning/jobs/${waiting.id}`
  const alerts = await until(async () => {
    const { body } = await admin.get<{ items: Alert[] }>('/api/admin/provisioning/alerts')
    const lost = body.items.filter((alert) => alert.code === 'secret_lost')
    return lost.length > 0 && lost
  }, 'the alerts')
  expect(alerts.map(({ ref }) => ref)).toContain('clusters.token_secret_sealed')

  expect((await admin.call('PATCH', `${CLUSTERS}/${app.clusterId}`, { tokenSecret })).status).toBe(200)
  await until(async () => (await admin.get<Job>(path)).body.state === 'succeeded', 'the job')
  expect(await cluster()).toMatchObject({ health: 'ok', healthMessage: null })

  const served = { ...app, url }
  const { token } = await passwordStep(served, somebody.email)
  const pending = await withToken(served, token)
  const refused = await pending.post('/api/auth/mfa', { code: '123456' })
  expect(refused.status).toBe(422)
  expect(messageOf(refused)).toContain('Use a recovery code or a passkey')
  const entered = await pending.post('/api/auth/mfa', { code: codes[0] })
  expect(entered.status).toBe(200)
  const own = await withToken(served, tokenOf(entered))
  expect((await run(['admin', 'remove-totp', '--email', 'nobody@example.com'])).text).toContain(
    'No such user',
  )
  expect((await run(['admin', 'remove-totp', '--email', somebody.email])).code).toBe(0)
  expect((await run(['admin', 'remove-totp', '--email', somebody.email])).text).toContain(
    'no authenticator app',
  )
  expect((await enrol(served, own)).codes).toHaveLength(10)
}, 300_000)

it('what was signed before is still proven, and so is what the new key signs', async () => {
  const { admin } = await serve()
  await until(async () => {
    const { body } = await admin.get<{ unsealed: { events: number } }>('/api/admin/audit/checkpoints')
    return body.unsealed.events === 0
  }, 'the seals')
  const verified = await run(['audit', 'verify'])
  expect(verified.text).toContain('the audit log is intact')
  expect(verified.code).toBe(0)
  const file = join(folder, 'audit.jsonl')
  await writeFile(file, await textOf(admin))
  const { publicKey, formerKeys } = JSON.parse((await readFile(file, 'utf8')).split('\n')[0] ?? '') as {
    publicKey: string
    formerKeys: string[]
  }
  const keys = [publicKey, ...formerKeys].flatMap((key) => ['--key', key])
  expect((await run(['audit', 'verify', '--file', file, ...keys])).text).toContain('the file is intact')
  expect((await run(['audit', 'verify', '--file', file])).code).toBe(0)
  const alone = await run(['audit', 'verify', '--file', file, '--key', publicKey])
  expect(alone.text).toContain('forged: the signature of batch 1 ')
  expect(alone.code).toBe(1)
}, 300_000)

const textOf = async (api: Api): Promise<string> =>
  (await api.call<string>('GET', '/api/admin/audit/events/export')).body
