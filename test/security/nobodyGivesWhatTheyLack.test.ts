import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role, User } from '../../shared/api/users.ts'
import type { BuiltinRole, Permission } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { person, session, type Person } from '../users/people.ts'

let app: TestApp
let tenantId: string
let owner: Person
let ownerApi: Api
let builtin: Map<string, string>
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
  owner = await person(app, 'TENANT_OWNER', tenantId)
  ownerApi = (await session(app, owner.email)).api
  const { body } = await app.admin.get<{ items: Role[] }>('/api/admin/users/roles?kind=builtin')
  builtin = new Map(body.items.map((role) => [role.key, role.id]))
})
afterAll(() => app.close())

const idOf = (key: BuiltinRole): string => builtin.get(key) ?? ''
const decide = (api: Api, method: 'POST' | 'DELETE', userId: string, roleId: string, where: string | null) =>
  api.call<User>(method, `/api/admin/users/${userId}/grants`, { roleId, tenantId: where })
const enter = async (who: Person): Promise<Api> => (await session(app, who.email)).api

/** Somebody who holds exactly these permissions in the tenant, besides what a tenant administrator may. */
async function administratorWith(permissions: Permission[]): Promise<{ user: Person; api: Api; role: Role }> {
  const user = await person(app, 'TENANT_ADMIN', tenantId)
  const body = { tenantId, key: `role-${newId().slice(-10)}`, name: 'More', permissions }
  const role = (await ownerApi.post<Role>('/api/admin/users/roles', body)).body
  expect((await decide(ownerApi, 'POST', user.id, role.id, tenantId)).status).toBe(200)
  return { user, api: await enter(user), role }
}

describe('a tenant administrator', () => {
  test('gives nobody a role, and as one who manages users not the owner’s', async () => {
    const target = await person(app, 'TENANT_USER', tenantId)
    const plain = await enter(await person(app, 'TENANT_ADMIN', tenantId))
    expect((await decide(plain, 'POST', target.id, idOf('TENANT_OWNER'), tenantId)).status).toBe(403)
    const { api } = await administratorWith(['users:manage'])
    const refused = await decide(api, 'POST', target.id, idOf('TENANT_OWNER'), tenantId)
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect((await decide(api, 'DELETE', owner.id, idOf('TENANT_OWNER'), tenantId)).status).toBe(403)
    expect((await decide(api, 'POST', target.id, idOf('TENANT_ADMIN'), tenantId)).status).toBe(200)
  })

  test('puts nothing into a role that they do not hold, when it is made or later, nor into one they hold', async () => {
    const { api, role: held } = await administratorWith(['roles:manage', 'users:manage'])
    const key = `role-${newId().slice(-10)}`
    const body = { tenantId, key, name: 'Mine', permissions: ['cloudpods:delete'] }
    expect((await api.post('/api/admin/users/roles', body)).status).toBe(403)
    const own = await api.post<Role>('/api/admin/users/roles', { ...body, permissions: ['cloudpods:read'] })
    expect(own.status).toBe(201)
    const change = (id: string, permissions: Permission[]) =>
      api.call('PATCH', `/api/admin/users/roles/${id}`, { permissions })
    expect((await change(own.body.id, ['cloudpods:read', 'cloudpods:delete'])).status).toBe(403)
    expect((await change(own.body.id, ['cloudpods:read', 'cloudpods:power'])).status).toBe(200)
    expect((await change(held.id, ['roles:manage', 'users:manage', 'cloudpods:read'])).status).toBe(403)
  })
})

test('nobody changes their own grants, whatever they may do to others', async () => {
  const boss = await person(app, 'SUPER_ADMIN')
  const { user: manager, api } = await administratorWith(['users:manage', 'roles:manage'])
  const own: [Api, string, BuiltinRole, string | null][] = [
    [ownerApi, owner.id, 'TENANT_USER', tenantId],
    [api, manager.id, 'TENANT_USER', tenantId],
    [await enter(boss), boss.id, 'TENANT_OWNER', tenantId],
    [await enter(boss), boss.id, 'BILLING', null],
  ]
  for (const [caller, id, role, where] of own)
    for (const method of ['POST', 'DELETE'] as const)
      expect((await decide(caller, method, id, idOf(role), where)).status, `${method} ${role}`).toBe(403)
  expect((await decide(ownerApi, 'DELETE', owner.id, idOf('TENANT_OWNER'), tenantId)).status).toBe(403)
})

