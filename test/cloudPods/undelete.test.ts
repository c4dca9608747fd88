import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Brake } from '../../shared/api/provisioningControls.ts'
import type { QuotaView } from '../../shared/api/tenants.ts'
import { newId } from '../../src/lib/ids.ts'
import * as cloudPodDeletionService from '../../src/services/cloudPodDeletionService.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import { catalogue } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { pairOf } from '../support/harnessRebuild.ts'
import { expectNothingLeaked, guestsOf, heldBy, podRow, rowsOf } from '../support/harnessWorld.ts'
import { cancelNow, delivered, jobOf, PODS, showPod, showSubscription } from './faults.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp()
  app.sim.control.setStaleness(0)
  tenantId = await tenantWithWindow()
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())

const set = (tenant: string, hours: number | null) =>
  app.admin.call('PATCH', `/api/admin/tenants/${tenant}/settings`, { 'cloudPods.undeleteHours': hours })

async function tenantWithWindow(): Promise<string> {
  const made = await app.tenant()
  expect((await set(made, 48)).status).toBe(200)
  return made
}

type Answer = Accepted & Problem

async function pod(kind: 'vm' | 'ct' = 'vm'): Promise<CloudPodDetail> {
  const { plan, blueprint } = await catalogue(app.admin, kind)
  const order = {
    tenantId,
    planId: plan.id,
    blueprintId: blueprint.id,
    hostname: `pod-${newId().slice(-12)}`,
  }
  const made = await app.admin.post<Accepted>(PODS, order)
  expect(await finished(app.admin, made.body.job.id)).toMatchObject({ state: 'succeeded' })
  return showPod(app, made.body.cloudPod.id)
}

async function ended({ status, body }: { status: number; body: Answer }): Promise<Job> {
  expect(status, JSON.stringify(body)).toBe(202)
  return finished(app.admin, body.job.id)
}

const remove = ({ id }: { id: string }) => app.admin.call<Answer>('DELETE', `${PODS}/${id}`)
const undelete = ({ id }: { id: string }) => app.admin.post<Answer>(`${PODS}/${id}/undelete`)
const purge = ({ id, hostname }: CloudPodDetail) =>
  app.admin.post<Answer>(`${PODS}/${id}/purge`, { hostname })

/** What a comparison of the cluster with the pods finds. */
async function differences(): Promise<unknown[]> {
  const path = `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`
  const { body } = await app.admin.post<{ job: Job }>(path)
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  return rowsOf(app, sql`select kind, vmid from findings where state <> 'closed'`)
}

const FULL = { vmids: ['reserved'], addresses: ['assigned'], capacity: 1 }

it.each(['vm', 'ct'] as const)(
  'a deleted %s is off and unplugged, holds all it held, and comes back exactly as it was',
  async (kind) => {
    const before = await pod(kind)
    const was = guestsOf(app, before.id)[0]
    const quota = async () =>
      (await app.admin.get<QuotaView>(`/api/admin/tenants/${tenantId}/quotas`)).body.limits?.maxPods.used
    const used = await quota()
    expect(await ended(await remove(before))).toMatchObject({ state: 'succeeded' })
    const deleted = await showPod(app, before.id)
    expect(deleted).toMatchObject({
      state: 'recoverable',
      powerState: 'stopped',
      addresses: before.addresses,
    })
    const hours = (Date.parse(deleted.recoverableUntil ?? '') - Date.now()) / 3_600_000
    expect(Math.round(hours)).toBe(48)
    expect(await pairOf(app, before.id)).toMatchObject([
      { power: 'stopped', linkDown: true, onboot: false, noted: true },
    ])
    expect(await heldBy(app, before.id)).toEqual(FULL)
    expect(await quota()).toBe(used)
    const list = await app.admin.get<{ items: { id: string }[] }>(`${PODS}?state=recoverable&limit=200`)
    expect(list.body.items.map(({ id }) => id)).toContain(before.id)
    for (const what of ['start', 'rebuild', 'snapshots'])
      expect(
        (
          await app.admin.post<Problem>(`${PODS}/${before.id}/${what}`, {
            hostname: before.hostname,
            name: 'x',
          })
        ).status,
        what,
      ).toBeGreaterThanOrEqual(400)

    expect(await differences()).toEqual([])

    expect(await ended(await undelete(before))).toMatchObject({ state: 'succeeded' })
    const { version: _, powerCheckedAt: __, ...after } = await showPod(app, before.id)
    expect(before).toMatchObject(after)
    const [is] = guestsOf(app, before.id)
    expect({ config: is?.config, power: is?.power }).toEqual({ config: was?.config, power: was?.power })
    await expectNothingLeaked(app, tenantId)
  },
)

it('"Delete for good now" needs the host name, and ends the keeping', async () => {
  const before = await pod('ct')
  expect((await purge(before)).body).toMatchObject({ code: 'invalid_state' })
  await ended(await remove(before))
  const other = await app.admin.post<Problem>(`${PODS}/${before.id}/purge`, { hostname: 'another' })
  expect(other.body).toMatchObject({ code: 'invalid_input' })
  expect(await ended(await purge(before))).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, before.id)).toMatchObject({ state: 'deleted', recoverableUntil: null })
  expect(guestsOf(app, before.id)).toEqual([])
  expect((await undelete(before)).body).toMatchObject({ code: 'invalid_state' })
  await expectNothingLeaked(app, tenantId)
})

