import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import type { Me } from '../../shared/api/auth.ts'
import type { OwnImpersonation } from '../../shared/api/impersonation.ts'
import { PEOPLE_ONLY } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import { routes } from '../../src/routes/index.ts'
import { podIn } from '../rules/cases.ts'
import { serviceAccountIn } from '../rules/casesKeys.ts'
import { catalogue, type Api } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { codeOf, enrol, tokenOf, withToken } from '../users/factors.ts'
import { actingAs, operator, REASON, type Operator } from '../users/operators.ts'
import { keyOf, PASSWORD, person, roleId, session, type Person } from '../users/people.ts'

const MINUTE = 60_000
let app: TestApp
let tenantId: string
let user: Person
let by: Operator
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
  user = await person(app, 'TENANT_OWNER', tenantId)
  by = await operator(app)
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

const start = (api: Api, id: string = user.id, body: object = { reason: REASON }) =>
  api.post<{ code: string; detail: string }>(`/api/admin/users/${id}/impersonation`, body)
const viewAs = (api: Api, id: string = user.id) =>
  api.post<{ code: string; detail: string }>(`/api/admin/users/${id}/view-as`, { reason: REASON })
const me = async (api: Api): Promise<Me> => (await api.get<Me>('/api/auth/me')).body
const run = (statement: ReturnType<typeof sql>) => app.as((ctx) => statement.execute(ctx.tx))

describe('it needs', () => {
  test('the permission: support may only look, billing not even that', async () => {
    const support = await operator(app, 'SUPPORT')
    expect((await start(support.api)).status).toBe(403)
    expect((await viewAs(support.api)).status).toBe(204)
    expect((await viewAs((await operator(app, 'BILLING')).api)).status).toBe(403)
  })

  test('a person: no key, whatever it may', async () => {
    expect((await start((await keyOf(app, by.email)).api)).status).toBe(403)
  })

  test.each([undefined, '', 'too short', ' '.repeat(20), 'x'.repeat(501)])(
    'a reason that says something: not %j',
    async (reason) => expect((await start(by.api, user.id, { reason })).status).toBe(422),
  )

  test('a second factor: who has none is told where to set one up', async () => {
    const { api } = await session(app, (await person(app, 'PLATFORM_ADMIN')).email)
    expect(await start(api)).toMatchObject({
      status: 403,
      body: { code: 'mfa_enrolment_required', detail: expect.stringContaining('My account, Security') },
    })
  })

  test('that this factor was used within ten minutes, not only the password', async () => {
    const { email } = await person(app, 'PLATFORM_ADMIN')
    const { api } = await session(app, email)
    const { secret } = await enrol(app, (await session(app, email)).api)
    const refused = { status: 403, body: { code: 'step_up_required' } }
    expect(await start(api)).toMatchObject(refused)
    expect((await api.post('/api/auth/step-up', { code: codeOf(app, secret) })).status).toBe(204)
    app.clock.offsetMs = 11 * MINUTE
    expect(await start(api)).toMatchObject(refused)
    expect((await api.post('/api/auth/step-up', { code: codeOf(app, secret) })).status).toBe(204)
    expect((await start(api)).status).toBe(204)
  })
})

describe('nobody acts as', () => {
  test('himself, a user of the platform, a service account, a disabled user, or one that there is not', async () => {
    expect((await start(by.api, by.id)).status).toBe(403)
    expect((await start(by.api, (await person(app, 'BILLING')).id)).status).toBe(403)
    expect((await viewAs(by.api, (await person(app, 'SUPER_ADMIN')).id)).status).toBe(403)
    expect((await start(by.api, (await serviceAccountIn(app, tenantId)).id)).status).toBe(403)
    const gone = await person(app, 'TENANT_USER', tenantId)
    await run(sql`update users set state = 'disabled' where id = ${gone.id}`)
    expect((await start(by.api, gone.id)).status).toBe(409)
    expect((await start(by.api, newId())).status).toBe(404)
  })

  test('somebody with more rights than he has; who only looks sees no more than he may himself', async () => {
    const role = { tenantId: null, key: `helper-${newId().slice(-8)}`, name: 'Helper' }
    const permissions = ['users:impersonate', 'cloudpods:read', 'customers:read']
    const made = await app.admin.post<{ id: string }>('/api/admin/users/roles', { ...role, permissions })
    const helper = await operator(app, 'SUPPORT')
    const grant = { tenantId: null, roleId: made.body.id }
    await app.admin.post(`/api/admin/users/${helper.id}/grants`, grant)
    await app.admin.call('DELETE', `/api/admin/users/${helper.id}/grants`, {
      tenantId: null,
      roleId: await roleId(app, 'SUPPORT'),
    })
    expect((await start(helper.api)).status).toBe(403)
    const looking = await actingAs(app, user.id, { by: helper, readOnly: true })
    expect((await me(looking.api)).tenants[0]?.permissions.toSorted()).toEqual([
      'cloudpods:read',
      'customers:read',
    ])
  })

  test('somebody else from within: it is never nested', async () => {
    const { api } = await actingAs(app, user.id, { by: await operator(app) })
    expect((await start(api, (await person(app, 'TENANT_USER', tenantId)).id)).status).toBe(403)
  })
})

