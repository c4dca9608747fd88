import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Page, Problem } from '../../shared/api/common.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue, prepareOrder, type Answer, type Ordered } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, rowsOf } from '../support/harnessWorld.ts'

const PODS = '/api/admin/hosting/cloudpods'
const ORDERS = 50
const QUOTA = 2

let app: TestApp
beforeAll(async () => {
  app = await startApp()
  await app.startWorker()
})
afterAll(() => app.close())

type Made = { cloudPod: CloudPod; job: Job }

async function orderPods(tenantId: string): Promise<Answer<Made & Problem>[]> {
  const { plan, blueprint } = await catalogue(app.admin)
  const body = { tenantId, planId: plan.id, blueprintId: blueprint.id, sshKeys: null }
  return Promise.all(
    Array.from({ length: ORDERS }, () =>
      app.admin.post<Made & Problem>(PODS, { ...body, hostname: `pod-${newId().slice(-12)}` }),
    ),
  )
}

/** Exactly as many as the quota allows were taken, all others were refused for that reason. */
function expectQuotaHeld<T extends Problem>(answers: Answer<T>[], taken: number): Answer<T>[] {
  const refused = answers.filter(({ status }) => status !== taken)
  expect(refused).toHaveLength(ORDERS - QUOTA)
  for (const { status, body } of refused)
    expect({ status, code: body.code, pods: body.details?.['pods'] }).toEqual({
      status: 409,
      code: 'quota_exceeded',
      pods: { used: QUOTA, wanted: 1, limit: QUOTA },
    })
  return answers.filter(({ status }) => status === taken)
}

/** Rows that only an order that was taken may leave. */
const leftBy = (tenantId: string) =>
  rowsOf(
    app,
    sql<Record<string, number>>`select
      (select count(*)::int from cloud_pods where tenant_id = ${tenantId}) as pods,
      (select count(*)::int from cloud_pod_reservations r join cloud_pods p on p.id = r.pod_id
        where p.tenant_id = ${tenantId}) as capacity,
      (select count(*)::int from vmid_reservations v join cloud_pods p on p.id = v.pod_id
        where p.tenant_id = ${tenantId}) as vmids,
      (select count(*)::int from ip_addresses where tenant_id = ${tenantId}) as addresses,
      (select count(*)::int from provisioning_jobs where tenant_id = ${tenantId}) as jobs,
      (select count(*)::int from subscriptions where tenant_id = ${tenantId}) as subscriptions,
      (select count(*)::int from invoices where tenant_id = ${tenantId}) as invoices`,
  )

test('of fifty pods ordered at once, a quota of two lets exactly two through, and both come to run', async () => {
  const tenantId = await app.tenant({ maxPods: QUOTA })
  const before = app.sim.control.guests().length
  const taken = expectQuotaHeld(await orderPods(tenantId), 202)
  for (const { body } of taken) expect((await finished(app.admin, body.job.id)).state).toBe('succeeded')
  expect(await leftBy(tenantId)).toEqual([
    { pods: 2, capacity: 2, vmids: 2, addresses: 2, jobs: 2, subscriptions: 0, invoices: 0 },
  ])
  expect(app.sim.control.guests()).toHaveLength(before + QUOTA)
  await expectNothingLeaked(app, tenantId)
})

test('room that becomes free while fifty ask for it is given once', async () => {
  const tenantId = await app.tenant({ maxPods: QUOTA })
  const [first, second] = expectQuotaHeld(await orderPods(tenantId), 202)
  for (const one of [first, second]) await finished(app.admin, one?.body.job.id ?? '')
  const { body } = await app.admin.call<Made>('DELETE', `${PODS}/${first?.body.cloudPod.id}`)
  expect((await finished(app.admin, body.job.id)).state).toBe('succeeded')
  const again = await orderPods(tenantId)
  const taken = again.filter(({ status }) => status === 202)
  expect(taken).toHaveLength(1)
  expect(new Set(again.filter(({ status }) => status !== 202).map((one) => one.body.code))).toEqual(
    new Set(['quota_exceeded']),
  )
  await finished(app.admin, taken[0]?.body.job.id ?? '')
  const active = await app.admin.get<Page<CloudPod>>(`${PODS}?tenantId=${tenantId}&state=active`)
  expect(active.body.items).toHaveLength(QUOTA)
  await expectNothingLeaked(app, tenantId)
})

test('of fifty subscriptions ordered at once, the same two, and no invoice for the others', async () => {
  const tenantId = await app.tenant({ maxPods: QUOTA })
  const order = await prepareOrder(app.admin, tenantId)
  const answers = await Promise.all(
    Array.from({ length: ORDERS }, () =>
      app.admin.post<Ordered & Problem>('/api/admin/billing/subscriptions', {
        ...order,
        hostname: `web-${newId().slice(-12)}`,
      }),
    ),
  )
  expectQuotaHeld(answers, 201)
  expect(await leftBy(tenantId)).toEqual([
    { pods: 2, capacity: 2, vmids: 2, addresses: 2, jobs: 0, subscriptions: 2, invoices: 2 },
  ])
  await expectNothingLeaked(app, tenantId)
})
