import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Setup } from '../../shared/api/dashboardSetup.ts'
import { newId } from '../../src/lib/ids.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
})
afterAll(() => app?.close())

const PATH = '/api/admin/setup'
const read = async () => (await app.admin.get<Setup>(PATH)).body
const states = async () => Object.fromEntries((await read()).steps.map(({ step, state }) => [step, state]))

test('a new installation is told what is simulated and what is missing, and of each what was last seen', async () => {
  expect(await states()).toMatchObject({
    cluster: 'simulated',
    dns: 'simulated',
    mail: 'simulated',
    payments: 'missing',
  })
  await app.as(({ tx }) =>
    sql`insert into clusters (id, name, api_url, token_id, token_secret_sealed, vmid_min, vmid_max, created_at)
      values (${newId()}, 'real', 'https://192.0.2.1:8006', 'a@pve!b', '', 100, 200, now())`.execute(tx),
  )
  const set = async (health: string, message: string | null) =>
    app.as(({ tx }) =>
      sql`update clusters set health = ${health}, health_message = ${message} where not simulated`.execute(
        tx,
      ),
    )
  // A real one counts before the simulated one, and not before it was seen to work.
  expect((await states())['cluster']).toBe('unproven')
  await set('ok', null)
  expect((await states())['cluster']).toBe('connected')
  await set('failing', 'No route to the host.')
  expect((await read()).steps[0]).toMatchObject({
    state: 'failing',
    name: 'real',
    problem: 'No route to the host.',
  })
})

test('the guide is taken off the dashboard for everybody, and brought back; both are in the audit log', async () => {
  for (const dismissed of [true, false]) {
    expect((await app.admin.call<Setup>('PUT', PATH, { dismissed })).body.dismissed).toBe(dismissed)
    expect((await read()).dismissed).toBe(dismissed)
  }
  const { body } = await app.admin.get<{ items: unknown[] }>(
    '/api/admin/audit/events?action=SETUP_GUIDE_CHANGED',
  )
  expect(body.items).toHaveLength(2)
})
