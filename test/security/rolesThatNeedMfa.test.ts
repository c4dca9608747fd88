import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Me } from '../../shared/api/auth.ts'
import type { Role, User } from '../../shared/api/users.ts'
import { newId } from '../../src/lib/ids.ts'
import { routes } from '../../src/routes/index.ts'
import type { BuiltinRole } from '../../shared/permissions.ts'
import type { Api } from '../support/api.ts'
import { addressOf } from '../rules/cases.ts'
import { enrol } from '../users/factors.ts'
import { keyOf, person, session, setMfaPolicy } from '../users/people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  await setMfaPolicy(app, 'TENANT_OWNER', true)
  await setMfaPolicy(app, 'SUPER_ADMIN', true)
})
afterAll(() => app.close())

const OPEN = [
  'addPasskey',
  'beginPasskey',
  'beginSsoStepUp',
  'beginStepUp',
  'chooseLanguage',
  'confirmTotp',
  'enrolTotp',
  'getMe',
  'getMfa',
  'getPasskeys',
  'getStepUpWays',
  'logout',
  'stepUp',
]

test('a user of such a role can only enrol, by session and by key, and then everything', async () => {
  const user = await person(app, 'SUPER_ADMIN')
  const { api } = await session(app, user.email)
  const key = await keyOf(app, user.email)
  const closed = routes.filter((route) => route.access !== 'public' && !route.beforeEnrolment)
  expect(
    routes
      .filter((route) => route.beforeEnrolment)
      .map((one) => one.operationId)
      .toSorted(),
  ).toEqual(OPEN)
  expect(closed.length).toBeGreaterThan(35)
  for (const route of closed) {
    for (const caller of route.sessionOnly ? [api] : [api, key.api]) {
      const answer = await caller.call(route.method, addressOf(route.path, {}), route.body ? {} : undefined)
      expect(answer, route.operationId).toMatchObject({
        status: 403,
        body: { code: 'mfa_enrolment_required' },
      })
    }
  }
  expect((await api.get<Me>('/api/auth/me')).body.mustEnrol).toBe(true)
  await enrol(app, api)
  expect((await api.get<Me>('/api/auth/me')).body.mustEnrol).toBe(false)
  for (const caller of [api, key.api]) expect((await caller.get('/api/admin/tenants')).status).toBe(200)
})

test('in one tenant it is needed as well, and other roles are left alone', async () => {
  const tenantId = await app.tenant()
  const owner = await session(app, (await person(app, 'TENANT_OWNER', tenantId)).email)
  const member = await session(app, (await person(app, 'TENANT_USER', tenantId)).email)
  expect((await owner.api.get('/api/admin/tenants')).body).toMatchObject({ code: 'mfa_enrolment_required' })
  expect((await member.api.get('/api/admin/tenants')).status).toBe(200)
})

describe('who decides which roles need one', () => {
  const roleNamed = async (api: Api, key: string): Promise<Role | undefined> =>
    (await api.get<{ items: Role[] }>('/api/admin/users/roles?limit=200')).body.items.find(
      (role) => role.key === key,
    )
  const decide = (api: Api, id: string | undefined, body: object) =>
    api.call<Role>('PATCH', `/api/admin/users/roles/${id}`, body)
  async function enrolled(role: BuiltinRole, tenantId?: string): Promise<Api> {
    const { api } = await session(app, (await person(app, role, tenantId)).email)
    await enrol(app, api)
    return api
  }

  test('of a built-in role the platform does, and nothing else of it is changed', async () => {
    const [boss, tenantId] = [await enrolled('SUPER_ADMIN'), await app.tenant()]
    const role = await roleNamed(boss, 'TENANT_ADMIN')
    const user = await person(app, 'TENANT_ADMIN', tenantId)
    const [{ api }, key] = [await session(app, user.email), await keyOf(app, user.email)]
    for (const caller of [api, key.api]) expect((await caller.get('/api/admin/tenants')).status).toBe(200)
    expect(await decide(boss, role?.id, { requiresMfa: true })).toMatchObject({
      status: 200,
      body: { requiresMfa: true, builtin: true },
    })
    for (const caller of [api, key.api])
      expect((await caller.get('/api/admin/tenants')).body).toMatchObject({ code: 'mfa_enrolment_required' })
    const asked = `/api/admin/users/${user.id}/explain?permission=cloudpods:read&tenantId=${tenantId}`
    expect((await boss.get(asked)).body).toMatchObject({
      allowed: false,
      sentence: expect.stringContaining('needs a second factor') as string,
    })
    expect((await decide(boss, role?.id, { requiresMfa: false, name: 'Chief' })).status).toBe(409)
    expect((await decide(boss, role?.id, { requiresMfa: false })).status).toBe(200)
    expect((await api.get('/api/admin/tenants')).status).toBe(200)
  })

  test('of a tenant’s own role its owner does, of no built-in one', async () => {
    const tenantId = await app.tenant()
    const owner = await enrolled('TENANT_OWNER', tenantId)
    const body = { tenantId, key: `role-${newId().slice(-10)}`, name: 'Own', permissions: ['cloudpods:read'] }
    const own = (await owner.post<Role>('/api/admin/users/roles', body)).body
    expect(own.requiresMfa).toBe(false)
    const user = await person(app, 'TENANT_USER', tenantId)
    const grants = `/api/admin/users/${user.id}/grants`
    expect((await owner.post<User>(grants, { roleId: own.id, tenantId })).status).toBe(200)
    const { api } = await session(app, user.email)
    expect((await decide(owner, own.id, { requiresMfa: true })).body).toMatchObject({ requiresMfa: true })
    expect((await api.get('/api/admin/hosting/cloudpods')).body).toMatchObject({
      code: 'mfa_enrolment_required',
    })
    const builtin = await roleNamed(owner, 'TENANT_USER')
    expect((await decide(owner, builtin?.id, { requiresMfa: true })).status).toBe(403)
  })

  test('of the super administrators’ role only they do', async () => {
    const admin = await enrolled('PLATFORM_ADMIN')
    const role = await roleNamed(admin, 'SUPER_ADMIN')
    expect((await decide(admin, role?.id, { requiresMfa: false })).status).toBe(403)
    expect((await decide(await enrolled('SUPER_ADMIN'), role?.id, { requiresMfa: true })).status).toBe(200)
  })
})
