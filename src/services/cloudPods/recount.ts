import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as recount from '../../db/cloudPodRecount.ts'
import type { Miscounted } from '../../db/cloudPodRecount.ts'
import * as installation from '../../db/installation.ts'
import * as auditService from '../auditService.ts'

const FOUND = 'quotas.miscounted'
/** More than so many pods are not written down one by one. */
const MOST = 10_000
const EXAMPLES = 20

/** Counts anew what each tenant uses of its quota, and says where that is not what is counted. */
export async function recountQuotas(root: Root): Promise<void> {
  await asSystem(root, 'quotas.recount', 'platform', async (ctx) => {
    const found = await recount.miscounted(ctx.tx, null, MOST)
    const byTenant = Map.groupBy(found, ({ tenantId }) => tenantId)
    for (const [tenantId, pods] of byTenant)
      await auditService.record(ctx, {
        action: 'QUOTA_MISCOUNTED',
        tenantId,
        target: { type: 'tenant', id: tenantId },
        outcome: 'error',
        details: {
          excess: excessOf(pods),
          pods: pods.slice(0, EXAMPLES).map(({ hostname, problem }) => ({ hostname, problem })),
        },
      })
    await installation.write(ctx.tx, FOUND, [...byTenant.keys()], ctx.now())
  })
}

const excessOf = (pods: readonly Miscounted[]): Miscounted['excess'] =>
  pods.reduce(
    (sum, { excess }) => ({
      pods: sum.pods + excess.pods,
      cores: sum.cores + excess.cores,
      memoryMb: sum.memoryMb + excess.memoryMb,
      diskGb: sum.diskGb + excess.diskGb,
      addresses: sum.addresses + excess.addresses,
      snapshots: sum.snapshots + excess.snapshots,
      backups: sum.backups + excess.backups,
    }),
    { pods: 0, cores: 0, memoryMb: 0, diskGb: 0, addresses: 0, snapshots: 0, backups: 0 },
  )

/** Of the tenants that the last recount has named, those of which it is still true, with how many pods. */
export async function stillMiscounted(ctx: Ctx): Promise<{ tenantId: string; pods: number }[]> {
  const named = (await installation.read(ctx.tx, FOUND)) as string[] | undefined
  if (!named || named.length === 0) return []
  const found = await recount.miscounted(ctx.tx, named, MOST)
  return [...Map.groupBy(found, ({ tenantId }) => tenantId)].map(([tenantId, pods]) => ({
    tenantId,
    pods: pods.length,
  }))
}

/** The pods of a tenant with which its quota does not agree. */
export const miscountedOf = async (ctx: Ctx, tenantId: string) =>
  (await recount.miscounted(ctx.tx, [tenantId], EXAMPLES)).map(({ podId, hostname, problem }) => ({
    podId,
    hostname,
    problem,
  }))
