import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../shared/api/audit.ts'
import { newId } from '../../src/lib/ids.ts'
import { timers } from '../../src/jobs/index.ts'
import * as userService from '../../src/services/userService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { actingAs, operator, REASON } from './operators.ts'
import { PASSWORD, person, roleId, session } from './people.ts'

const MINUTE = 60_000
let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  tenantId = await app.tenant()
})
afterEach(() => {
  app.clock.offsetMs = 0
})
afterAll(() => app.close())

const tidy = async (): Promise<void> => {
  const timer = timers.find(({ name }) => name === 'impersonations.end')
  if (!timer) throw new Error('there is no timer impersonations.end')
  await timer.run(app.root)
}
const endsOf = async (userId: string): Promise<AuditEvent[]> => {
  const path = `/api/admin/audit/events?action=IMPERSONATION_ENDED&targetId=${userId}`
  return (await app.admin.get<{ items: AuditEvent[] }>(path)).body.items
}
const isOver = async (api: { get(path: string): Promise<{ status: number }> }) =>
  (await api.get('/api/auth/me')).status === 401

test('one that runs out by its time has one event of its end, in each tenant of the user, which says so', async () => {
  const other = await app.tenant()
  const user = await person(app, 'TENANT_USER', tenantId)
  await app.admin.post(`/api/admin/users/${user.id}/grants`, {
    tenantId: other,
    roleId: await roleId(app, 'TENANT_USER'),
  })
  const { api, by } = await actingAs(app, user.id, { readOnly: true })
  const { body: me } = await api.get<{ impersonation: { until: string } }>('/api/auth/me')
  await tidy()
  expect(await endsOf(user.id)).toEqual([])
  app.clock.offsetMs = 31 * MINUTE
  expect(await isOver(api)).toBe(true)
  await Promise.all([tidy(), tidy(), tidy()])
  await tidy()
  app.clock.offsetMs = 0
  const ends = await endsOf(user.id)
  expect(ends).toHaveLength(2)
  expect(new Set(ends.map((event) => event.tenantId))).toEqual(new Set([tenantId, other]))
  for (const { actor, outcome, details } of ends) {
    const impersonator = { id: by.id, label: by.email }
    expect(actor).toEqual({ type: 'user', id: user.id, label: user.email, impersonator })
    expect(outcome).toBe('success')
    expect(details).toEqual({
      reason: REASON,
      readOnly: true,
      how: 'ran_out',
      endedAt: me.impersonation.until,
    })
  }
})

test('one that is stopped, twice at the same moment, has one event, and its time adds none', async () => {
  const user = await person(app, 'TENANT_USER', tenantId)
  const { api } = await actingAs(app, user.id)
  const answers = await Promise.all([
    api.call('DELETE', '/api/auth/impersonation'),
    api.call('DELETE', '/api/auth/impersonation'),
  ])
  expect(answers.map(({ status }) => status)).toContain(204)
  app.clock.offsetMs = 31 * MINUTE
  await tidy()
  app.clock.offsetMs = 0
  expect((await endsOf(user.id)).map(({ details }) => details?.['how'])).toEqual(['stopped'])
})

test('one whose session, or whose operator’s session, is ended by others has one event that tells it from the rest', async () => {
  const user = await person(app, 'TENANT_USER', tenantId)
  await actingAs(app, user.id)
  const theirs = (await session(app, user.email)).api
  const changed = await theirs.post('/api/auth/password', {
    current: PASSWORD,
    password: `Gull-Orbit-${newId()}`,
  })
  expect(changed.status).toBe(204)
  const second = await person(app, 'TENANT_USER', tenantId)
  const by = await operator(app)
  await actingAs(app, second.id, { by })
  expect((await app.admin.call('DELETE', `/api/admin/users/${by.id}/sessions`, {})).status).toBe(204)
  await tidy()
  await tidy()
  for (const { id } of [user, second]) {
    const [end, ...more] = await endsOf(id)
    expect([end?.details?.['how'], more]).toEqual(['session_ended', []])
  }
})

test('the end and its event are there together or not at all', async () => {
  const user = await person(app, 'TENANT_USER', tenantId)
  await actingAs(app, user.id)
  app.clock.offsetMs = 31 * MINUTE
  const undone = app.as(async (ctx) => {
    await userService.endImpersonations(ctx)
    throw new Error('the worker died')
  })
  await expect(undone).rejects.toThrow('the worker died')
  app.clock.offsetMs = 0
  expect(await endsOf(user.id)).toEqual([])
  app.clock.offsetMs = 31 * MINUTE
  await tidy()
  app.clock.offsetMs = 0
  expect(await endsOf(user.id)).toHaveLength(1)
})
