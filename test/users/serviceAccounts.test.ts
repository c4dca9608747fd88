import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiKey, MadeApiKey, ServiceAccount } from '../../shared/api/apiKeys.ts'
import type { Permission } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import { createApi, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, person, roleId, session, setMfaPolicy } from './people.ts'

const ACCOUNTS = '/api/admin/users/service-accounts'
const KEYS = '/api/admin/users/api-keys'

let app: TestApp
let tenantId: string
let owner: Api
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  await setMfaPolicy(app, 'PLATFORM_ADMIN', true)
  tenantId = await app.tenant()
  owner = (await session(app, (await person(app, 'TENANT_OWNER', tenantId)).email)).api
})
afterAll(() => app.close())

async function account(api: Api = owner, tenant: string | null = tenantId): Promise<ServiceAccount> {
  const body = { tenantId: tenant, name: 'Backup', roleId: await roleId(app, 'TENANT_ADMIN') }
  const made = await api.post<ServiceAccount>(ACCOUNTS, body)
  expect(made.status).toBe(201)
  return made.body
}
const keyFor = (id: string, scopes: Permission[], api: Api = owner) =>
  api.post<MadeApiKey>(`${ACCOUNTS}/${id}/api-keys`, { name: 'nightly', scopes })

async function working(): Promise<{ account: ServiceAccount; made: MadeApiKey; api: Api }> {
  const made = await account()
  const key = await keyFor(made.id, ['cloudpods:read'])
  expect(key.status).toBe(201)
  return { account: made, made: key.body, api: await createApi(app.url, { key: key.body.token }) }
}
const works = async (api: Api): Promise<number> => (await api.get('/api/admin/hosting/cloudpods')).status

test('a tenant’s owner makes one with a key, which works in this tenant', async () => {
  const { api, account: made, made: key } = await working()
  expect(await works(api)).toBe(200)
  expect((await api.get('/api/admin/customers')).status).toBe(403)
  expect(key).toMatchObject({ tenantId, owner: { id: made.id, kind: 'service' }, state: 'active' })
  const shown = await owner.get<{ items: ServiceAccount[] }>(ACCOUNTS)
  expect(shown.body.items.find(({ id }) => id === made.id)).toMatchObject({ keys: 1, state: 'active' })
})

test('its key has only what its role and its maker hold', async () => {
  const { id } = await account()
  expect((await keyFor(id, ['customers:update'])).status).toBe(403)
  expect((await keyFor(id, ['infrastructure:read'])).status).toBe(403)
  expect((await keyFor(id, ['apikeys:manage'])).status).toBe(422)
})

test('nobody gives it a role with more than he holds, or one that needs a second factor', async () => {
  const body = { tenantId: null, name: 'Robot', roleId: await roleId(app, 'PLATFORM_ADMIN') }
  expect((await owner.post(ACCOUNTS, body)).status).toBe(403)
  const answer = await app.admin.post(ACCOUNTS, body)
  expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'roleId' }] } })
})

test('it stays in the place that it belongs to', async () => {
  const { id } = await account()
  const grant = { tenantId: await app.tenant(), roleId: await roleId(app, 'TENANT_USER') }
  expect((await app.admin.post(`/api/admin/users/${id}/grants`, grant)).status).toBe(422)
  const here = { ...grant, tenantId }
  expect((await app.admin.post(`/api/admin/users/${id}/grants`, here)).status).toBe(200)
})

