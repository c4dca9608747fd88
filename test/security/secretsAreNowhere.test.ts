import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TotpEnrolment } from '../../shared/api/authAccount.ts'
import type { AuditSinkMade } from '../../shared/api/auditSinks.ts'
import { newId } from '../../src/lib/ids.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import { ownerOf } from '../rules/rows.ts'
import { roleIn } from '../rules/cases.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, session } from '../users/people.ts'

let app: TestApp
const planted = new Map<string, string>()
/** Bodies of answers that refused something. */
const refusals: string[] = []

const plant = (what: string, secret = `Canary-${newId()}`): string => {
  planted.set(what, secret)
  return secret
}
/** A change that may be repeated by its key, so that its answer is kept. */
async function post(path: string, body: object): Promise<{ status: number; body: Partial<AuditSinkMade> }> {
  const answer = await app.admin.post<Partial<AuditSinkMade>>(path, body, { 'idempotency-key': newId() })
  if (answer.status >= 400) refusals.push(JSON.stringify(answer.body))
  return answer
}

beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  const tenantId = await app.tenant()
  const user = {
    email: `${newId()}@example.com`,
    name: 'New',
    tenantId,
    roleId: (await roleIn(app, tenantId)).id,
  }
  expect((await post('/api/admin/users', { ...user, password: plant('password') })).status).toBe(201)
  await post('/api/admin/users', { ...user, email: 'not one', password: plant('password of a refused user') })
  const cluster = { name: newId(), apiUrl: 'https://127.0.0.1:9', tokenId: 'mpanel@pve!panel' }
  const made = await post('/api/admin/provisioning/clusters', {
    ...cluster,
    tokenSecret: plant('cluster token'),
  })
  expect(made.status).toBeLessThan(300)
  await post('/api/admin/provisioning/clusters', {
    ...cluster,
    tokenSecret: plant('token of a refused cluster'),
  })
  const { api } = await session(app, (await person(app, 'SUPPORT')).email)
  plant('TOTP secret', (await api.post<TotpEnrolment>('/api/auth/mfa/totp', {})).body.secret)
  plant('API key', (await keyOf(app, 'admin@example.com')).token)
  const sink = { tenantId: null, kind: 'webhook', name: newId(), address: 'https://receiver.example.com/' }
  const webhook = { tenantId: null, url: 'https://receiver.example.com/' }
  plant('secret of a webhook', (await post('/api/admin/audit/webhooks', webhook)).body.secret ?? '')
  plant('webhook secret', (await post('/api/admin/audit/sinks', sink)).body.secret ?? '')
  const wrong = { email: 'admin@example.com', password: plant('password of a failed log-in') }
  refusals.push(JSON.stringify((await api.post('/api/auth/login', wrong)).body))
  await sealAll(app.root)
})
afterAll(() => app.close())

test('every kind of secret was planted', () => {
  expect(planted.size).toBe(9)
  for (const secret of planted.values()) expect(secret.length).toBeGreaterThan(15)
  expect(refusals.length).toBeGreaterThanOrEqual(3)
})

test('no row of any table holds a planted secret: audit events, jobs, kept answers and all others', async () => {
  const owner = await ownerOf(app.ownerUrl)
  await owner.query(`set app.scope = 'platform'`)
  const tables = await owner.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  )
  expect(tables.length).toBeGreaterThan(30)
  for (const { name } of tables)
    for (const [what, secret] of planted) {
      const [row] = await owner.query<{ n: number }>(
        `select count(*)::int as n from ${name} t where strpos(t::text, $1) > 0`,
        [secret],
      )
      expect(row?.n, `${what} in ${name}`).toBe(0)
    }
  await owner.close()
})

test('no log line, refusal, audit list or description of the API holds a planted secret', async () => {
  const events = await app.admin.get('/api/admin/audit/events?limit=200')
  const api = await app.admin.get('/api/openapi.json')
  const places = {
    logs: app.logs,
    refusals,
    events: [JSON.stringify(events.body)],
    api: [JSON.stringify(api.body)],
  }
  for (const [place, texts] of Object.entries(places))
    for (const [what, secret] of planted)
      expect(
        texts.some((text) => text.includes(secret)),
        `${what} in ${place}`,
      ).toBe(false)
})
