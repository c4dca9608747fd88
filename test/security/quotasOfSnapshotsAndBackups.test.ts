import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { QuotaView } from '../../shared/api/tenants.ts'
import type { Problem } from '../../shared/api/common.ts'
import * as cloudPodBackupMarks from '../../src/services/cloudPodBackupMarks.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import * as cloudPodSnapshotService from '../../src/services/cloudPodSnapshotService.ts'
import { activePod } from '../rules/pods.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'

const PODS = '/api/admin/hosting/cloudpods'
const AT_ONCE = 12
const QUOTA = 2

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app.close())

type Own = { tenantId: string; podIds: string[] }
async function twoPods(limits: object): Promise<Own> {
  const tenantId = await app.tenant()
  const podIds = [
    (await activePod(app, tenantId, false)).id ?? '',
    (await activePod(app, tenantId, false)).id ?? '',
  ]
  const set = await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/quotas`, limits)
  expect(set.status, JSON.stringify(set.body)).toBe(200)
  return { tenantId, podIds }
}

const limitsOf = async ({ tenantId }: Own) =>
  (await app.admin.get<QuotaView>(`/api/admin/tenants/${tenantId}/quotas`)).body.limits

type Begun = { snapshot?: { id: string; podId: string }; backup?: { id: string; podId: string } }
/** Asks for so many at once, of both pods in turn. @returns those that were begun */
async function askAtOnce({ podIds }: Own, what: 'snapshots' | 'backups'): Promise<Begun[]> {
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, at) =>
      app.admin.post<Begun & Problem>(
        `${PODS}/${podIds[at % 2]}/${what}`,
        what === 'snapshots' ? { name: `at once ${at}` } : undefined,
      ),
    ),
  )
  const refused = answers.filter(({ status }) => status !== 202)
  expect(refused).toHaveLength(AT_ONCE - QUOTA)
  for (const { status, body } of refused)
    expect({ status, code: body.code, share: body.details?.[what] }).toEqual({
      status: 409,
      code: 'quota_exceeded',
      share: { used: QUOTA, wanted: 1, limit: QUOTA },
    })
  return answers.filter(({ status }) => status === 202).map(({ body }) => body)
}

it('of many snapshots asked for at once for two pods, a quota of two of their tenant lets exactly two begin', async () => {
  const own = await twoPods({ maxSnapshots: QUOTA })
  const begun = await askAtOnce(own, 'snapshots')
  expect((await limitsOf(own))?.maxSnapshots).toEqual({ limit: QUOTA, used: QUOTA, origin: 'platform' })
  const list = await app.admin.get(`${PODS}/${own.podIds[0]}/snapshots`)
  expect(list.body).toMatchObject({ quota: { limit: QUOTA, used: QUOTA } })

  const [first, second] = begun.map(({ snapshot }) => ({
    tenantId: own.tenantId,
    podId: snapshot?.podId ?? '',
    snapshotId: snapshot?.id ?? '',
  }))
  if (!first || !second) throw new Error('two were begun')
  await app.as((ctx) => cloudPodSnapshotService.markFailed(ctx, first, 'it could not be taken'))
  expect((await limitsOf(own))?.maxSnapshots.used).toBe(1)
  // One that was taken and could not be deleted is still there.
  await app.as((ctx) => cloudPodSnapshotService.markReady(ctx, second, new Date()))
  await app.as((ctx) => cloudPodSnapshotService.markFailed(ctx, second, 'it could not be deleted'))
  expect((await limitsOf(own))?.maxSnapshots.used).toBe(1)
  await app.as((ctx) => cloudPodService.markDeleted(ctx, own.tenantId, second.podId, {}))
  expect((await limitsOf(own))?.maxSnapshots.used).toBe(0)
})

it('of backups the same; those that outlive their pod count until they are proven gone', async () => {
  const own = await twoPods({ maxBackups: QUOTA })
  const [first, second] = (await askAtOnce(own, 'backups')).map(({ backup }) => ({
    tenantId: own.tenantId,
    podId: backup?.podId ?? '',
    backupId: backup?.id ?? '',
  }))
  if (!first || !second) throw new Error('two were begun')
  await app.as((ctx) => cloudPodBackupMarks.markFailed(ctx, first, 'it could not be made'))
  expect((await limitsOf(own))?.maxBackups.used).toBe(1)
  const seen = { volid: 'shared:backup/one.vma.zst', node: 'pve1', shared: true, sizeBytes: 1, diskGb: 1 }
  const takenAt = new Date().toISOString()
  await app.as((ctx) => cloudPodBackupMarks.markReady(ctx, second, { ...seen, takenAt }))
  await app.as((ctx) => cloudPodService.markDeleted(ctx, own.tenantId, second.podId, {}))
  expect((await limitsOf(own))?.maxBackups.used).toBe(1)
  await app.as((ctx) => cloudPodBackupMarks.markDeleted(ctx, second))
  expect((await limitsOf(own))?.maxBackups.used).toBe(0)
})

it('without a limit, which is how a tenant begins, as many are taken as each pod may have', async () => {
  const own = await twoPods({})
  for (const at of [1, 2, 3])
    expect((await app.admin.post(`${PODS}/${own.podIds[0]}/snapshots`, { name: `s${at}` })).status).toBe(202)
  expect((await limitsOf(own))?.maxSnapshots).toEqual({ limit: null, used: 3, origin: 'default' })
  const list = await app.admin.get(`${PODS}/${own.podIds[0]}/snapshots`)
  expect(list.body).toMatchObject({ quota: null })
  await rowsOf(app, sql`update cloud_pod_quotas set max_snapshots = 3 where tenant_id = ${own.tenantId}`)
  const refused = await app.admin.post<Problem>(`${PODS}/${own.podIds[1]}/snapshots`, { name: 'one more' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'quota_exceeded' } })
})
