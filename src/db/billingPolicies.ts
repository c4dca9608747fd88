import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { DunningPoliciesTable } from './types.ts'

export type PolicyRow = Selectable<DunningPoliciesTable>

const view = (tx: Tx) =>
  tx
    .selectFrom('dunning_policies')
    .leftJoin('tenants as tenant', 'tenant.id', 'dunning_policies.tenant_id')
    .leftJoin('cloud_pod_plans as plan', 'plan.id', 'dunning_policies.plan_id')
    .selectAll('dunning_policies')
    .select(['tenant.name as tenant_name', 'plan.name as plan_name'])

export type PolicyView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const find = (tx: Tx, id: string): Promise<PolicyView> =>
  view(tx).where('dunning_policies.id', '=', id).executeTakeFirstOrThrow()

/** The platform's and those of the scope's tenants. */
export function list(tx: Tx, scope: Scope, options: ListOptions) {
  const query = view(tx).where((eb) =>
    eb.or([eb('dunning_policies.tenant_id', 'is', null), inScope(scope, 'dunning_policies.tenant_id')]),
  )
  return keysetPage(query, 'dunning_policies.id', options)
}

/**
 * The one that a tenant's subscriptions of a plan follow: the tenant's own counts before the platform's, and of each that of the plan
 * before the one for all.
 */
export async function ofPlan(tx: Tx, tenantId: string, planId: string): Promise<PolicyRow> {
  const { rows } = await sql<PolicyRow>`select * from dunning_policies
    where (tenant_id = ${tenantId} or tenant_id is null) and (plan_id = ${planId} or plan_id is null)
    order by tenant_id nulls last, plan_id nulls last limit 1`.execute(tx)
  const [row] = rows
  if (!row) throw new Error('the platform has no dunning policy')
  return row
}

export async function insert(tx: Tx, policy: Insertable<DunningPoliciesTable>): Promise<void> {
  await tx.insertInto('dunning_policies').values(policy).execute()
}

export function lock(tx: Tx, id: string): Promise<PolicyRow | undefined> {
  return tx.selectFrom('dunning_policies').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export async function update(tx: Tx, id: string, change: Updateable<DunningPoliciesTable>): Promise<void> {
  await tx
    .updateTable('dunning_policies')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

export async function remove(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('dunning_policies').where('id', '=', id).execute()
}
