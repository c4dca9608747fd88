import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, until, type TestApp } from '../support/app.ts'
import { createApi, type Api } from '../support/api.ts'
import { enrol } from './factors.ts'
import { mailsTo, textTo, tokenTo } from './mails.ts'
import { person, session, withHeaders } from './people.ts'

const NEW = 'Gull-Orbit-Teapot-77'
let app: TestApp
let nobody: Api
beforeAll(async () => {
  app = await startApp({ blueprints: false })
  nobody = await createApi(app.url, undefined)
})
afterAll(() => app.close())

const ask = (email: string) => nobody.post('/api/auth/password-reset', { email })
const confirm = (token: string, password = NEW) =>
  nobody.post<{ code: string; errors?: { path: string }[] }>('/api/auth/password-reset/confirm', {
    token,
    password,
  })
const logIn = (email: string, password: string) => nobody.post('/api/auth/login', { email, password })

test('by the mailed link a user sets a new password; all sessions end, and a mail tells of it', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  expect((await ask(user.email.toUpperCase())).status).toBe(204)
  const token = await tokenTo(app, user.email, 'passwordReset')
  expect((await api.get('/api/auth/me')).status).toBe(200)
  expect((await confirm(token)).status).toBe(204)
  expect((await api.get('/api/auth/me')).status).toBe(401)
  expect((await logIn(user.email, 'correct-horse-battery')).status).toBe(401)
  expect((await logIn(user.email, NEW)).status).toBe(200)
  const told = (await mailsTo(app, user.email)).map(({ template }) => template)
  expect(told).toContain('passwordChanged')
})

test('a second factor stays and is asked for', async () => {
  const user = await person(app, 'SUPPORT')
  await enrol(app, (await session(app, user.email)).api)
  await ask(user.email)
  expect((await confirm(await tokenTo(app, user.email, 'passwordReset'))).status).toBe(204)
  expect((await logIn(user.email, NEW)).status).toBe(202)
})

test('an easy password is refused and leaves the link as it is', async () => {
  const user = await person(app, 'SUPPORT')
  await ask(user.email)
  const token = await tokenTo(app, user.email, 'passwordReset')
  const easy = await confirm(token, 'password1234')
  expect([easy.status, easy.body.errors?.[0]?.path]).toEqual([422, 'password'])
  expect((await confirm(token)).status).toBe(204)
})

test('a disabled user gets no link, and one from before opens nothing', async () => {
  const user = await person(app, 'SUPPORT')
  await ask(user.email)
  const token = await tokenTo(app, user.email, 'passwordReset')
  await app.admin.call('PATCH', `/api/admin/users/${user.id}`, { state: 'disabled' })
  expect((await confirm(token)).status).toBe(410)
  const refused = await app.admin.post<{ code: string }>(`/api/admin/users/${user.id}/password-reset`, {})
  expect([refused.status, refused.body.code]).toEqual([409, 'invalid_state'])
})

test('an administrator sends the link, and never learns it; nobody does so to somebody with more rights', async () => {
  const user = await person(app, 'SUPPORT')
  const path = `/api/admin/users/${user.id}/password-reset`
  const answer = await app.admin.post(path, {})
  expect([answer.status, answer.body]).toEqual([204, ''])
  expect((await confirm(await tokenTo(app, user.email, 'passwordReset'))).status).toBe(204)
  const { api } = await session(app, (await person(app, 'PLATFORM_ADMIN')).email)
  const superior = await person(app, 'SUPER_ADMIN')
  expect((await api.post(`/api/admin/users/${superior.id}/password-reset`, {})).status).toBe(403)
})

test('a kept mail is read by those with at least the rights of its reader, and the audit log says so', async () => {
  const superior = await person(app, 'SUPER_ADMIN')
  await ask(superior.email)
  await textTo(app, superior.email, 'passwordReset')
  const [mail] = await mailsTo(app, superior.email)
  const path = `/api/admin/mails/${mail?.id}`
  const { api } = await session(app, (await person(app, 'PLATFORM_ADMIN')).email)
  expect((await api.get(path)).status).toBe(403)
  const read = await app.admin.get<{ text: string }>(path)
  expect(read.status).toBe(200)
  expect(read.body.text).toContain('/reset#t=')
  const events = await app.admin.get<{ items: { target: { id: string } }[] }>(
    '/api/admin/audit/events?action=MAIL_READ',
  )
  expect(events.body.items.map(({ target }) => target.id)).toContain(mail?.id)
  await until(async () => (await mailsTo(app, superior.email))[0]?.state === 'kept', 'the mail to be kept')
})

test('more than three links an hour are not written to one user', async () => {
  const user = await person(app, 'SUPPORT')
  const quiet = await withHeaders(app, {})
  for (let asked = 1; asked <= 3; asked++) {
    expect((await quiet.post('/api/auth/password-reset', { email: user.email })).status).toBe(204)
    await until(
      async () => (await mailsTo(app, user.email)).length === asked,
      `mail ${asked} to ${user.email}`,
    )
  }
  await app.as(async (ctx) => {
    const { resettable } = await import('../../src/services/authService.ts')
    expect(await resettable(ctx, user.email)).toBeUndefined()
  })
})
