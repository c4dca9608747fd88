import { sql } from 'kysely'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'
import { activePod, good } from './pods.ts'

/** A pod whose making is over, so that something else may be done to it. */
export async function quietPod(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id = '' } = await activePod(app, tenantId, false)
  await app.as(({ tx }) =>
    sql`update provisioning_jobs_live set state = 'succeeded', finished_at = now() where subject_id = ${id}`.execute(
      tx,
    ),
  )
  return { id }
}

async function node(app: TestApp): Promise<{ id: string }> {
  const { body } = await app.admin.get<{ items: { id: string }[] }>('/api/admin/provisioning/nodes')
  return { id: body.items.at(-1)?.id ?? '' }
}

/** A pod on its way. */
export async function migrationIn(app: TestApp, tenantId: string): Promise<void> {
  const { id } = await quietPod(app, tenantId)
  await good(app.admin.post(`/api/admin/hosting/cloudpods/${id}/migrate`, {}))
}

/** The rows of the route table about moving pods and emptying nodes. */
export const MIGRATION_CASES: Record<string, Case> = {
  previewCloudPodMigration: quietPod,
  migrateCloudPod: async (app, tenantId) => ({ ...(await quietPod(app, tenantId)), body: {} }),
  getNodeEmptying: node,
  emptyNode: node,
  stopEmptyingNode: node,
}
