import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Alert } from '../../shared/api/provisioningControls.ts'
import type { QuotaView } from '../../shared/api/tenants.ts'
import * as cloudPodQuotas from '../../src/services/cloudPodQuotas.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { activePod, podIn } from '../rules/pods.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false })
  tenantId = await app.tenant()
})
afterAll(() => app.close())

const quota = async (): Promise<QuotaView> =>
  (await app.admin.get<QuotaView>(`/api/admin/tenants/${tenantId}/quotas`)).body
/** Counts all quotas anew. @returns the alerts about them afterwards */
async function recount(): Promise<Alert[]> {
  await cloudPodQuotas.recountQuotas(app.root)
  return alerts()
}
async function alerts(): Promise<Alert[]> {
  await provisioningService.watch(app.root)
  const { body } = await app.admin.get<{ items: Alert[] }>('/api/admin/provisioning/alerts')
  return body.items.filter(({ code }) => code === 'quota_miscounted')
}
const events = () =>
  rowsOf(
    app,
    sql<{ details: { excess: object; pods: object[] } }>`select details from audit_events
      where action = 'QUOTA_MISCOUNTED' and tenant_id = ${tenantId} order by id`,
  )

it('pods in every state agree with the quota, one that is being resized and one that is destroyed as well', async () => {
  const { id } = await activePod(app, tenantId, false)
  await podIn(app, tenantId)
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where subject_id = ${id ?? ''}`,
  )
  const resized = await app.admin.post(`/api/admin/hosting/cloudpods/${id}/resize`, { cores: 4 })
  expect(resized.status).toBe(202)
  const gone = await activePod(app, tenantId, false)
  expect((await app.admin.call('DELETE', `/api/admin/hosting/cloudpods/${gone.id}`)).status).toBe(202)
  expect(await recount()).toEqual([])
  expect((await quota()).miscounted).toEqual([])
  expect(await events()).toEqual([])
})

it('a pod that is not counted, one that is gone and counted, and one of another size are told until they agree', async () => {
  const hold = (id: string | undefined) => sql`insert into cloud_pod_reservations
    select id, tenant_id, node_id, cores, memory_mb, disk_gb, now(), 1 from cloud_pods where id = ${id}`
  const [lost, kept, large] = [
    (await activePod(app, tenantId, false)).id ?? '',
    (await activePod(app, tenantId, false)).id ?? '',
    (await activePod(app, tenantId, false)).id ?? '',
  ]
  await rowsOf(app, sql`delete from cloud_pod_reservations where pod_id = ${lost}`)
  await rowsOf(app, sql`update cloud_pods set state = 'failed' where id = ${kept}`)
  await rowsOf(
    app,
    sql`update cloud_pod_reservations set memory_mb = memory_mb + 512 where pod_id = ${large}`,
  )
  expect(await recount()).toMatchObject([{ ref: tenantId }])
  const { miscounted } = await quota()
  expect(Object.fromEntries(miscounted.map(({ podId, problem }) => [podId, problem]))).toEqual({
    [lost]: 'not_counted',
    [kept]: 'counted_though_gone',
    [large]: 'counted_otherwise',
  })
  const [event] = await events()
  const none = { pods: 0, cores: 0, diskGb: 0, addresses: 0, snapshots: 0, backups: 0 }
  expect(event?.details.excess).toEqual({ ...none, memoryMb: 512 })
  expect(event?.details.pods).toHaveLength(3)

  await rowsOf(app, hold(lost))
  await rowsOf(app, sql`delete from cloud_pod_reservations where pod_id = ${kept}`)
  await rowsOf(
    app,
    sql`update cloud_pod_reservations set memory_mb = memory_mb - 512 where pod_id = ${large}`,
  )
  expect(await alerts()).toEqual([])
  expect(await recount()).toEqual([])
  expect(await events()).toHaveLength(1)
})

it('a snapshot that no job makes, one of a pod that is gone, and a backup that no job deletes are counted wrongly', async () => {
  const { id: live = '' } = await activePod(app, tenantId, false)
  const { id: gone = '' } = await activePod(app, tenantId, false)
  const path = `/api/admin/hosting/cloudpods`
  for (const id of [live, gone])
    expect((await app.admin.post(`${path}/${id}/snapshots`, { name: 'before' })).status).toBe(202)
  expect((await app.admin.post(`${path}/${live}/backups`)).status).toBe(202)
  expect(await recount()).toEqual([])

  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where subject_id = ${live}`,
  )
  await rowsOf(
    app,
    sql`update cloud_pod_backups set state = 'deleting', taken_at = now() where pod_id = ${live}`,
  )
  await rowsOf(
    app,
    sql`update cloud_pod_snapshots set state = 'ready', taken_at = now() where pod_id = ${gone}`,
  )
  await rowsOf(app, sql`delete from cloud_pod_reservations where pod_id = ${gone}`)
  await rowsOf(app, sql`update cloud_pods set state = 'failed' where id = ${gone}`)
  expect(await recount()).toMatchObject([{ ref: tenantId }])
  const { miscounted } = await quota()
  expect(Object.fromEntries(miscounted.map(({ podId, problem }) => [podId, problem]))).toEqual({
    [live]: 'counted_otherwise',
    [gone]: 'counted_though_gone',
  })
  const found = await events()
  const none = { pods: 0, cores: 0, memoryMb: 0, diskGb: 0, addresses: 0 }
  expect(found.at(-1)?.details.excess).toEqual({ ...none, snapshots: 2, backups: 1 })

  await rowsOf(
    app,
    sql`update cloud_pod_snapshots set state = 'failed', problem = 'it was not made', taken_at = null
      where tenant_id = ${tenantId}`,
  )
  await rowsOf(
    app,
    sql`update cloud_pod_backups set state = 'deleted', deleted_at = now() where pod_id = ${live}`,
  )
  expect(await recount()).toEqual([])
})

it('the template of a pod that no job makes is counted wrongly, one that is being made is not', async () => {
  const { id = '' } = await activePod(app, tenantId, true)
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where subject_id = ${id}`,
  )
  const made = await app.admin.post<{ blueprint: { minDiskGb: number } }>(
    `/api/admin/hosting/cloudpods/${id}/template`,
    { name: 'Own' },
  )
  expect(made.status).toBe(202)
  expect(await recount()).toEqual([])
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where subject_id = ${id}`,
  )
  expect(await recount()).toMatchObject([{ ref: tenantId }])
  expect((await events()).at(-1)?.details.excess).toMatchObject({
    diskGb: made.body.blueprint.minDiskGb,
    pods: 0,
  })
})