describe('under another name', () => {
  let acting: Api
  let looking: Api
  beforeAll(async () => {
    acting = (await actingAs(app, user.id, { by: await operator(app) })).api
    looking = (await actingAs(app, user.id, { by: await operator(app), readOnly: true })).api
  })

  test('one is told so, with the operator and the end', async () => {
    const { user: shown, impersonation } = await me(acting)
    expect(shown.id).toBe(user.id)
    expect(impersonation).toMatchObject({ readOnly: false, reason: REASON })
    expect((await me(looking)).impersonation?.readOnly).toBe(true)
    expect((await me(app.admin)).impersonation).toBeNull()
  })

  const isForUsers = (route: (typeof routes)[number]) =>
    typeof route.access === 'object' && PEOPLE_ONLY.includes(route.access.permission)
  const theirs = routes.filter(
    (route) =>
      route.access !== 'public' &&
      !route.whileImpersonating &&
      (route.sessionOnly || route.stepUp || route.method === 'DELETE' || (isForUsers(route) && route.body)),
  )
  test('what is the user’s own business is refused: password, factors, keys, users, payment, removal', async () => {
    const ids = theirs.map(({ operationId }) => operationId)
    for (const id of ['changePassword', 'enrolTotp', 'createOwnApiKey', 'grantRole', 'deleteCloudPod'])
      expect(ids).toContain(id)
    for (const { method, path, body, operationId } of theirs) {
      const sent = body ? {} : undefined
      const answer = await acting.call(method, path.replace('{id}', newId()), sent)
      expect(answer.status, operationId).toBe(403)
    }
    const id = newId()
    expect((await acting.post(`/api/admin/billing/subscriptions/${id}/cancel`, { when: 'now' })).status).toBe(
      403,
    )
    expect((await acting.post(`/api/admin/billing/invoices/${id}/payments`, {})).status).toBe(403)
  })

  test('other changes are possible, but not for who only looks', async () => {
    const body = { tenantId, name: 'Ada', email: 'ada@example.com' }
    expect((await acting.post('/api/admin/customers', body)).status).toBe(201)
    const changes = routes.filter(
      ({ method, access, whileImpersonating }) =>
        method !== 'GET' && access !== 'public' && !whileImpersonating,
    )
    for (const { method, path, operationId, body: schema } of changes) {
      const sent = schema ? {} : undefined
      const answer = await looking.call(method, path.replace('{id}', newId()), sent)
      expect(answer.status, operationId).toBe(403)
    }
    expect((await looking.get('/api/admin/customers')).status).toBe(200)
  })

  test('a way to make a change by another method does not exist', async () => {
    const body = { tenantId, name: 'Ada', email: 'ada@example.com' }
    const headers = { 'x-http-method-override': 'GET' }
    expect((await looking.post('/api/admin/customers', body, headers)).status).toBe(403)
  })
})

const events = async (query: string): Promise<AuditEvent[]> =>
  (await app.admin.get<{ items: AuditEvent[] }>(`/api/admin/audit/events?${query}`)).body.items

test('every event has both identities, and the tenant and the user see it', async () => {
  const own = await operator(app)
  const target = await person(app, 'TENANT_OWNER', tenantId)
  const { api } = await actingAs(app, target.id, { by: own })
  const made = await api.post<{ id: string }>('/api/admin/customers', {
    tenantId,
    name: 'Ada',
    email: 'ada@example.com',
  })
  const [created] = await events(`targetId=${made.body.id}`)
  const impersonator = { id: own.id, label: own.email }
  expect(created?.actor).toEqual({ type: 'user', id: target.id, label: target.email, impersonator })
  const { plan, blueprint } = await catalogue(app.admin)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: `p-${newId().slice(-9)}` }
  const pod = await api.post<{ job: { id: string } }>('/api/admin/hosting/cloudpods', order)
  const jobs = await app.as(async (ctx) => {
    const { rows } = await sql<{ actor: object }>`select actor from provisioning_jobs
      where id = ${pod.body.job.id}`.execute(ctx.tx)
    return rows
  })
  expect(jobs[0]?.actor).toMatchObject({ id: target.id, impersonator })
  expect((await api.call('DELETE', '/api/auth/impersonation')).status).toBe(204)

  const theirs = (await session(app, target.email)).api
  const seen = await theirs.get<{ items: AuditEvent[] }>(`/api/admin/audit/events?targetId=${target.id}`)
  const told = seen.body.items.filter(({ action }) => action.startsWith('IMPERSONATION'))
  expect(told.map(({ action, tenantId: where }) => [action, where])).toEqual([
    ['IMPERSONATION_ENDED', tenantId],
    ['IMPERSONATION_STARTED', tenantId],
  ])
  expect(told[1]).toMatchObject({ actor: { id: own.id }, details: { reason: REASON, readOnly: false } })
  const list = await theirs.get<{ items: OwnImpersonation[] }>('/api/auth/impersonations')
  expect(list.body.items).toMatchObject([{ reason: REASON, readOnly: false }])
  expect(list.body.items[0]?.by).toContain(own.email)
})

