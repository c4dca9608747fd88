import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { LoginEntry } from '../../shared/api/authAccount.ts'
import type { Page } from '../../shared/api/common.ts'
import { systemOrigin } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as authService from '../../src/services/authService.ts'
import { enrol } from '../users/factors.ts'
import { PASSWORD, person, session } from '../users/people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

const SECOND = 1_000
type Try = { email: string; password?: string; ip: string; device?: string | undefined }

/** A log-in without the limit of calls an address has; the message of a refusal, or what was opened. */
const logIn = ({ email, password = PASSWORD, ip, device }: Try) =>
  authService.login(app.root, { ...systemOrigin('test', newId()), ip }, { email, password }, device).then(
    (opened) => opened,
    (error: Error) => error.message,
  )
const opened = (answer: Awaited<ReturnType<typeof logIn>>): boolean => typeof answer !== 'string'

async function guess(email: string, ips: readonly string[]): Promise<string[]> {
  const answers: string[] = []
  for (const ip of ips) {
    const answer = await logIn({ email, ip, password: 'wrong-password-000' })
    answers.push(typeof answer === 'string' ? answer : 'opened')
  }
  return answers
}
const many = (count: number, ip: (index: number) => string) =>
  Array.from({ length: count }, (_, at) => ip(at))

test('who guesses from one address must wait, longer each time, and everybody else is let in', async () => {
  const { email } = await person(app, 'SUPPORT')
  await guess(
    email,
    many(8, () => '203.0.113.1'),
  )
  expect(opened(await logIn({ email, ip: '203.0.113.1' }))).toBe(false)
  expect(opened(await logIn({ email, ip: '203.0.113.2' }))).toBe(true)
  app.clock.offsetMs = 31 * SECOND
  await guess(email, ['203.0.113.1'])
  app.clock.offsetMs = 62 * SECOND
  expect(opened(await logIn({ email, ip: '203.0.113.1' }))).toBe(false)
  app.clock.offsetMs = 95 * SECOND
  expect(opened(await logIn({ email, ip: '203.0.113.1' }))).toBe(true)
})

test('an IPv6 network is one guesser, whichever of its addresses asks', async () => {
  const { email } = await person(app, 'SUPPORT')
  await guess(
    email,
    many(5, (at) => `2001:db8:1:1::${at}`),
  )
  expect(opened(await logIn({ email, ip: '2001:db8:1:1::ffff' }))).toBe(false)
  expect(opened(await logIn({ email, ip: '2001:db8:1:2::1' }))).toBe(true)
})

