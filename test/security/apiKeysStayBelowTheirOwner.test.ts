import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ApiKey, MadeApiKey } from '../../shared/api/apiKeys.ts'
import { PEOPLE_ONLY, PERMISSIONS, type Permission } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Route } from '../../src/routes/define.ts'
import { routes } from '../../src/routes/index.ts'
import { createApi, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { some } from '../support/some.ts'
import { keyOf, person, session, type Person } from '../users/people.ts'
import { contactIn, customerIn, podIn } from '../rules/cases.ts'

const HOUR = 3_600_000
let app: TestApp
let tenantId: string
let owner: Person
let ownerSession: Api
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
  owner = await person(app, 'TENANT_OWNER', tenantId)
  ownerSession = (await session(app, owner.email)).api
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

/** A request that is authorised like any other and can have no effect. */
const harmless = (api: Api, { method, path, body }: Route) =>
  api.call<{ code: string }>(
    method,
    path.replace('{id}', newId()) + (method === 'GET' ? '?limit=0' : ''),
    body ? {} : undefined,
  )
const permissionOf = ({ access }: Route): Permission | undefined =>
  typeof access === 'object' ? access.permission : undefined
const forPeople = (permission: Permission | undefined): boolean =>
  permission !== undefined && PEOPLE_ONLY.includes(permission)

const closed = routes.filter(({ access, operationId }) => access !== 'public' && operationId !== 'streamJobs')
/** Calls of which the answer does not depend on the key’s scopes. */
const aboutOneself = closed.filter(({ access }) => access === 'authenticated')

test.each(some(PERMISSIONS, 3))(
  'a key with the scope %s alone calls exactly the rows that need it',
  async (scope) => {
    const { api } = await keyOf(app, 'admin@example.com', { scopes: [scope] })
    const answers = await Promise.all(
      closed
        .filter((route) => !aboutOneself.includes(route))
        .map(async (route) => [route, (await harmless(api, route)).status] as const),
    )
    const allowed = answers.filter(([, status]) => status !== 403).map(([route]) => route.operationId)
    const needing = closed.filter((route) => permissionOf(route) === scope && !forPeople(scope))
    expect(allowed.toSorted()).toEqual(needing.map((route) => route.operationId).toSorted())
  },
)

test('no key calls a row for people, whatever its scopes and its owner', async () => {
  const { api } = await keyOf(app, 'admin@example.com')
  const rows = closed.filter((route) => forPeople(permissionOf(route)) || route.sessionOnly)
  expect(rows.length).toBeGreaterThan(20)
  for (const route of rows) expect((await harmless(api, route)).status, route.operationId).toBe(403)
})

const create = (api: Api, more: Record<string, unknown> = {}) =>
  api.post<MadeApiKey & { code: string; details?: { permission?: string } }>('/api/auth/api-keys', {
    name: 'test',
    scopes: ['customers:read'],
    tenantId,
    ...more,
  })
const withKey = async (more: Record<string, unknown> = {}): Promise<{ made: MadeApiKey; api: Api }> => {
  const answer = await create(ownerSession, more)
  expect(answer.status).toBe(201)
  return { made: answer.body, api: await createApi(app.url, { key: answer.body.token }) }
}
const CUSTOMERS = '/api/admin/customers'

describe('whoever makes a key gives it', () => {
  test('nothing that he does not hold there', async () => {
    expect(await create(ownerSession, { scopes: ['infrastructure:read'] })).toMatchObject({
      status: 403,
      body: { code: 'forbidden', details: { permission: 'infrastructure:read' } },
    })
    const other = await app.tenant()
    expect((await create(ownerSession, { tenantId: other })).status).toBe(404)
  })

  test.each(PEOPLE_ONLY)('not %s, which is for people', async (scope) => {
    expect(await create(app.admin, { scopes: [scope], tenantId: null })).toMatchObject({ status: 422 })
  })

  test.each([
    ['no scope', { scopes: [] }],
    ['no end', { days: 0 }],
    ['an end beyond a year', { days: 366 }],
    ['an address that is none', { allowedNetworks: ['192.0.2.0/33'] }],
    ['a thing that is not there', { resources: [{ type: 'cloudPod', id: newId() }] }],
    ['a kind of thing that there is not', { resources: [{ type: 'node', id: newId() }] }],
  ])('not %s', async (_, more) => {
    expect((await create(ownerSession, more)).status).toBe(422)
  })

  test('no thing of another tenant', async () => {
    const { id } = await customerIn(app, await app.tenant())
    const resources = [{ type: 'customer', id }]
    expect((await create(ownerSession, { resources })).status).toBe(422)
    expect((await create(app.admin, { resources })).status).toBe(422)
  })

  test('only from a session that has just proven who it is', async () => {
    app.clock.offsetMs = 11 * 60_000
    expect(await create(ownerSession)).toMatchObject({ status: 403, body: { code: 'step_up_required' } })
  })
})

test('a key does no more than its owner once he is demoted, and nothing once he is disabled', async () => {
  const who = await person(app, 'TENANT_OWNER', tenantId)
  const made = await create((await session(app, who.email)).api, {
    scopes: ['customers:read', 'cloudpods:read'],
  })
  const api = await createApi(app.url, { key: made.body.token })
  expect((await api.get(CUSTOMERS)).status).toBe(200)
  await app.as((ctx) =>
    sql`with taken as (delete from role_grants where user_id = ${who.id} returning id, user_id, tenant_id, created_at)
      insert into role_grants (id, user_id, tenant_id, created_at, role_id)
      select ${newId()}, user_id, tenant_id, created_at, (select id from roles where key = 'TENANT_USER') from taken`.execute(
      ctx.tx,
    ),
  )
  expect((await api.get(CUSTOMERS)).status).toBe(403)
  expect((await api.get('/api/admin/hosting/cloudpods')).status).toBe(200)
  await app.as((ctx) => sql`update users set state = 'disabled' where id = ${who.id}`.execute(ctx.tx))
  expect((await api.get('/api/admin/hosting/cloudpods')).status).toBe(401)
})

test('a key is refused with its end, from elsewhere than its networks, and once it is revoked', async () => {
  const { api, made } = await withKey({ days: 1, allowedNetworks: ['127.0.0.1', '2001:db8::1/32'] })
  expect(made.allowedNetworks).toEqual(['127.0.0.1/32', '2001:db8::/32'])
  expect((await api.get(CUSTOMERS)).status).toBe(200)
  app.clock.offsetMs = 24 * HOUR
  expect((await api.get(CUSTOMERS)).status).toBe(401)
  app.clock.offsetMs = 0
  const elsewhere = await withKey({ allowedNetworks: ['192.0.2.7/24'] })
  expect((await elsewhere.api.get(CUSTOMERS)).status).toBe(401)
  const revoked = await ownerSession.call('DELETE', `/api/auth/api-keys/${made.id}`)
  expect(revoked.status).toBe(204)
  expect((await api.get(CUSTOMERS)).status).toBe(401)
  expect((await ownerSession.call('DELETE', `/api/auth/api-keys/${made.id}`)).status).toBe(409)
})

test('a rotated key works on for the overlap and not longer, and its successor has the same limits', async () => {
  const { api, made } = await withKey({ allowedNetworks: ['127.0.0.0/8'] })
  const rotate = `/api/auth/api-keys/${made.id}/rotate`
  const answer = await ownerSession.post<MadeApiKey>(rotate, { overlapHours: 2 })
  expect(answer.status).toBe(201)
  const limits = ({ scopes, tenantId: bound, allowedNetworks, resources, name }: ApiKey) => [
    scopes,
    bound,
    allowedNetworks,
    resources,
    name,
  ]
  expect(limits(answer.body)).toEqual(limits(made))
  expect(answer.body.replaces).toBe(made.id)
  const next = await createApi(app.url, { key: answer.body.token })
  app.clock.offsetMs = 2 * HOUR - 60_000
  expect((await api.get(CUSTOMERS)).status).toBe(200)
  expect((await next.get(CUSTOMERS)).status).toBe(200)
  app.clock.offsetMs = 2 * HOUR + 1_000
  expect((await api.get(CUSTOMERS)).status).toBe(401)
  expect((await next.get(CUSTOMERS)).status).toBe(200)
  app.clock.offsetMs = 0
  expect((await ownerSession.post(rotate, {})).status).toBe(409)
  expect((await ownerSession.post(rotate, { overlapHours: 73 })).status).toBe(422)
})

test('without an overlap the old key ends at once', async () => {
  const { api, made } = await withKey()
  await ownerSession.post(`/api/auth/api-keys/${made.id}/rotate`, { overlapHours: 0 })
  expect((await api.get(CUSTOMERS)).status).toBe(401)
})

describe('a key that is limited to named things', () => {
  const all = ['customers:read', 'customers:update', 'cloudpods:read', 'cloudpods:power', 'jobs:read']

  test('calls what names them, and what is found through them', async () => {
    const { cloudPod, job } = await podIn(app, tenantId)
    const customer = await customerIn(app, tenantId)
    const resources = [
      { type: 'cloudPod', id: cloudPod.id },
      { type: 'customer', id: customer.id },
    ]
    const { api } = await withKey({ scopes: all, resources })
    expect((await api.get(`/api/admin/hosting/cloudpods/${cloudPod.id}`)).status).toBe(200)
    expect((await api.get(`/api/admin/provisioning/jobs/${job.id}`)).status).toBe(200)
    expect((await api.get(`${CUSTOMERS}/${customer.id}/contacts`)).status).toBe(200)
    const body = { name: 'Bob', email: 'bob@example.com' }
    const contact = await api.post<{ id: string }>(`${CUSTOMERS}/${customer.id}/contacts`, body)
    expect(contact.status).toBe(201)
    const path = routes.find(({ operationId }) => operationId === 'updateCustomerContact')?.path ?? ''
    const change = await api.call('PATCH', path.replace('{id}', contact.body.id), { name: 'Eve' })
    expect(change.status).toBe(200)
    expect((await api.get('/api/auth/me')).status).toBe(200)
  })

  test('is refused everything else, lists included, whether it exists or not', async () => {
    const { id } = (await podIn(app, tenantId)).cloudPod
    const { api } = await withKey({ scopes: all, resources: [{ type: 'cloudPod', id }] })
    const other = await podIn(app, tenantId)
    const texts = new Set<string>()
    for (const path of [
      `/api/admin/hosting/cloudpods/${other.cloudPod.id}`,
      `/api/admin/hosting/cloudpods/${newId()}`,
      `/api/admin/provisioning/jobs/${other.job.id}`,
      `${CUSTOMERS}/${(await customerIn(app, tenantId)).id}`,
    ]) {
      const { status, body } = await api.get<{ detail: string }>(path)
      expect(status, path).toBe(403)
      texts.add(body.detail)
    }
    expect([...texts]).toEqual([expect.stringContaining('limited to certain things')])
    const contact = await contactIn(app, tenantId)
    const path = routes.find(({ operationId }) => operationId === 'removeCustomerContact')?.path ?? ''
    expect((await api.call('DELETE', path.replace('{id}', contact.id))).status).toBe(403)
  })

  test('calls no row at all but those about one thing and about itself', async () => {
    const { id } = await customerIn(app, tenantId)
    const { api } = await keyOf(app, 'admin@example.com', { resources: [{ type: 'customer', id }] })
    const answers = await Promise.all(
      closed.map(async (route) => {
        const { operationId, method, path, body, access } = route
        const answer = await api.call(method, path.replace('{id}', newId()), body ? {} : undefined)
        // What is not valid is refused before the thing is looked for: the test above asks for good ones.
        const isAboutOne = typeof access === 'object' && access.where.in === 'object'
        return [operationId, isAboutOne && answer.status === 422 ? 403 : answer.status] as const
      }),
    )
    expect(answers.filter(([, status]) => status !== 403)).toEqual([['getMe', 200]])
  })
})
