import type { z } from 'zod'
import type {
  BillingReconciliation,
  billingReconciliationReport,
} from '../../../shared/api/billingFindings.ts'
import type { Job } from '../../../shared/api/provisioning.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../../context.ts'
import { endRun } from '../../db/billingRuns.ts'
import * as findings from '../../db/billingFindings.ts'
import type { RunRow } from '../../db/billingFindings.ts'
import * as reconciling from '../../db/billingReconciling.ts'
import type { Subject } from '../../db/billingReconciling.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { enqueueReconciliation } from '../billingQueues.ts'
import * as provisioningService from '../provisioningService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { compareOwn } from './ownBooks.ts'

type Report = z.infer<typeof billingReconciliationReport>
export type Part = Report['parts'][number]

const present = (row: RunRow): BillingReconciliation => ({
  id: row.id,
  tenantId: row.tenant_id,
  state: row.state,
  report: row.report as Report | null,
  problem: row.problem,
  createdAt: row.created_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
})

export async function listReconciliations(ctx: Ctx, options: ListOptions) {
  const page = await findings.listRuns(ctx.tx, ctx.scope, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

const LOST_MS = 6 * 3_600_000

/**
 * Begins to compare a tenant's books and contracts with each other, and with what its providers say.
 * @throws AppError invalid_state while that is being done, or once the tenant is closed
 */
export async function beginReconciliation(
  ctx: Ctx,
  tenantId: string,
): Promise<{ reconciliation: BillingReconciliation; job: Job }> {
  await tenantScopeService.requireNotGone(ctx, tenantId)
  const now = ctx.now()
  await findings.endLost(ctx.tx, tenantId, new Date(now.getTime() - LOST_MS), now)
  const row = await findings
    .insertRun(ctx.tx, { id: newId(), tenant_id: tenantId, created_at: now })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'billing_reconciliations_one') throw error
      throw new AppError('invalid_state', 'The books are being compared: wait until that has ended.')
    })
  await auditService.record(ctx, {
    action: 'BILLING_RECONCILIATION_STARTED',
    tenantId,
    target: { type: 'billingReconciliation', id: row.id },
  })
  const job = await enqueueReconciliation(ctx, { id: row.id, tenantId })
  return { reconciliation: present(row), job: await provisioningService.getJob(ctx, job.id) }
}

const DAY_MS = 86_400_000
/** Hours after midnight (UTC) at which the night's comparisons begin. */
const AT_HOURS = 2
const AT_ONCE = 2_000
const KEPT_DAYS = 90

/**
 * Compares the books of every tenant once a night; where nobody ran then, as soon as somebody does. What the comparisons
 * of a quarter have said is kept, and findings for ever.
 */
export async function reconcileDue(root: Root): Promise<void> {
  const shift = AT_HOURS * 3_600_000
  const night = new Date(Math.floor((root.now().getTime() - shift) / DAY_MS) * DAY_MS + shift)
  const rows = await asSystem(root, 'billing', 'platform', async ({ tx }) => {
    await findings.forgetRuns(tx, new Date(night.getTime() - KEPT_DAYS * DAY_MS))
    return findings.dueTenants(tx, night, AT_ONCE)
  })
  await eachAsSystem(root, {
    label: 'billing',
    rows,
    fault: 'the books of a tenant could not be compared',
    work: (ctx, { tenant_id: tenantId }) => beginReconciliation(ctx, tenantId),
  })
}

export type OpenReconciliation = {
  id: string
  tenantId: string
  since: string
  providers: { id: string; kind: NonNullable<Part['provider']>['kind']; hasBooks: boolean }[]
}

/** Compares what needs nobody else, and says who is to be asked besides. @throws AppError not_found */
export async function openReconciliation(
  ctx: Ctx,
  tenantId: string,
  id: string,
): Promise<OpenReconciliation> {
  const row = await findings.findRun(ctx.tx, tenantId, id)
  if (!row) throw notFound('comparison of the books')
  await compareOwn(ctx, tenantId)
  const providers = (await reconciling.providersOf(ctx.tx, tenantId)).map((one) => ({
    id: one.id,
    kind: one.kind,
    hasBooks: one.authority === 'provider' && one.read_at !== null && one.retired_at === null,
  }))
  return { id, tenantId, since: row.created_at.toISOString(), providers }
}

/** Disputes come up to four months after a payment. */
const BACK_MS = 120 * DAY_MS
/** What is younger may still be on its way. */
const YOUNG_MS = 15 * 60_000
export const MOST_LOOKED = 5_000

export const subjectsOf = (
  ctx: Ctx,
  tenantId: string,
  provider: OpenReconciliation['providers'][number],
): Promise<Subject[]> =>
  reconciling.subjectsOf(ctx.tx, {
    tenantId,
    provider,
    from: new Date(ctx.now().getTime() - BACK_MS),
    to: new Date(ctx.now().getTime() - YOUNG_MS),
    limit: MOST_LOOKED,
  })

export async function finishReconciliation(
  ctx: Ctx,
  open: OpenReconciliation,
  parts: readonly Part[],
): Promise<void> {
  const counts = await findings.countSince(ctx.tx, open.tenantId, new Date(open.since))
  const own: Part = { provider: null, checked: 0, problem: null }
  const report: Report = { parts: [own, ...parts], ...counts }
  const at = ctx.now()
  await endRun(ctx.tx, 'billing_reconciliations', open.id, {
    state: 'done',
    report: JSON.stringify(report),
    problem: null,
    at,
  })
}

export const failReconciliation = (ctx: Ctx, id: string, problem: string): Promise<void> =>
  endRun(ctx.tx, 'billing_reconciliations', id, { state: 'failed', report: null, problem, at: ctx.now() })
