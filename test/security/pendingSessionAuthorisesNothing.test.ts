import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { routes } from '../../src/routes/index.ts'
import { codeOf, enrol, passwordStep } from '../users/factors.ts'
import { person, session, type Person } from '../users/people.ts'
import { addressOf } from '../rules/cases.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
let user: Person
let secret: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  user = await person(app, 'SUPER_ADMIN')
  secret = (await enrol(app, (await session(app, user.email)).api)).secret
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

test('after the password alone every closed operation answers 401', async () => {
  const { api } = await passwordStep(app, user.email)
  const closed = routes.filter((route) => route.access !== 'public')
  expect(closed.length).toBeGreaterThan(30)
  for (const route of closed) {
    const answer = await api.call(route.method, addressOf(route.path, {}), route.body ? {} : undefined)
    expect(answer.status, route.operationId).toBe(401)
  }
})

test('the second step ends after five minutes', async () => {
  const { api } = await passwordStep(app, user.email)
  app.clock.offsetMs = 5 * 60_000 + 1_000
  expect((await api.post('/api/auth/mfa', { code: codeOf(app, secret) })).status).toBe(401)
})

test('after five wrong codes even the right one is refused', async () => {
  const { api } = await passwordStep(app, user.email)
  for (let tries = 0; tries < 5; tries++)
    expect((await api.post('/api/auth/mfa', { code: 'WRONG-WRONG-WRONG' })).status).toBe(422)
  expect((await api.post('/api/auth/mfa', { code: codeOf(app, secret) })).status).toBe(401)
})

test('a session that is whole already is no pending one', async () => {
  const { api } = await session(app, 'admin@example.com')
  expect((await api.post('/api/auth/mfa', { code: codeOf(app, secret) })).status).toBe(401)
})
