import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { mailsTo, textTo, tokenTo } from './mails.ts'
import { person, session } from './people.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

const fresh = (): string => `fresh-${newId().slice(-12)}@example.com`
type Refusal = { code: string }

async function asking(to = fresh()) {
  const user = await person(app, 'TENANT_USER', tenantId)
  const { api } = await session(app, user.email)
  const answer = await api.post('/api/auth/email', { email: to })
  return { user, api, to, status: answer.status }
}

test('a new address counts once its own mail was answered; both addresses are told', async () => {
  const { user, api, to, status } = await asking()
  expect(status).toBe(204)
  expect(await textTo(app, user.email, 'emailChangeAsked')).toContain(to)
  const token = await tokenTo(app, to, 'emailChange')
  const me = () => api.get<{ user: { email: string } }>('/api/auth/me')
  expect((await me()).body.user.email).toBe(user.email)
  expect((await api.post('/api/auth/email/confirm', { token })).status).toBe(204)
  expect((await me()).body.user.email).toBe(to)
  expect(await textTo(app, user.email, 'emailChanged')).toContain(to)
  expect((await session(app, to)).token).not.toBe('')
  expect((await api.post('/api/auth/email/confirm', { token })).status).toBe(410)
})

test('whether an address is somebody else’s is not told before its own mail was read', async () => {
  const other = await person(app, 'SUPPORT')
  const { api, status } = await asking(other.email)
  expect(status).toBe(204)
  const token = await tokenTo(app, other.email, 'emailChange')
  const answer = await api.post<Refusal>('/api/auth/email/confirm', { token })
  expect([answer.status, answer.body.code]).toEqual([409, 'already_exists'])
})

test('the link opens nothing for somebody else, who has a mistyped mailbox, and stays good for its user', async () => {
  const { api, to } = await asking()
  const token = await tokenTo(app, to, 'emailChange')
  const stranger = await session(app, (await person(app, 'SUPPORT')).email)
  expect((await stranger.api.post('/api/auth/email/confirm', { token })).status).toBe(410)
  expect((await api.post('/api/auth/email/confirm', { token })).status).toBe(204)
})

test('the present address is refused, a later link ends an earlier one, and a stale session must prove itself', async () => {
  const { user, api, to } = await asking()
  expect((await api.post('/api/auth/email', { email: user.email })).status).toBe(422)
  const first = await tokenTo(app, to, 'emailChange')
  const second = fresh()
  await api.post('/api/auth/email', { email: second })
  expect((await api.post('/api/auth/email/confirm', { token: first })).status).toBe(410)
  for (let more = 0; more < 3; more++) await api.post('/api/auth/email', { email: fresh() })
  const tooOften = await api.post<Refusal>('/api/auth/email', { email: fresh() })
  expect([tooOften.status, tooOften.body.code]).toEqual([429, 'too_many_requests'])
  app.clock.offsetMs = 11 * 60_000
  const stale = await api.post<Refusal>('/api/auth/email', { email: fresh() })
  app.clock.offsetMs = 0
  expect([stale.status, stale.body.code]).toEqual([403, 'step_up_required'])
  expect((await mailsTo(app, user.email)).length).toBe(5)
})