test('no role of the platform comes from a tenant, and no tenant’s role holds for the platform', async () => {
  const target = await person(app, 'TENANT_USER', tenantId)
  for (const role of ['SUPER_ADMIN', 'PLATFORM_ADMIN', 'SUPPORT', 'BILLING'] as const) {
    expect((await decide(ownerApi, 'POST', target.id, idOf(role), null)).status).toBe(403)
    for (const caller of [ownerApi, app.admin])
      expect((await decide(caller, 'POST', target.id, idOf(role), tenantId)).status).toBe(422)
  }
  expect((await decide(app.admin, 'POST', target.id, idOf('TENANT_OWNER'), null)).status).toBe(422)
  const admin = await enter(await person(app, 'PLATFORM_ADMIN'))
  expect((await decide(admin, 'POST', target.id, idOf('SUPER_ADMIN'), null)).status).toBe(403)
})

describe('one of those who are needed stays', () => {
  const holders = async (roleId: string, where: string | null): Promise<string[]> => {
    const query = `?roleId=${roleId}&state=active&limit=200${where === null ? '' : `&tenantId=${where}`}`
    return (await app.admin.get<{ items: User[] }>(`/api/admin/users${query}`)).body.items.map(({ id }) => id)
  }
  const statuses = async (calls: Promise<{ status: number }>[]): Promise<number[]> =>
    (await Promise.all(calls)).map(({ status }) => status).toSorted((a, b) => a - b)

  test.each([1, 2, 3])('of the owners of a tenant, when all are taken at once (round %i)', async () => {
    const place = await app.tenant()
    const owners = [await person(app, 'TENANT_OWNER', place), await person(app, 'TENANT_OWNER', place)]
    const [first, second] = [await enter(owners[0]!), await enter(owners[1]!)]
    const role = idOf('TENANT_OWNER')
    const answers = await statuses([
      decide(first, 'DELETE', owners[1]!.id, role, place),
      decide(second, 'DELETE', owners[0]!.id, role, place),
      app.admin.call('PATCH', `/api/admin/users/${owners[0]!.id}`, { state: 'disabled' }),
      decide(app.admin, 'DELETE', owners[1]!.id, role, place),
    ])
    expect(answers.filter((status) => status >= 500)).toEqual([])
    expect(await holders(role, place)).toHaveLength(1)
    const [last = ''] = await holders(role, place)
    expect((await decide(app.admin, 'DELETE', last, role, place)).status).toBe(409)
    expect((await app.admin.call('PATCH', `/api/admin/users/${last}`, { state: 'disabled' })).status).toBe(
      409,
    )
  })

  test('of the super administrators, when each disables the others at once', async () => {
    const role = idOf('SUPER_ADMIN')
    const [me] = (await app.admin.get<{ items: User[] }>('/api/admin/users?q=admin@example.com')).body.items
    const others = [await person(app, 'SUPER_ADMIN'), await person(app, 'SUPER_ADMIN')]
    const everybody = [{ id: me?.id ?? '', api: app.admin }]
    for (const one of others) everybody.push({ id: one.id, api: await enter(one) })
    for (const id of await holders(role, null))
      if (!everybody.some((one) => one.id === id)) await decide(app.admin, 'DELETE', id, role, null)
    const answers = await statuses(
      everybody.flatMap(({ id, api }) =>
        everybody
          .filter((other) => other.id !== id)
          .map((other) => api.call('PATCH', `/api/admin/users/${other.id}`, { state: 'disabled' })),
      ),
    )
    expect(answers.filter((status) => status >= 500)).toEqual([])
    const { rows } = await app.as((ctx) =>
      sql<{ id: string }>`select u.id from users u join role_grants g on g.user_id = u.id
        where g.role_id = ${role} and u.state = 'active'`.execute(ctx.tx),
    )
    expect(rows.length).toBeGreaterThanOrEqual(1)
  })
})
