import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { BillingFindingKind, BillingFindingState } from '../../shared/states/billingFinding.ts'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { BillingFindingsTable, BillingReconciliationsTable } from './types.ts'

export type FindingRow = Selectable<BillingFindingsTable>
export type RunRow = Selectable<BillingReconciliationsTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('billing_findings')
    .leftJoin('billing_providers as provider', 'provider.id', 'billing_findings.provider_id')
    // Whoever is erased is not named here either.
    .leftJoin('customers as customer', (on) =>
      on
        .onRef('customer.id', '=', 'billing_findings.subject_id')
        .on('billing_findings.subject_type', '=', 'customer'),
    )
    .selectAll('billing_findings')
    .select(['provider.kind as provider_kind', 'customer.name as customer_name'])

export type FindingView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>
export type FindingFilter = {
  state?: BillingFindingState | undefined
  kind?: BillingFindingKind | undefined
}

export function list(tx: Tx, scope: Scope, { state, kind }: FindingFilter, options: ListOptions) {
  let query = view(tx).where(inScope(scope, 'billing_findings.tenant_id'))
  if (state) query = query.where('billing_findings.state', '=', state)
  if (kind) query = query.where('billing_findings.kind', '=', kind)
  return keysetPage(query, 'billing_findings.id', options)
}

export const find = (tx: Tx, tenantId: string, id: string): Promise<FindingView | undefined> =>
  view(tx)
    .where('billing_findings.tenant_id', '=', tenantId)
    .where('billing_findings.id', '=', id)
    .executeTakeFirst()

export const lock = (tx: Tx, tenantId: string, id: string): Promise<FindingRow | undefined> =>
  tx
    .selectFrom('billing_findings')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

/** What is not over yet of some kinds; of one thing, or of all that were compared with the same. Locked. */
export async function live(
  tx: Tx,
  tenantId: string,
  of: { kinds: readonly BillingFindingKind[]; providerId: string | null; key?: string },
): Promise<FindingRow[]> {
  let query = tx
    .selectFrom('billing_findings')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('state', '<>', 'closed')
    .where('kind', 'in', of.kinds)
    .where('provider_id', 'is not distinct from', of.providerId)
  if (of.key !== undefined) query = query.where('key', '=', of.key)
  return query.orderBy('id').forUpdate().execute()
}

export const insert = (tx: Tx, finding: Insertable<BillingFindingsTable>): Promise<FindingRow> =>
  tx.insertInto('billing_findings').values(finding).returningAll().executeTakeFirstOrThrow()

export async function update(tx: Tx, id: string, change: Updateable<BillingFindingsTable>): Promise<void> {
  await tx.updateTable('billing_findings').set(change).where('id', '=', id).execute()
}

/** How many wait for a decision, by kind. */
export async function openByKind(
  tx: Tx,
  scope: Scope,
): Promise<{ kind: BillingFindingKind; count: number }[]> {
  const { rows } = await sql<{ kind: BillingFindingKind; count: number }>`select kind, count(*)::int as count
    from billing_findings where state = 'open' and ${inScope(scope, 'tenant_id')} group by kind order by kind`.execute(
    tx,
  )
  return rows
}

/** How many were opened and closed from then on, and how many are not over. */
export async function countSince(
  tx: Tx,
  tenantId: string,
  since: Date,
): Promise<{ opened: number; closed: number; live: number }> {
  const { rows } = await sql<{ opened: number; closed: number; live: number }>`select
      (count(*) filter (where first_seen_at >= ${since}))::int as opened,
      (count(*) filter (where closed_at >= ${since}))::int as closed,
      (count(*) filter (where state <> 'closed'))::int as live
    from billing_findings where tenant_id = ${tenantId}`.execute(tx)
  return rows[0] ?? { opened: 0, closed: 0, live: 0 }
}

export const insertRun = (tx: Tx, run: Insertable<BillingReconciliationsTable>): Promise<RunRow> =>
  tx.insertInto('billing_reconciliations').values(run).returningAll().executeTakeFirstOrThrow()

export const findRun = (tx: Tx, tenantId: string, id: string): Promise<RunRow | undefined> =>
  tx
    .selectFrom('billing_reconciliations')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()

/** A run whose job was given up does not hold up the next. */
export async function endLost(tx: Tx, tenantId: string, before: Date, at: Date): Promise<void> {
  await tx
    .updateTable('billing_reconciliations')
    .set({ state: 'failed', problem: 'It did not come to its end: its job says why.', ended_at: at })
    .where('tenant_id', '=', tenantId)
    .where('state', '=', 'running')
    .where('created_at', '<', before)
    .execute()
}

export async function forgetRuns(tx: Tx, before: Date): Promise<void> {
  await tx.deleteFrom('billing_reconciliations').where('ended_at', '<', before).execute()
}

export const listRuns = (tx: Tx, scope: Scope, options: ListOptions) =>
  keysetPage(
    tx
      .selectFrom('billing_reconciliations')
      .selectAll()
      .where(inScope(scope, 'billing_reconciliations.tenant_id')),
    'billing_reconciliations.id',
    options,
  )

/** Tenants whose books were not compared since then. */
export async function dueTenants(tx: Tx, since: Date, limit: number): Promise<{ tenant_id: string }[]> {
  const { rows } = await sql<{ tenant_id: string }>`select t.id as tenant_id from tenants t
    where t.state in ('active', 'suspended') and not exists (select from billing_reconciliations r where r.tenant_id = t.id
      and r.created_at >= ${since})
    order by t.id limit ${limit}`.execute(tx)
  return rows
}
