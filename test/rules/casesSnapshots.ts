import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Accepted } from '../../src/services/cloudPodSnapshotService.ts'
import * as cloudPodSnapshotService from '../../src/services/cloudPodSnapshotService.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { activePod } from './pods.ts'

const PODS = '/api/admin/hosting/cloudpods'

/** A snapshot as it is once it was proven. */
export async function snapshotIn(
  app: TestApp,
  tenantId: string,
): Promise<{ id: string; snapshotId: string }> {
  const { id = '' } = await activePod(app, tenantId, false)
  const { status, body } = await app.admin.post<Accepted>(`${PODS}/${id}/snapshots`, { name: 'first' })
  if (status !== 202) throw new Error(`no snapshot: ${JSON.stringify(body)}`)
  const snapshotId = body.snapshot.id
  await app.as((ctx) =>
    cloudPodSnapshotService.markReady(ctx, { tenantId, podId: id, snapshotId }, new Date()),
  )
  return { id, snapshotId }
}

/** The rows of the route table about snapshots. */
export const SNAPSHOT_CASES: Record<string, Case> = {
  getCloudPodSnapshots: (app, tenantId) => snapshotIn(app, tenantId),
  takeCloudPodSnapshot: async (app, tenantId) => ({
    ...(await activePod(app, tenantId, false)),
    body: { name: 'first' },
  }),
  deleteCloudPodSnapshot: (app, tenantId) => snapshotIn(app, tenantId),
  rollbackCloudPod: async (app, tenantId) => {
    const made = await snapshotIn(app, tenantId)
    const { body } = await app.admin.get<CloudPod>(`${PODS}/${made.id}`)
    return { ...made, body: { hostname: body.hostname } }
  },
}
