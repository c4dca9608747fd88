import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Me } from '../../shared/api/auth.ts'
import { routes } from '../../src/routes/index.ts'
import { addressOf } from '../rules/cases.ts'
import { enrol } from '../users/factors.ts'
import { keyOf, person, session } from '../users/people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  app.root.settings.mfaRequiredRoles = ['SUPER_ADMIN', 'TENANT_OWNER']
})
afterAll(() => app.close())

const OPEN = ['confirmTotp', 'enrolTotp', 'getMe', 'getMfa', 'logout', 'stepUp']

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