describe('it ends', () => {
  const isOver = async (api: Api) => (await api.get('/api/auth/me')).status === 401

  test('after half an hour', async () => {
    const { api } = await actingAs(app, user.id, { by: await operator(app) })
    for (const minutes of [10, 20, 29]) {
      app.clock.offsetMs = minutes * MINUTE
      expect(await isOver(api), `${minutes} minutes`).toBe(false)
    }
    app.clock.offsetMs = 30 * MINUTE + 1_000
    expect(await isOver(api)).toBe(true)
  })

  test('by the operator, who has his own session again, with a new token', async () => {
    const own = await operator(app)
    const { api } = await actingAs(app, user.id, { by: own })
    const stopped = await api.call('DELETE', '/api/auth/impersonation')
    const token = tokenOf(stopped)
    expect(token).not.toBe(own.token)
    const again = await withToken(app, token)
    expect((await me(again)).user.id).toBe(own.id)
    expect((await me(again)).impersonation).toBeNull()
    expect(await isOver(api)).toBe(true)
    expect(await isOver(own.api)).toBe(true)
    expect((await again.call('DELETE', '/api/auth/impersonation')).status).toBe(409)
  })

  test('with a log-out, which ends the operator’s session too', async () => {
    const own = await operator(app)
    const { api } = await actingAs(app, user.id, { by: own })
    expect((await api.post('/api/auth/logout', {})).status).toBe(204)
    expect(await isOver(api)).toBe(true)
    expect(await isOver(own.api)).toBe(true)
  })

  const endings: [string, (own: Operator, target: Person) => Promise<unknown>][] = [
    [
      'the operator loses the permission',
      (own) => run(sql`delete from role_grants where user_id = ${own.id}`),
    ],
    ['the operator is disabled', (own) => run(sql`update users set state = 'disabled' where id = ${own.id}`)],
    [
      'the operator’s own session ends',
      (own) => run(sql`update sessions set revoked_at = now() where user_id = ${own.id}`),
    ],
    [
      'the operator removes his second factor',
      (own) => run(sql`delete from user_totp where user_id = ${own.id}`),
    ],
    [
      'the user is given a role of the platform',
      async (_, { id }) =>
        app.admin.post(`/api/admin/users/${id}/grants`, {
          tenantId: null,
          roleId: await roleId(app, 'BILLING'),
        }),
    ],
    [
      'the user ends all sessions by a new password',
      async (_, { email }) =>
        (await session(app, email)).api.post('/api/auth/password', {
          current: PASSWORD,
          password: `Gull-Orbit-${newId()}`,
        }),
    ],
  ]
  test.each(endings)('at the next request when %s', async (_, happens) => {
    const own = await operator(app)
    const target = await person(app, 'TENANT_USER', tenantId)
    const { api } = await actingAs(app, target.id, { by: own })
    expect(await isOver(api)).toBe(false)
    await happens(own, target)
    expect(await isOver(api)).toBe(true)
  })
})

test('a job that an operator started is refused when he may not act for others any more', async () => {
  const own = await operator(app)
  const { api } = await actingAs(app, user.id, { by: own })
  const { plan, blueprint } = await catalogue(app.admin)
  const order = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname: `p-${newId().slice(-9)}` }
  const { body } = await api.post<Awaited<ReturnType<typeof podIn>>>('/api/admin/hosting/cloudpods', order)
  await run(sql`delete from role_grants where user_id = ${own.id}`)
  await app.startWorker()
  expect(await finished(app.admin, body.job.id)).toMatchObject({
    state: 'failed',
    error: { code: 'forbidden' },
  })
})

test('the user’s own list of sessions does not show operators', async () => {
  const target = await person(app, 'TENANT_USER', tenantId)
  await actingAs(app, target.id, { by })
  const list = await (await session(app, target.email)).api.get<{ items: unknown[] }>('/api/auth/sessions')
  expect(list.body.items).toHaveLength(1)
})