test('of parallel guesses no more are judged than of guesses in a row', async () => {
  const { id, email } = await person(app, 'SUPPORT')
  await Promise.all(many(20, () => '203.0.113.9').map((ip) => guess(email, [ip])))
  const judged = await app.as(async (ctx) => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from login_history
      where user_id = ${id} and reason = 'wrong_password'`.execute(ctx.tx)
    return rows[0]?.n
  })
  expect(judged).toBe(5)
})

test('a hundred addresses that guess one account hold it up, but not its owner on a device he has used', async () => {
  const user = await person(app, 'SUPPORT')
  const other = await person(app, 'SUPPORT')
  const { email } = user
  const before = await logIn({ email, ip: '192.0.2.1' })
  const others = await logIn({ email: other.email, ip: '192.0.2.2' })
  if (typeof before === 'string' || typeof others === 'string') throw new Error('not logged in')
  await guess(
    email,
    many(100, (at) => `198.51.100.${at}`),
  )
  expect(opened(await logIn({ email, ip: '192.0.2.3' }))).toBe(false)
  expect(opened(await logIn({ email, ip: '192.0.2.3', device: others.device }))).toBe(false)
  expect(opened(await logIn({ email, ip: '192.0.2.3', device: 'A'.repeat(80) }))).toBe(false)
  expect(opened(await logIn({ email, ip: '192.0.2.3', device: before.device }))).toBe(true)
  app.clock.offsetMs = 3_601 * SECOND
  expect(opened(await logIn({ email, ip: '192.0.2.3' }))).toBe(true)
})

test('a known device is no way to guess without end', async () => {
  const { email } = await person(app, 'SUPPORT')
  const before = await logIn({ email, ip: '192.0.2.1' })
  if (typeof before === 'string') throw new Error(before)
  for (let tries = 0; tries < 5; tries++)
    await logIn({ email, ip: '192.0.2.7', password: 'wrong-password-000', device: before.device })
  expect(opened(await logIn({ email, ip: '192.0.2.7', device: before.device }))).toBe(false)
})

test('codes are tries as well: starting over with the password gives no more of them', async () => {
  const user = await person(app, 'SUPPORT')
  await enrol(app, (await session(app, user.email)).api)
  const origin = { ...systemOrigin('test', newId()), ip: '203.0.113.77' }
  let refused = 0
  for (let round = 0; round < 4; round++) {
    const pending = await logIn({ email: user.email, ip: '203.0.113.77' })
    if (typeof pending === 'string') break
    for (let tries = 0; tries < 2; tries++)
      await authService
        .verifyMfa(app.root, origin, { token: pending.token, given: { code: 'WRONG-WRONG-WRONG' } })
        .catch(() => refused++)
  }
  expect(refused).toBeLessThan(5)
  expect(opened(await logIn({ email: user.email, ip: '203.0.113.77' }))).toBe(false)
})

test('a refusal does not tell whether the user exists, is disabled, or is being guessed', async () => {
  const disabled = await person(app, 'SUPPORT')
  await app.as((ctx) => sql`update users set state = 'disabled' where id = ${disabled.id}`.execute(ctx.tx))
  const real = await guess(
    (await person(app, 'SUPPORT')).email,
    many(8, () => '203.0.113.3'),
  )
  const unknown = await guess(
    `nobody-${newId()}@example.com`,
    many(8, () => '203.0.113.3'),
  )
  expect(new Set([...real, ...unknown, await logIn({ email: disabled.email, ip: '203.0.113.4' })]).size).toBe(
    1,
  )
})

test('the owner sees each log-in and each refusal, and which came from a new device', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  await guess(user.email, ['203.0.113.50'])
  const second = await logIn({ email: user.email, ip: '203.0.113.51' })
  if (typeof second === 'string') throw new Error(second)
  await logIn({ email: user.email, ip: '203.0.113.51', device: second.device })
  const { body } = await api.get<Page<LoginEntry>>('/api/auth/login-history')
  expect(body.items.map(({ outcome, reason, newDevice, ip }) => [outcome, reason, newDevice, ip])).toEqual([
    ['success', 'password', false, '203.0.113.51'],
    ['success', 'password', true, '203.0.113.51'],
    ['failure', 'wrong_password', false, '203.0.113.50'],
    ['success', 'password', false, null],
  ])
  const events = await app.as(async (ctx) => {
    const { rows } = await sql<{ action: string }>`select action from audit_events
      where target_id = ${user.id} and action like 'LOGIN%' order by id`.execute(ctx.tx)
    return rows.map(({ action }) => action)
  })
  expect(events).toEqual([
    'LOGIN_SUCCEEDED',
    'LOGIN_FAILED',
    'LOGIN_SUCCEEDED',
    'LOGIN_FROM_NEW_DEVICE',
    'LOGIN_SUCCEEDED',
  ])
})

test('whoever guesses the present password in a session of another is held up like at the log-in, and it is written down', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  const change = async (current: string): Promise<unknown> =>
    (
      await api.post<{ errors?: unknown }>('/api/auth/password', {
        current,
        password: 'gull-orbit-marmalade',
      })
    ).body.errors
  for (let n = 0; n < 6; n += 1) await change(`wrong-password-${n}`)
  expect(await change(PASSWORD)).toEqual([{ path: 'current', message: 'Tried too often. Wait a while.' }])
  const { rows } = await app.as(({ tx }) =>
    sql<{
      outcome: string
    }>`select outcome from audit_events where action = 'PASSWORD_CHANGED' and target_id = ${user.id}`.execute(
      tx,
    ),
  )
  expect(rows.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 7 }, () => 'denied'))
})
