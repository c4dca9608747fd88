import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue, type Api } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked } from '../support/harnessWorld.ts'
import { keyOf, person, session, type Person } from '../users/people.ts'

let app: TestApp
let tenantId: string
let owner: Person
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app.close())
beforeEach(async () => {
  tenantId = await app.tenant()
  owner = await person(app, 'TENANT_OWNER', tenantId)
})

async function orderPodIn(tenant: string, api: Api): Promise<{ cloudPod: CloudPod; job: Job }> {
  const { plan, blueprint } = await catalogue(app.admin)
  const body = {
    tenantId: tenant,
    planId: plan.id,
    blueprintId: blueprint.id,
    hostname: `pod-${newId().slice(-10)}`,
  }
  const { status, body: made } = await api.post<{ cloudPod: CloudPod; job: Job }>(
    '/api/admin/hosting/cloudpods',
    body,
  )
  expect(status).toBe(202)
  return made
}

const orderPod = (api: Api) => orderPodIn(tenantId, api)

const run = (statement: ReturnType<typeof sql>) => app.as((ctx) => statement.execute(ctx.tx))

/** Runs a job to its end, by a worker that begins only now. */
async function outcome(job: Job): Promise<Job> {
  const worker = await app.startWorker()
  const ended = await finished(app.admin, job.id)
  await worker.stop()
  return ended
}

const takingAway: [string, () => Promise<unknown>][] = [
  ['the role is taken away', () => run(sql`delete from role_grants where user_id = ${owner.id}`)],
  ['the user is disabled', () => run(sql`update users set state = 'disabled' where id = ${owner.id}`)],
]
const takingKeys: typeof takingAway = [
  ...takingAway,
  ['the key is revoked', () => run(sql`update api_keys set revoked_at = now() where user_id = ${owner.id}`)],
  [
    'the scope is narrowed',
    () => run(sql`update api_keys set scopes = '{cloudpods:read}' where user_id = ${owner.id}`),
  ],
]

async function expectRefused({ cloudPod, job }: { cloudPod: CloudPod; job: Job }): Promise<void> {
  const guests = app.sim.control.guests().length
  const ended = await outcome(job)
  expect(ended).toMatchObject({ state: 'failed', error: { code: 'forbidden' } })
  expect(ended.error?.message).toContain('no longer has the permission cloudpods:create')
  expect(app.sim.control.guests()).toHaveLength(guests)
  const events = await app.admin.get<{ items: { outcome: string }[] }>(
    `/api/admin/audit/events?action=JOB_FAILED&targetId=${job.id}`,
  )
  expect(events.body.items).toMatchObject([{ outcome: 'denied' }])
  const pod = await app.admin.get<CloudPod>(`/api/admin/hosting/cloudpods/${cloudPod.id}`)
  expect(pod.body.state).toBe('failed')
  await expectNothingLeaked(app, tenantId, [])
}

test.each(takingAway)(
  'a job that a user wanted is refused and audited when %s before it runs',
  async (_, take) => {
    const { api } = await session(app, owner.email)
    const made = await orderPod(api)
    await take()
    await expectRefused(made)
  },
)

test.each(takingKeys)(
  'a job that an API key wanted is refused and audited when %s before it runs',
  async (_, take) => {
    const { api } = await keyOf(app, owner.email, { tenantId })
    const made = await orderPod(api)
    await take()
    await expectRefused(made)
  },
)

test('whoever keeps the right gets what they asked for', async () => {
  const { api } = await keyOf(app, owner.email, { tenantId })
  const { job } = await orderPod(api)
  expect((await outcome(job)).state).toBe('succeeded')
})

test('a destruction whose originator lost the right waits for a person, who may let it go on', async () => {
  const { api } = await session(app, owner.email)
  const { cloudPod, job } = await orderPod(api)
  expect((await outcome(job)).state).toBe('succeeded')
  const asked = await api.call<{ job: Job }>('DELETE', `/api/admin/hosting/cloudpods/${cloudPod.id}`)
  expect(asked.status).toBe(202)
  await takingAway[0]?.[1]()
  const stuck = await outcome(asked.body.job)
  expect(stuck).toMatchObject({ state: 'stuck', error: { code: 'forbidden' } })
  expect((await app.admin.post(`/api/admin/provisioning/jobs/${stuck.id}/retry`)).status).toBe(202)
  expect((await outcome(stuck)).state).toBe('succeeded')
  await expectNothingLeaked(app, tenantId, [])
})

test('a job whose payload was changed to name a pod of another tenant does nothing there', async () => {
  const other = await app.tenant()
  const stranger = await person(app, 'TENANT_OWNER', other)
  const theirs = await orderPodIn(other, (await session(app, stranger.email)).api)
  expect((await outcome(theirs.job)).state).toBe('succeeded')
  const { api } = await session(app, owner.email)
  const { cloudPod, job } = await orderPod(api)
  expect((await outcome(job)).state).toBe('succeeded')
  const asked = await api.call<{ job: Job }>('DELETE', `/api/admin/hosting/cloudpods/${cloudPod.id}`)
  const forged = JSON.stringify({ podId: theirs.cloudPod.id, tenantId: other })
  await run(sql`update provisioning_jobs_live set payload = ${forged}::jsonb where id = ${asked.body.job.id}`)
  expect((await outcome(asked.body.job)).state).not.toBe('succeeded')
  const pod = await app.admin.get<CloudPod>(`/api/admin/hosting/cloudpods/${theirs.cloudPod.id}`)
  expect(pod.body).toMatchObject({ state: 'active', powerState: 'running' })
})
