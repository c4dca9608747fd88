import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hash } from '@node-rs/argon2'
import type { OwnSession } from '../../shared/api/authAccount.ts'
import type { Page } from '../../shared/api/common.ts'
import { createApi } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { keyOf, PASSWORD, person, session } from './people.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app.close())

const sessions = '/api/auth/sessions'
const NEW = 'gull-orbit-marmalade'

test('a user sees his own live sessions, the present one marked, and can end one or all others', async () => {
  const user = await person(app, 'SUPPORT')
  const [one, two, three] = [
    (await session(app, user.email)).api,
    (await session(app, user.email)).api,
    (await session(app, user.email)).api,
  ]
  const { body } = await one.get<Page<OwnSession>>(sessions)
  expect(body.items).toHaveLength(3)
  expect(body.items.filter(({ current }) => current)).toHaveLength(1)
  const ofTwo = (await two.get<Page<OwnSession>>(sessions)).body.items.find(({ current }) => current)
  expect((await one.call('DELETE', `${sessions}/${ofTwo?.id}`)).status).toBe(204)
  expect((await two.get('/api/auth/me')).status).toBe(401)
  expect((await one.call('DELETE', sessions)).body).toEqual({ ended: 1 })
  expect((await three.get('/api/auth/me')).status).toBe(401)
  expect((await one.get('/api/auth/me')).status).toBe(200)
})

test('a session of somebody else is unknown, and API keys see none', async () => {
  const mine = (await session(app, (await person(app, 'SUPER_ADMIN')).email)).api
  const other = await person(app, 'SUPPORT')
  const theirs = (await session(app, other.email)).api
  const id = (await theirs.get<Page<OwnSession>>(sessions)).body.items[0]?.id
  expect((await mine.call('DELETE', `${sessions}/${id}`)).status).toBe(404)
  expect((await theirs.get('/api/auth/me')).status).toBe(200)
  expect((await (await keyOf(app, other.email)).api.get(sessions)).status).toBe(403)
})

test('a new password needs the present one, keeps this session and ends the others', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  const other = await session(app, user.email)
  const change = (current: string, password: string) => api.post('/api/auth/password', { current, password })
  expect((await change('wrong-password-000', NEW)).body).toMatchObject({ errors: [{ path: 'current' }] })
  for (const easy of ['password1234', user.email, PASSWORD, 'short'])
    expect((await change(PASSWORD, easy)).body).toMatchObject({ errors: [{ path: 'password' }] })
  expect((await other.api.get('/api/auth/me')).status).toBe(200)
  expect((await change(PASSWORD, NEW)).status).toBe(204)
  expect((await other.api.get('/api/auth/me')).status).toBe(401)
  expect((await api.get('/api/auth/me')).status).toBe(200)
  await expect(createApi(app.url, { email: user.email, password: PASSWORD })).rejects.toThrow('refused')
  await createApi(app.url, { email: user.email, password: NEW })
})

test('a hash of older parameters is made anew at the next log-in, and today’s are OWASP’s or better', async () => {
  const user = await person(app, 'SUPPORT')
  const old = await hash(PASSWORD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 })
  const stored = () =>
    app.as(async (ctx) => {
      const { rows } = await sql<{
        hash: string
      }>`select password_hash as hash from users where id = ${user.id}`.execute(ctx.tx)
      return rows[0]?.hash ?? ''
    })
  await app.as((ctx) => sql`update users set password_hash = ${old} where id = ${user.id}`.execute(ctx.tx))
  await session(app, user.email)
  const renewed = await stored()
  const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/.exec(renewed) ?? []
  expect(Number(memory)).toBeGreaterThanOrEqual(19_456)
  expect(Number(passes)).toBeGreaterThanOrEqual(2)
  await session(app, user.email)
  expect(await stored()).toBe(renewed)
})
