import type { ClosurePlan } from '../../../shared/api/tenantClosures.ts'
import type { Ctx } from '../../context.ts'
import * as closures from '../../db/tenantClosures.ts'
import * as erasure from '../../db/tenantErasure.ts'

const NAMES = 50

/** What a closing would destroy, what stays, what prevents it, and what one should know before. */
export async function planOf(
  ctx: Ctx,
  tenant: { id: string; name: string },
  coolingOffDays: number,
): Promise<ClosurePlan> {
  const kept = await erasure.keptOf(ctx.tx, tenant.id)
  const warnings: string[] = []
  if (kept.openInvoices > 0)
    warnings.push(
      `${kept.openInvoices} invoices are open. They are kept, but no payment can be booked once the tenant is closed.`,
    )
  if (coolingOffDays === 0)
    warnings.push('There is no cooling-off: the destruction begins at once and cannot be cancelled.')
  return {
    name: tenant.name,
    coolingOffDays,
    destroyed: await erasure.named(ctx.tx, tenant.id, NAMES),
    kept: {
      invoices: kept.invoices,
      payments: kept.payments,
      ledgerEntries: kept.ledger,
      auditEvents: kept.audit,
    },
    blockers: await blockersOf(ctx, tenant.id),
    warnings,
  }
}

/** What prevents a closing: work that waits for a person would hold it up for ever. */
export async function blockersOf(ctx: Ctx, tenantId: string): Promise<string[]> {
  const jobs = await closures.liveJobs(ctx.tx, tenantId, NAMES)
  return jobs
    .filter((job) => job.state === 'stuck')
    .map((job) => `The job ${job.kind} of ${job.subject_label} is stuck: let it go on first.`)
}
