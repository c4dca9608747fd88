import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Job } from '../../shared/api/provisioning.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { expectNothingLeaked } from '../support/harnessWorld.ts'
import { cancelNow, delivered, showSubscription } from './faults.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

it('a stuck job goes on from where it stopped once a person has mended the cause, and says in the audit log who let it', async () => {
  const placed = await delivered(app)
  app.sim.control.removeGuest(placed.vmid)
  app.sim.control.createGuest({ vmid: placed.vmid, node: 'pve1', name: 'not-ours', storage: 'shared' })
  const job = await cancelNow(app, placed.subscription.id)
  const path = `/api/admin/provisioning/jobs/${job?.id}/retry`
  expect((await finished(app.admin, job?.id ?? '')).state).toBe('stuck')

  app.sim.control.removeGuest(placed.vmid)
  expect((await app.admin.post<Job>(path)).status).toBe(202)
  await until(
    async () => (await showSubscription(app, placed.subscription.id)).state === 'terminated',
    'the subscription to end',
  )
  await expectNothingLeaked(app, placed.tenantId, [])
  const events = await app.admin.get<{ items: { actor: { type: string } }[] }>(
    `/api/admin/audit/events?action=JOB_RETRIED&targetId=${job?.id}`,
  )
  expect(events.body.items).toMatchObject([{ actor: { type: 'user' } }])

  const again = await app.admin.post<{ code: string; detail: string }>(path)
  expect(again).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect(again.body.detail).toBe('The job is over.')
})
