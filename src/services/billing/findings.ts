import type { z } from 'zod'
import type { BillingFinding, billingFindingIgnore } from '../../../shared/api/billingFindings.ts'
import { ignorable, WHAT_TO_DO, type BillingFindingKind } from '../../../shared/states/billingFinding.ts'
import type { Ctx } from '../../context.ts'
import * as findings from '../../db/billingFindings.ts'
import type { FindingFilter, FindingRow, FindingView } from '../../db/billingFindings.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'

/** A difference that was seen. `key`: what of its kind it is about. */
export type Difference = {
  kind: BillingFindingKind
  key: string
  subject: { type: FindingRow['subject_type']; id: string | null }
  label: string
  expected: string
  found: string
}

const present = (row: FindingView): BillingFinding => ({
  id: row.id,
  tenantId: row.tenant_id,
  kind: row.kind,
  subject: { type: row.subject_type, id: row.subject_id, label: row.customer_name ?? row.label },
  provider:
    row.provider_id === null || row.provider_kind === null
      ? null
      : { id: row.provider_id, kind: row.provider_kind },
  expected: row.expected,
  found: row.found,
  whatToDo: WHAT_TO_DO[row.kind],
  state: row.state,
  decidedBy: (row.decided_by as { label?: string } | null)?.label ?? null,
  reason: row.reason,
  firstSeenAt: row.first_seen_at.toISOString(),
  lastSeenAt: row.last_seen_at.toISOString(),
  closedAt: row.closed_at?.toISOString() ?? null,
})

export async function listFindings(ctx: Ctx, filter: FindingFilter, options: ListOptions) {
  const page = await findings.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/**
 * Says that a difference is known. It is told again when it changes.
 * @throws AppError not_found, invalid_state
 */
export async function ignoreFinding(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { reason }: z.infer<typeof billingFindingIgnore>,
): Promise<BillingFinding> {
  const row = await findings.lock(ctx.tx, tenantId, id)
  if (!row) throw notFound('billing finding')
  const refusal = ignorable(row.state)
  if (refusal !== null) throw new AppError('invalid_state', refusal)
  await findings.update(ctx.tx, id, { state: 'ignored', decided_by: JSON.stringify(ctx.actor), reason })
  await say(ctx, row, 'FINDING_DECIDED', { decision: 'ignore', reason })
  const after = await findings.find(ctx.tx, tenantId, id)
  if (!after) throw notFound('billing finding')
  return present(after)
}

/** What was compared: those kinds with this provider (null: our own books), as a whole or one thing of them. */
export type Compared = {
  tenantId: string
  kinds: readonly BillingFindingKind[]
  providerId: string | null
  key?: string
}

/**
 * Writes down what was seen of all that was compared: opens what is new, and closes what is gone.
 * @param more there may be further differences than these: none is closed
 */
export async function settle(
  ctx: Ctx,
  compared: Compared,
  seen: readonly Difference[],
  more = false,
): Promise<void> {
  const live = await findings.live(ctx.tx, compared.tenantId, compared)
  for (const difference of seen) await note(ctx, compared, difference, live.find(isOf(difference)))
  if (!more) for (const row of live) if (!seen.some((one) => isOf(one)(row))) await close(ctx, row)
}

const isOf =
  ({ kind, key }: Difference) =>
  (row: FindingRow): boolean =>
    row.kind === kind && row.key === key

async function note(ctx: Ctx, of: Compared, seen: Difference, known: FindingRow | undefined): Promise<void> {
  const { kind, key, label, expected, found } = seen
  const now = ctx.now()
  if (known) {
    const changed = known.expected !== expected || known.found !== found
    const again = known.state === 'ignored' && changed
    return findings.update(ctx.tx, known.id, {
      expected,
      found,
      last_seen_at: now,
      ...(again && { state: 'open', decided_by: null, reason: null }),
    })
  }
  const row = await findings.insert(ctx.tx, {
    id: newId(),
    tenant_id: of.tenantId,
    provider_id: of.providerId,
    kind,
    key,
    subject_type: seen.subject.type,
    subject_id: seen.subject.id,
    label,
    expected,
    found,
    first_seen_at: now,
    last_seen_at: now,
  })
  await say(ctx, row, 'FINDING_OPENED')
}

async function close(ctx: Ctx, row: FindingRow): Promise<void> {
  await findings.update(ctx.tx, row.id, { state: 'closed', closed_at: ctx.now() })
  await say(ctx, row, 'FINDING_CLOSED', { outcome: 'vanished' })
}

const say = (
  ctx: Ctx,
  { id, tenant_id, kind, label, expected, found }: FindingRow,
  action: string,
  details: Record<string, unknown> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: tenant_id,
    target: { type: 'billingFinding', id, label: `${kind} ${label}` },
    details: { expected, found, ...details },
  })
