import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { systemOrigin } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as authService from '../../src/services/authService.ts'
import { codeOf, enrol } from '../users/factors.ts'
import { PASSWORD, person, session, type Person } from '../users/people.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
/** At the beginning of a time step, so that a test ends in the step it began in. */
beforeEach(() => {
  app.clock.offsetMs = 30_000 - (Date.now() % 30_000)
})
afterAll(() => app.close())

type Enrolled = { user: Person; secret: string; codes: string[] }
async function enrolled(): Promise<Enrolled> {
  const user = await person(app, 'SUPPORT')
  return { user, ...(await enrol(app, (await session(app, user.email)).api)) }
}
let callers = 0
/** From an address of its own: tries from one are slowed down. */
const origin = () => ({ ...systemOrigin('test', newId()), ip: `198.51.100.${++callers}` })

/** A whole log-in without the limit of calls; true when it was granted. */
async function logIn({ user }: Enrolled, code: string): Promise<boolean> {
  const pending = await authService.login(app.root, origin(), { email: user.email, password: PASSWORD })
  expect(pending.device).toBeUndefined()
  return authService.verifyMfa(app.root, origin(), { token: pending.token, given: { code } }).then(
    () => true,
    () => false,
  )
}

test('a code of the app opens one session, also when eight ask at the same time', async () => {
  const one = await enrolled()
  const code = codeOf(app, one.secret)
  const granted = await Promise.all(Array.from({ length: 8 }, () => logIn(one, code)))
  expect(granted.filter(Boolean)).toHaveLength(1)
  expect(await logIn(one, code)).toBe(false)
})

test('a code older than one that was used is refused', async () => {
  const one = await enrolled()
  expect(await logIn(one, codeOf(app, one.secret, 1))).toBe(true)
  expect(await logIn(one, codeOf(app, one.secret))).toBe(false)
})

test('codes count for their step and the one before and after, not further', async () => {
  const one = await enrolled()
  app.clock.offsetMs += 10 * 60_000
  expect(await logIn(one, codeOf(app, one.secret, -2))).toBe(false)
  expect(await logIn(one, codeOf(app, one.secret, 2))).toBe(false)
  expect(await logIn(one, codeOf(app, one.secret, -1))).toBe(true)
  expect(await logIn(one, codeOf(app, one.secret, 1))).toBe(true)
})

test('each of ten recovery codes works once, also in parallel, and has at least 112 bits', async () => {
  const one = await enrolled()
  expect(new Set(one.codes).size).toBe(10)
  for (const code of one.codes) expect(code.replaceAll('-', '')).toMatch(/^[A-Z2-7]{24}$/)
  const [first = '', second = ''] = one.codes
  const granted = await Promise.all(Array.from({ length: 8 }, () => logIn(one, first)))
  expect(granted.filter(Boolean)).toHaveLength(1)
  expect(await logIn(one, second.toLowerCase().replaceAll('-', ' '))).toBe(true)
  expect(await logIn(one, second)).toBe(false)
})

test('codes of somebody else are wrong', async () => {
  const [one, other] = [await enrolled(), await enrolled()]
  expect(await logIn(one, codeOf(app, other.secret))).toBe(false)
  expect(await logIn(one, other.codes[0] ?? '')).toBe(false)
})

test('neither the secret nor a recovery code can be read in the database, nor moved to another user', async () => {
  const [one, other] = [await enrolled(), await enrolled()]
  const rows = await app.as(async (ctx) => {
    const { rows: found } = await sql<{ row: string }>`select t::text as row from user_totp t
      union all select c::text from user_recovery_codes c union all select k::text from idempotency_keys k
      union all select e::text from audit_events e`.execute(ctx.tx)
    return found.map(({ row }) => row).join('\n')
  })
  for (const value of [one.secret, ...one.codes, ...one.codes.map((code) => code.replaceAll('-', ''))]) {
    expect(rows).not.toContain(value)
    expect(rows).not.toContain(Buffer.from(value).toString('hex'))
  }
  await app.as((ctx) =>
    sql`update user_totp set secret = (select secret from user_totp where user_id = ${one.user.id})
      where user_id = ${other.user.id}`.execute(ctx.tx),
  )
  expect(await logIn(other, codeOf(app, one.secret))).toBe(false)
})
