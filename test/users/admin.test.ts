import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Explanation, Role, User } from '../../shared/api/users.ts'
import { newId } from '../../src/lib/ids.ts'
import * as userService from '../../src/services/userService.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { enrol } from './factors.ts'
import { keyOf, person, session, type Person } from './people.ts'

let app: TestApp
let tenantId: string
let owner: Person
let ownerApi: Api
let roleIds: Map<string, string>
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
  owner = await person(app, 'TENANT_OWNER', tenantId)
  ownerApi = (await session(app, owner.email)).api
  const { body } = await app.admin.get<{ items: Role[] }>('/api/admin/users/roles')
  roleIds = new Map(body.items.map((role) => [role.key, role.id]))
})
afterAll(() => app.close())

const idOf = (key: string): string => roleIds.get(key) ?? ''
const give = (api: Api, userId: string, roleId: string, where: string | null) =>
  api.post<User>(`/api/admin/users/${userId}/grants`, { roleId, tenantId: where })
const take = (api: Api, userId: string, roleId: string, where: string | null) =>
  api.call<User>('DELETE', `/api/admin/users/${userId}/grants`, { roleId, tenantId: where })

test('the first user of a role that there is not is refused, with the roles that there are', async () => {
  const user = {
    email: 'first@example.com',
    name: 'First',
    password: 'correct-horse-battery',
    tenantId: null,
  }
  const created = app.as((ctx) => userService.createUser(ctx, { ...user, role: 'SUPERADMIN' }))
  await expect(created).rejects.toThrow(
    /There is no role SUPERADMIN\. Built in are SUPER_ADMIN, .*TENANT_OWNER/,
  )
})

const roleWith = async (api: Api, permissions: string[], where: string | null = tenantId) =>
  api.post<Role>('/api/admin/users/roles', {
    tenantId: where,
    key: `role-${newId().slice(-10)}`,
    name: 'Own role',
    permissions,
  })

describe('a custom role', () => {
  test('allows exactly what it holds, and a change of it holds at the next request', async () => {
    const role = await roleWith(ownerApi, ['cloudpods:read'])
    expect(role.status).toBe(201)
    const user = await person(app, 'TENANT_USER', tenantId)
    await take(ownerApi, user.id, idOf('TENANT_USER'), tenantId)
    expect((await give(ownerApi, user.id, role.body.id, tenantId)).status).toBe(404)
    expect((await give(app.admin, user.id, role.body.id, tenantId)).status).toBe(200)
    const { api } = await session(app, user.email)
    expect((await api.get('/api/admin/hosting/cloudpods')).status).toBe(200)
    expect((await api.get('/api/admin/customers')).status).toBe(403)
    const path = `/api/admin/users/roles/${role.body.id}`
    expect((await ownerApi.call('PATCH', path, { permissions: ['customers:read'] })).status).toBe(200)
    expect((await api.get('/api/admin/hosting/cloudpods')).status).toBe(403)
    expect((await api.get('/api/admin/customers')).status).toBe(200)
    expect((await ownerApi.call('DELETE', path)).status).toBe(409)
    await take(ownerApi, user.id, role.body.id, tenantId)
    expect((await api.get('/api/admin/customers')).status).toBe(403)
    expect((await ownerApi.call('DELETE', path)).status).toBe(204)
  })

  test('of a tenant cannot hold what concerns the platform, whoever makes it', async () => {
    expect((await roleWith(app.admin, ['infrastructure:read'])).status).toBe(422)
    expect((await roleWith(ownerApi, ['billing:manage'])).status).toBe(422)
  })

  test('is not given what its maker does not hold', async () => {
    const maker = await roleWith(ownerApi, ['roles:manage', 'cloudpods:read'])
    const user = await person(app, 'TENANT_USER', tenantId)
    expect((await give(ownerApi, user.id, maker.body.id, tenantId)).status).toBe(200)
    const { api } = await session(app, user.email)
    const refused = await roleWith(api, ['cloudpods:delete'])
    expect(refused.status).toBe(403)
    expect(refused.body).toMatchObject({ details: { permission: 'cloudpods:delete' } })
    expect((await roleWith(api, ['cloudpods:read'])).status).toBe(201)
  })

  test('is not changed by who holds it, and a built-in one by nobody', async () => {
    const role = await roleWith(ownerApi, ['roles:manage'])
    const user = await person(app, 'TENANT_USER', tenantId)
    await give(ownerApi, user.id, role.body.id, tenantId)
    const { api } = await session(app, user.email)
    const path = `/api/admin/users/roles/${role.body.id}`
    expect((await api.call('PATCH', path, { name: 'Mine' })).status).toBe(403)
    const builtin = `/api/admin/users/roles/${idOf('TENANT_USER')}`
    expect((await app.admin.call('PATCH', builtin, { name: 'Mine' })).status).toBe(409)
  })

  test('is not given in another tenant than its own', async () => {
    const other = await app.tenant()
    const role = await roleWith(app.admin, ['cloudpods:read'], other)
    const user = await person(app, 'TENANT_USER', tenantId)
    expect((await give(app.admin, user.id, role.body.id, tenantId)).status).toBe(404)
    expect((await give(ownerApi, user.id, role.body.id, tenantId)).status).toBe(404)
  })
})

