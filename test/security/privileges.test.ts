import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Role, User } from '../../shared/api/users.ts'
import type { Api } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { COOKIE, person, session } from '../users/people.ts'

let app: TestApp
let roleIds: Map<string, string>
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  const { body } = await app.admin.get<{ items: Role[] }>('/api/admin/users/roles')
  roleIds = new Map(body.items.map((role) => [role.key, role.id]))
})
afterAll(() => app.close())

const change = (api: Api, method: 'POST' | 'DELETE', userId: string, role: string, tenantId: string | null) =>
  api.call<User>(method, `/api/admin/users/${userId}/grants`, { roleId: roleIds.get(role), tenantId })

test('a platform administrator makes no super administrator, and neither demotes nor disables one', async () => {
  const { api } = await session(app, (await person(app, 'PLATFORM_ADMIN')).email)
  const user = await person(app, 'SUPPORT')
  const above = await person(app, 'SUPER_ADMIN')
  expect((await change(api, 'POST', user.id, 'SUPER_ADMIN', null)).status).toBe(403)
  expect((await change(api, 'POST', user.id, 'PLATFORM_ADMIN', null)).status).toBe(200)
  expect((await change(api, 'DELETE', above.id, 'SUPER_ADMIN', null)).status).toBe(403)
  expect((await api.call('PATCH', `/api/admin/users/${above.id}`, { state: 'disabled' })).status).toBe(403)
  expect((await api.call('DELETE', `/api/admin/users/${above.id}/sessions`, {})).status).toBe(403)
  expect((await change(app.admin, 'POST', user.id, 'SUPER_ADMIN', null)).status).toBe(200)
})

test('a tenant gives no role of the platform, and its administrators give none at all', async () => {
  const tenantId = await app.tenant()
  const user = await person(app, 'TENANT_USER', tenantId)
  const owner = (await session(app, (await person(app, 'TENANT_OWNER', tenantId)).email)).api
  const admin = (await session(app, (await person(app, 'TENANT_ADMIN', tenantId)).email)).api
  expect((await change(owner, 'POST', user.id, 'SUPPORT', null)).status).toBe(403)
  expect((await change(owner, 'POST', user.id, 'SUPPORT', tenantId)).status).toBe(422)
  expect((await change(owner, 'POST', user.id, 'TENANT_ADMIN', tenantId)).status).toBe(200)
  expect((await change(admin, 'POST', user.id, 'TENANT_OWNER', tenantId)).status).toBe(403)
})

test('nobody changes their own roles or disables themselves', async () => {
  const tenantId = await app.tenant()
  const owner = await person(app, 'TENANT_OWNER', tenantId)
  const { api } = await session(app, owner.email)
  expect((await change(api, 'POST', owner.id, 'TENANT_ADMIN', tenantId)).status).toBe(403)
  expect((await change(api, 'DELETE', owner.id, 'TENANT_OWNER', tenantId)).status).toBe(403)
  const staff = await person(app, 'PLATFORM_ADMIN')
  const own = (await session(app, staff.email)).api
  expect((await own.call('PATCH', `/api/admin/users/${staff.id}`, { state: 'disabled' })).status).toBe(403)
})

test('of two owners who are removed and disabled at the same moment one always stays', async () => {
  for (let round = 0; round < 8; round++) {
    const tenantId = await app.tenant()
    const [first, second] = [
      await person(app, 'TENANT_OWNER', tenantId),
      await person(app, 'TENANT_OWNER', tenantId),
    ]
    const answers = await Promise.all([
      change(app.admin, 'DELETE', first.id, 'TENANT_OWNER', tenantId),
      app.admin.call('PATCH', `/api/admin/users/${second.id}`, { state: 'disabled' }),
    ])
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 409])
  }
})

test('the last super administrator cannot go, also when all others go at the same moment', async () => {
  const { body } = await app.admin.get<{ items: User[] }>('/api/admin/users?limit=200')
  const supers = body.items.filter((user) => user.grants.some((grant) => grant.role === 'SUPER_ADMIN'))
  const first = supers.find((user) => user.email === 'admin@example.com')
  const other = await person(app, 'SUPER_ADMIN')
  const otherApi = (await session(app, other.email)).api
  for (const user of supers.filter((one) => one.id !== first?.id))
    await change(app.admin, 'DELETE', user.id, 'SUPER_ADMIN', null)
  const answers = await Promise.all([
    change(app.admin, 'DELETE', other.id, 'SUPER_ADMIN', null),
    change(otherApi, 'DELETE', first?.id ?? '', 'SUPER_ADMIN', null),
  ])
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1)
  expect([403, 409]).toContain(answers.find((answer) => answer.status !== 200)?.status)
})

test.each(['the role is taken', 'the user is disabled', 'the sessions are ended'])(
  'when %s the next request is refused, and an open stream closes',
  async (how) => {
    const boss = (await session(app, (await person(app, 'PLATFORM_ADMIN')).email)).api
    const user = await person(app, 'SUPPORT')
    const { api, token } = await session(app, user.email)
    const stream = await fetch(`${app.url}/api/admin/provisioning/events`, {
      headers: { cookie: `${COOKIE}=${token}` },
    })
    expect(stream.status).toBe(200)
    let isOpen = true
    const reading = stream.text().finally(() => (isOpen = false))
    const path = `/api/admin/users/${user.id}`
    const answer =
      how === 'the role is taken'
        ? await change(boss, 'DELETE', user.id, 'SUPPORT', null)
        : how === 'the user is disabled'
          ? await boss.call('PATCH', path, { state: 'disabled' })
          : await boss.call('DELETE', `${path}/sessions`, {})
    expect(answer.status).toBeLessThan(300)
    expect([401, 403]).toContain((await api.get('/api/admin/provisioning/jobs')).status)
    await until(async () => !isOpen, 'the stream to close', 15_000)
    await reading
  },
)
