import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { address, builtinRole, invitationIn, linkFor } from '../rules/casesMail.ts'
import { createApi, type Api } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { hashOf, mailsTo, textTo, tokenTo } from '../users/mails.ts'
import { PASSWORD, person, session } from '../users/people.ts'

const NEW = 'Gull-Orbit-Teapot-77'
let app: TestApp
let nobody: Api
beforeAll(async () => {
  app = await startApp({ blueprints: false })
  nobody = await createApi(app.url, undefined)
})
afterAll(() => app.close())

const confirm = (token: string) =>
  nobody.post<{ code: string }>('/api/auth/password-reset/confirm', { token, password: NEW })
const accept = (token: string) =>
  nobody.post('/api/auth/invitation/accept', { token, name: 'Ada', password: PASSWORD })
const granted = (answers: { status: number }[]) => answers.filter(({ status }) => status === 204).length

test('of eight uses of a link at the same time one succeeds', async () => {
  const { id } = await person(app, 'SUPPORT')
  const token = await linkFor(app, 'password_reset', id)
  expect(granted(await Promise.all(Array.from({ length: 8 }, () => confirm(token))))).toBe(1)
  const invited = await invitationIn(app, await app.tenant())
  const link = await linkFor(app, 'invitation', invited.id)
  expect(granted(await Promise.all(Array.from({ length: 8 }, () => accept(link))))).toBe(1)
})

test('a link counts for its purpose alone, and not after its time: an hour, three days for an invitation', async () => {
  const { id } = await person(app, 'SUPPORT')
  const reset = await linkFor(app, 'password_reset', id)
  expect((await accept(reset)).status).toBe(410)
  expect((await confirm(await linkFor(app, 'email_change', id, address()))).status).toBe(410)
  const invited = await linkFor(app, 'invitation', (await invitationIn(app, await app.tenant())).id)
  expect((await confirm(invited)).status).toBe(410)
  app.clock.offsetMs = 3_600_000
  expect((await confirm(reset)).body.code).toBe('link_expired')
  expect((await nobody.post('/api/auth/invitation', { token: invited })).status).toBe(200)
  app.clock.offsetMs = 72 * 3_600_000
  expect((await nobody.post('/api/auth/invitation', { token: invited })).status).toBe(410)
  app.clock.offsetMs = 0
})

test('the link is made of the configured address, whatever the request calls its host', async () => {
  const user = await person(app, 'SUPPORT')
  const headers = { 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' }
  await nobody.post('/api/auth/password-reset', { email: user.email }, headers)
  const text = await textTo(app, user.email, 'passwordReset')
  expect(text).toContain(`${app.root.settings.publicUrl}/reset#t=`)
  expect(text).not.toContain('evil.example')
})

test('neither the database, nor jobs, audit events or logs hold a token that could be used', async () => {
  const user = await person(app, 'SUPPORT')
  await nobody.post('/api/auth/password-reset', { email: user.email })
  const token = await tokenTo(app, user.email, 'passwordReset')
  expect(token).toHaveLength(43)
  await until(async () => (await mailsTo(app, user.email))[0]?.state === 'kept', 'the mail to be kept')
  expect((await confirm(token)).status).toBe(204)
  const rows = await app.as(async (ctx) => {
    const { rows: found } = await sql<{ row: string }>`select m::text as row from mails m
      union all select t::text from single_use_tokens t union all select j::text from provisioning_jobs j
      union all select s::text from provisioning_job_steps s union all select e::text from audit_events e
      union all select k::text from idempotency_keys k`.execute(ctx.tx)
    return found.map(({ row }) => row).join('\n')
  })
  expect(rows).toContain(hashOf(token).toString('hex'))
  for (const where of [rows, app.logs.join('\n')]) {
    expect(where).not.toContain(token)
    expect(where).not.toContain(Buffer.from(token).toString('hex'))
  }
})

type Shape = { status: number; body: unknown; headers: [string, string][] }
/** What could tell two answers apart: not the request's id, the clock or how many calls are left. */
const shapeOf = ({ status, body, headers }: { status: number; body: unknown; headers: Headers }): Shape => ({
  status,
  body,
  headers: [...headers].filter(([name]) => !/^(x-request-id|date|x-ratelimit-.*)$/.test(name)),
})

test('asking for a reset and inviting are answered and cost the same for an e-mail that has an account', async () => {
  const tenantId = await app.tenant()
  const { api: owner } = await session(app, (await person(app, 'TENANT_OWNER', tenantId)).email)
  const roleId = await builtinRole(app, 'TENANT_USER')
  const known = await person(app, 'SUPPORT')
  const reset = (email: string) => nobody.post('/api/auth/password-reset', { email })
  const unknown = address()
  expect(shapeOf(await reset(known.email))).toEqual(shapeOf(await reset(unknown)))
  await textTo(app, known.email, 'passwordReset')
  expect(await mailsTo(app, unknown)).toEqual([])
  // The same rows are written for both: the rest is a job's.
  const written = (email: string) =>
    app.as(async (ctx) => {
      const { rows } = await sql<{ kind: string; events: number }>`select j.kind,
          (select count(*)::int from audit_events e where e.correlation_id = j.correlation_id and e.job_id is null) as events
        from provisioning_jobs j where j.kind = 'auth.passwordReset' and j.payload ->> 'email' = ${email}`.execute(
        ctx.tx,
      )
      return rows
    })
  expect(await written(known.email)).toEqual(await written(unknown))
  const path = `/api/admin/tenants/${tenantId}/invitations`
  const [one, other] = [
    await owner.post<object>(path, { email: known.email, roleId }),
    await owner.post<object>(path, { email: address(), roleId }),
  ]
  const keys = ({ status, body, headers }: typeof one) => ({
    ...shapeOf({ status, body: Object.keys(body), headers }),
    headers: [...headers.keys()],
  })
  expect(keys(one)).toEqual(keys(other))
})

test('a thousand guesses at a link are slowed down and open nothing', async () => {
  const { id } = await person(app, 'SUPPORT')
  const token = await linkFor(app, 'password_reset', id)
  const statuses = new Set<number>()
  for (let round = 0; round < 3; round++) {
    const guesses = Array.from({ length: 20 }, (_, at) => confirm(`${token.slice(0, -2)}${round}${at % 10}`))
    for (const { status } of await Promise.all(guesses)) statuses.add(status)
  }
  expect(new Set(statuses)).toEqual(new Set([410, 429]))
})