describe('a tenant', () => {
  test('sees only users who were granted something in it, and of them only those grants', async () => {
    const other = await app.tenant()
    const stranger = await person(app, 'TENANT_USER', other)
    const both = await person(app, 'TENANT_USER', tenantId)
    await give(app.admin, both.id, idOf('TENANT_ADMIN'), other)
    const { body } = await ownerApi.get<{ items: User[] }>('/api/admin/users?limit=200')
    expect(body.items.map((user) => user.id)).toContain(both.id)
    expect(JSON.stringify(body)).not.toContain(stranger.id)
    expect(JSON.stringify(body)).not.toContain(other)
    expect((await ownerApi.get(`/api/admin/users/${stranger.id}`)).status).toBe(404)
    expect((await give(ownerApi, stranger.id, idOf('TENANT_USER'), tenantId)).status).toBe(404)
  })
})

describe('explain', () => {
  test('names the role that allows, the place where it would, and the state that forbids', async () => {
    const user = await person(app, 'TENANT_USER', tenantId)
    const ask = async (api: Api, permission: string, where?: string) =>
      (
        await api.get<Explanation>(
          `/api/admin/users/${user.id}/explain?permission=${permission}${where ? `&tenantId=${where}` : ''}`,
        )
      ).body
    expect(await ask(ownerApi, 'cloudpods:read', tenantId)).toMatchObject({
      allowed: true,
      sentence: expect.stringContaining('Tenant user') as string,
    })
    expect(await ask(ownerApi, 'cloudpods:delete', tenantId)).toMatchObject({ allowed: false })
    expect((await ask(app.admin, 'cloudpods:read')).sentence).toContain('only elsewhere')
    await app.admin.call('PATCH', `/api/admin/users/${user.id}`, { state: 'disabled' })
    expect(await ask(app.admin, 'cloudpods:read', tenantId)).toMatchObject({
      allowed: false,
      state: 'disabled',
      sentence: expect.stringContaining('disabled') as string,
    })
  })
})

test('a new person logs in with the first password; an e-mail is taken once', async () => {
  const email = `new-${newId().slice(-12)}@example.com`
  const body = {
    email,
    name: 'New',
    password: 'correct-horse-battery',
    roleId: idOf('SUPPORT'),
    tenantId: null,
  }
  const made = await app.admin.post<User>('/api/admin/users', body)
  expect(made.status).toBe(201)
  expect(JSON.stringify(made.body)).not.toContain('argon2')
  expect((await (await session(app, email)).api.get('/api/auth/me')).status).toBe(200)
  expect((await app.admin.post('/api/admin/users', body)).status).toBe(409)
  const easy = { ...body, email: `easy-${email}`, password: 'password1234' }
  expect(await app.admin.post('/api/admin/users', easy)).toMatchObject({
    status: 422,
    body: { errors: [{ path: 'password' }] },
  })
})