test('it cannot log in', async () => {
  const { id } = await account()
  const email = `service-${id}@service.invalid`
  await expect(session(app, email)).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('disabling it refuses its keys until it is enabled again', async () => {
  const { api, account: made } = await working()
  const set = (state: string) => owner.call<ServiceAccount>('PATCH', `${ACCOUNTS}/${made.id}`, { state })
  expect((await set('disabled')).body.state).toBe('disabled')
  expect(await works(api)).toBe(401)
  await set('active')
  expect(await works(api)).toBe(200)
})

test('removing it revokes its keys, and it is nobody’s user any more', async () => {
  const { api, account: made } = await working()
  expect((await owner.call('DELETE', `${ACCOUNTS}/${made.id}`)).status).toBe(204)
  expect(await works(api)).toBe(401)
  expect((await owner.get(`${ACCOUNTS}/${made.id}`)).status).toBe(404)
  expect((await app.admin.get(`/api/admin/users/${made.id}`)).status).toBe(404)
  const { body } = await app.admin.get<{ items: { action: string }[] }>(
    `/api/admin/audit/events?targetId=${made.id}`,
  )
  expect(body.items.map(({ action }) => action)).toEqual([
    'SERVICE_ACCOUNT_DELETED',
    'SERVICE_ACCOUNT_CREATED',
  ])
})

test('an update that was made on an older version is refused', async () => {
  const made = await account()
  const send = () =>
    owner.call('PATCH', `${ACCOUNTS}/${made.id}`, { description: newId() }, { 'if-match': '"v1"' })
  expect((await send()).status).toBe(200)
  expect((await send()).status).toBe(412)
})

test('its key is rotated by who manages keys; a person’s key is not, but revoked', async () => {
  const { made, api } = await working()
  const rotated = await owner.post<MadeApiKey>(`${KEYS}/${made.id}/rotate`, { overlapHours: 0 })
  expect(rotated.status).toBe(201)
  expect(await works(api)).toBe(401)
  expect(await works(await createApi(app.url, { key: rotated.body.token }))).toBe(200)
  const user = await person(app, 'TENANT_USER', tenantId)
  const theirs = await keyOf(app, user.email, { tenantId })
  expect((await owner.post(`${KEYS}/${theirs.id}/rotate`, {})).status).toBe(403)
  expect((await owner.call('DELETE', `${KEYS}/${theirs.id}`)).status).toBe(204)
  expect(await works(theirs.api)).toBe(401)
})

test('a tenant sees the keys that are bound to it, with their last use and without anything secret', async () => {
  const { made, api } = await working()
  await works(api)
  const elsewhere = await keyOf(app, 'admin@example.com')
  const { body } = await owner.get<{ items: ApiKey[] }>(`${KEYS}?limit=200`)
  const found = body.items.find(({ id }) => id === made.id)
  expect(found).toMatchObject({ lastUsedIp: '127.0.0.1', scopes: ['cloudpods:read'] })
  expect(found?.lastUsedAt).not.toBeNull()
  expect(JSON.stringify(body)).not.toContain(made.token.slice(made.prefix.length))
  expect(body.items.map(({ id }) => id)).not.toContain(elsewhere.id)
  expect((await app.admin.get<{ items: ApiKey[] }>(KEYS)).body.items.map(({ id }) => id)).toContain(
    elsewhere.id,
  )
})

test('one’s own keys are listed, renamed and nobody else’s', async () => {
  const one = await session(app, (await person(app, 'TENANT_ADMIN', tenantId)).email)
  const made = await one.api.post<MadeApiKey>('/api/auth/api-keys', {
    name: 'mine',
    scopes: ['cloudpods:read'],
  })
  expect(made.body.tenantId).toBeNull()
  const path = `/api/auth/api-keys/${made.body.id}`
  const renamed = await one.api.call<ApiKey>('PATCH', path, { name: 'ours' })
  expect(renamed.body).toMatchObject({ name: 'ours', version: 2 })
  expect((await one.api.call('PATCH', path, { name: 'x' }, { 'if-match': '"v1"' })).status).toBe(412)
  expect((await owner.call('PATCH', path, { name: 'x' })).status).toBe(404)
  expect((await owner.call('DELETE', path)).status).toBe(404)
  expect((await owner.post(`${path}/rotate`, {})).status).toBe(404)
  const list = await one.api.get<{ items: ApiKey[] }>('/api/auth/api-keys')
  expect(list.body.items.map(({ name }) => name)).toEqual(['ours'])
})
