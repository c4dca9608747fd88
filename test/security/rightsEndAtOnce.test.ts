import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Role, User } from '../../shared/api/users.ts'
import type { BuiltinRole } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { COOKIE, keyOf, person, session, setMfaPolicy, type Person } from '../users/people.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

/** The server looks every three seconds, and promises five; a loaded machine of tests may be late. */
const WITHIN_MS = 12_000
const JOBS = '/api/admin/provisioning/jobs'

type Watched = { end: Promise<'closed' | 'still open'> }

/** A live stream, opened as a page or a program does, and when the server closes it. */
async function watch(headers: Record<string, string>): Promise<Watched> {
  const abort = new AbortController()
  const answer = await fetch(`${app.url}/api/admin/provisioning/events`, { headers, signal: abort.signal })
  expect(answer.status).toBe(200)
  const isClosed = () => 'closed' as const
  const closed = answer.text().then(isClosed, isClosed)
  const end = async () => {
    const how = await Promise.race([closed, sleep(WITHIN_MS, 'still open' as const)])
    abort.abort()
    return how
  }
  return { end: end() }
}

const of = (user: Person) => `/api/admin/users/${user.id}`
const take = async (user: Person) => {
  const [grant] = (await app.admin.get<User>(of(user))).body.grants
  return app.admin.call('DELETE', `${of(user)}/grants`, {
    roleId: grant?.roleId,
    tenantId: grant?.tenantId ?? null,
  })
}

/** Somebody whose role, of the tenant's own, holds what the live stream needs, and then no longer. */
async function withOwnRole(): Promise<{ user: Person; end: () => Promise<unknown> }> {
  const user = await person(app, 'TENANT_USER', tenantId)
  const body = { tenantId, key: `role-${newId().slice(-10)}`, name: 'Watchers', permissions: ['jobs:read'] }
  const role = (await app.admin.post<Role>('/api/admin/users/roles', body)).body
  await app.admin.post(`${of(user)}/grants`, { roleId: role.id, tenantId })
  const { grants } = (await app.admin.get<User>(of(user))).body
  const other = grants.find(({ roleId }) => roleId !== role.id)
  await app.admin.call('DELETE', `${of(user)}/grants`, { roleId: other?.roleId, tenantId })
  const path = `/api/admin/users/roles/${role.id}`
  return { user, end: () => app.admin.call('PATCH', path, { permissions: ['cloudpods:read'] }) }
}

const made = async (role: BuiltinRole, where: string | null, end: (user: Person) => Promise<unknown>) => {
  const user = await person(app, role, where)
  return { user, end: () => end(user) }
}

type Ending = () => Promise<{ user: Person; end: () => Promise<unknown> }>
const endings: [what: string, refusal: number, keys: number, begin: Ending][] = [
  ['their role on the platform is taken', 403, 403, () => made('SUPPORT', null, take)],
  ['their role in a tenant is taken', 403, 403, () => made('TENANT_ADMIN', tenantId, take)],
  ['a role of the tenant’s own loses the permission', 403, 403, withOwnRole],
  [
    'they are disabled',
    401,
    401,
    () => made('SUPPORT', null, (user) => app.admin.call('PATCH', of(user), { state: 'disabled' })),
  ],
  [
    'an administrator ends their sessions',
    401,
    200,
    () => made('SUPPORT', null, (user) => app.admin.call('DELETE', `${of(user)}/sessions`, {})),
  ],
  [
    'their role comes to need a second factor',
    403,
    403,
    () => made('BILLING', null, () => setMfaPolicy(app, 'BILLING', true)),
  ],
]

test.concurrent.each(endings)(
  'when %s, the next request is refused and open streams close within seconds',
  async (_, refusal, keys, begin) => {
    const { user, end } = await begin()
    const [own, key] = [await session(app, user.email), await keyOf(app, user.email)]
    const callers: [Api, number, Watched][] = [
      [own.api, refusal, await watch({ cookie: `${COOKIE}=${own.token}` })],
      [key.api, keys, await watch({ authorization: `Bearer ${key.token}` })],
    ]
    for (const [api] of callers) expect((await api.get(JOBS)).status).toBe(200)
    await end()
    for (const [api, status] of callers) expect((await api.get(JOBS)).status).toBe(status)
    for (const [, status, stream] of callers) if (status !== 200) expect(await stream.end).toBe('closed')
  },
)