test('an administrator sees the sessions of a user and ends one, or all, at once', async () => {
  const user = await person(app, 'SUPPORT')
  const [first, second] = [await session(app, user.email), await session(app, user.email)]
  const path = `/api/admin/users/${user.id}/sessions`
  const { items } = (await app.admin.get<{ items: { id: string }[] }>(path)).body
  expect(items).toHaveLength(2)
  const page = (await app.admin.get<{ items: object[]; nextCursor: string }>(`${path}?limit=1`)).body
  const rest = (await app.admin.get<{ items: object[] }>(`${path}?limit=1&cursor=${page.nextCursor}`)).body
  expect([...page.items, ...rest.items]).toEqual(items)
  expect((await app.admin.call('DELETE', path, { sessionId: newId() })).status).toBe(404)
  expect((await app.admin.call('DELETE', path, { sessionId: items[0]?.id })).status).toBe(204)
  const states = await Promise.all(
    [first, second].map(async ({ api }) => (await api.get('/api/auth/me')).status),
  )
  expect(states.toSorted((a, b) => a - b)).toEqual([200, 401])
  expect((await app.admin.call('DELETE', path, {})).status).toBe(204)
  expect((await first.api.get('/api/auth/me')).status).toBe(401)
  expect((await second.api.get('/api/auth/me')).status).toBe(401)
})

test('somebody of a tenant logs out', async () => {
  const { api } = await session(app, owner.email)
  expect((await api.post('/api/auth/logout')).status).toBe(204)
  expect((await api.get('/api/auth/me')).status).toBe(401)
})

test('a key reads users, but never manages them or roles', async () => {
  const { api } = await keyOf(app, 'admin@example.com')
  const user = await person(app, 'TENANT_USER', tenantId)
  expect((await api.get('/api/admin/users')).status).toBe(200)
  expect((await give(api, user.id, idOf('TENANT_ADMIN'), tenantId)).status).toBe(403)
  expect((await roleWith(api, ['cloudpods:read'])).status).toBe(403)
  expect((await api.call('PATCH', `/api/admin/users/${user.id}`, { state: 'disabled' })).status).toBe(403)
})

test('users are found by state and by role, with their last log-in and whether they have a second factor', async () => {
  const place = await app.tenant()
  const [one, other] = [await person(app, 'TENANT_USER', place), await person(app, 'TENANT_ADMIN', place)]
  await enrol(app, (await session(app, one.email)).api)
  await app.admin.call('PATCH', `/api/admin/users/${other.id}`, { state: 'disabled' })
  const found = async (query: string) =>
    (await app.admin.get<{ items: User[] }>(`/api/admin/users?tenantId=${place}&${query}`)).body.items
  expect(await found('state=disabled')).toMatchObject([{ id: other.id, mfa: false, lastLoginAt: null }])
  const [found1] = await found(`roleId=${idOf('TENANT_USER')}`)
  expect(found1).toMatchObject({ id: one.id, mfa: true })
  expect(Math.abs(Date.parse(found1?.lastLoginAt ?? '') - Date.now())).toBeLessThan(600_000)
  expect(await found(`roleId=${idOf('TENANT_USER')}&state=disabled`)).toEqual([])
})

test('roles are listed by kind, and say whether somebody holds them', async () => {
  const place = await app.tenant()
  const role = (await roleWith(app.admin, ['cloudpods:read'], place)).body
  const listed = async (kind: string) =>
    (await app.admin.get<{ items: Role[] }>(`/api/admin/users/roles?tenantId=${place}&kind=${kind}`)).body
      .items
  expect((await listed('builtin')).map(({ builtin }) => builtin)).toEqual(Array(7).fill(true))
  expect(await listed('tenant')).toMatchObject([{ id: role.id, held: false, requiresMfa: false }])
  expect(await listed('platform')).toEqual([])
  const user = await person(app, 'TENANT_USER', place)
  await give(app.admin, user.id, role.id, place)
  expect(await listed('tenant')).toMatchObject([{ id: role.id, held: true }])
})

test('a grant in a tenant that is suspended counts for nothing, and the explanation says so', async () => {
  const place = await app.tenant()
  const user = await person(app, 'TENANT_USER', place)
  await app.admin.post(`/api/admin/tenants/${place}/suspend`, { reason: 'unpaid' })
  const asked = `/api/admin/users/${user.id}/explain?permission=cloudpods:read&tenantId=${place}`
  expect((await app.admin.get<Explanation>(asked)).body).toMatchObject({
    allowed: false,
    sentence: expect.stringContaining('not active') as string,
    grants: [{ sentence: expect.stringContaining('Would give') as string }],
  })
})