it('a window of 0 destroys at once, and so does a guest that is gone already', async () => {
  const [first, second] = [await pod('ct'), await pod('ct')]
  app.sim.control.removeGuest(second.placement?.vmid ?? 0)
  await ended(await remove(second))
  await until(async () => (await showPod(app, second.id)).state === 'deleted', 'the pod to be deleted')
  await set(tenantId, 0)
  expect(await ended(await remove(first))).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, first.id)).toMatchObject({ state: 'deleted' })
  await set(tenantId, 48)
})

it('what cannot be brought back is kept on, and says why', async () => {
  const before = await pod('vm')
  await ended(await remove(before))
  app.sim.control.failTask({ type: 'qmstart', text: 'no such bridge' })
  expect(await ended(await undelete(before))).toMatchObject({
    state: 'failed',
    error: { code: 'task_failed' },
  })
  expect(await showPod(app, before.id)).toMatchObject({
    state: 'recoverable',
    action: null,
    problem: expect.stringContaining('no such bridge') as string,
  })
  expect(await pairOf(app, before.id)).toMatchObject([{ power: 'stopped', linkDown: true, onboot: false }])
  expect(await ended(await undelete(before))).toMatchObject({ state: 'succeeded' })
})

it('a guest of the high availability is stopped through it, and started again', async () => {
  const before = await pod('vm')
  const vmid = before.placement?.vmid ?? 0
  app.sim.control.setHa(vmid, 'started')
  expect(await ended(await remove(before))).toMatchObject({ state: 'succeeded' })
  expect(guestsOf(app, before.id)[0]?.power).toBe('stopped')
  expect(await ended(await undelete(before))).toMatchObject({ state: 'succeeded' })
  expect(guestsOf(app, before.id)[0]?.power).toBe('running')
  app.sim.control.setHa(vmid, null)
})

it('a cancelled subscription ends with its pod’s time, or goes on when the pod is undeleted within what was paid for', async () => {
  const placed = await delivered(app)
  const { subscription, podId } = placed
  await set(placed.tenantId, 24)
  const job = await cancelNow(app, subscription.id)
  await finished(app.admin, job?.id ?? '')
  expect(await showPod(app, podId)).toMatchObject({ state: 'recoverable' })
  expect(await showSubscription(app, subscription.id)).toMatchObject({ state: 'terminating' })
  expect(await ended(await undelete({ id: podId }))).toMatchObject({ state: 'succeeded' })
  expect(await showSubscription(app, subscription.id)).toMatchObject({ state: 'active', cancelAt: null })
  expect(await showPod(app, podId)).toMatchObject({ state: 'active', powerState: 'running' })

  await finished(app.admin, (await cancelNow(app, subscription.id))?.id ?? '')
  await rowsOf(
    app,
    sql`update subscriptions set current_period = tstzrange(lower(current_period) - interval '60 days', lower(current_period))
      where id = ${subscription.id}`,
  )
  expect((await undelete({ id: podId })).body).toMatchObject({
    code: 'invalid_state',
    detail: expect.stringContaining('paid') as string,
  })
  expect(await ended(await purge(await showPod(app, podId)))).toMatchObject({ state: 'succeeded' })
  expect(await showSubscription(app, subscription.id)).toMatchObject({ state: 'terminated' })
})

it('deleted pods are destroyed when their time is over, and unusually many wait for a person', async () => {
  const before = await pod('ct')
  await ended(await remove(before))
  await cloudPodDeletionService.purgeDue(app.root)
  expect(await podRow(app, before.id)).toMatchObject({ state: 'recoverable' })
  const limits = { 'automation.brakeMinimum': 0, 'automation.brakePercent': 1 }
  await app.admin.call('PATCH', '/api/admin/tenants/settings', limits)
  await rowsOf(app, sql`update cloud_pods set recoverable_until = now() where state = 'recoverable'`)
  await cloudPodDeletionService.purgeDue(app.root)
  expect(await podRow(app, before.id)).toMatchObject({ state: 'recoverable' })
  const { body } = await app.admin.get<{ items: Brake[] }>('/api/admin/provisioning/brakes')
  const brake = body.items.find(({ action }) => action === 'cloudPods.purge')
  expect(brake).toMatchObject({ state: 'waiting' })
  const confirmed = { decision: 'confirmed', wanted: brake?.wanted, reason: 'they are not needed' }
  await app.admin.post(`/api/admin/provisioning/brakes/${brake?.id}`, confirmed)
  await cloudPodDeletionService.purgeDue(app.root)
  const job = await jobOf(app, before.id, 'cloudPod.destroy')
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
  expect(await showPod(app, before.id)).toMatchObject({ state: 'deleted' })
  await expectNothingLeaked(app, tenantId)
})
