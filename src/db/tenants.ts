import { sql, type Insertable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { containing, inScope, isOne, keysetPage, type ListOptions } from './list.ts'
import type { CloudPodQuotasTable, TenantsTable } from './types.ts'

export async function insert(tx: Tx, tenant: Insertable<TenantsTable>) {
  return tx.insertInto('tenants').values(tenant).returningAll().executeTakeFirstOrThrow()
}

const view = (tx: Tx) =>
  tx
    .selectFrom('tenants')
    .leftJoin('cloud_pod_quotas as quota', 'quota.tenant_id', 'tenants.id')
    .selectAll('tenants')
    .select([
      'quota.max_pods',
      'quota.max_cores',
      'quota.max_memory_mb',
      'quota.max_disk_gb',
      'quota.max_addresses',
      'quota.max_snapshots',
      'quota.max_backups',
    ])

export type TenantView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export function find(tx: Tx, id: string): Promise<TenantView | undefined> {
  return view(tx).where('tenants.id', '=', id).executeTakeFirst()
}

export function lock(tx: Tx, id: string) {
  return tx.selectFrom('tenants').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
}

export function update(tx: Tx, id: string, change: Updateable<TenantsTable>) {
  return tx
    .updateTable('tenants')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}

export type TenantFilter = { q?: string | undefined; state?: TenantView['state'] | undefined }

export function list(tx: Tx, scope: Scope, filter: TenantFilter, options: ListOptions) {
  let query = view(tx).where(inScope(scope, 'tenants.id'))
  if (filter.state) query = query.where(isOne('tenants.state', filter.state))
  if (filter.q)
    query = query.where(sql<boolean>`tenants.search_text like search_fold(${containing(filter.q)})`)
  return keysetPage(query, 'tenants.id', options)
}

/** How many there are that are not closed. */
export async function count(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom('tenants')
    .select((of) => of.fn.countAll<string>().as('n'))
    .where('state', '<>', 'closed')
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

export async function setQuota(tx: Tx, quota: Insertable<CloudPodQuotasTable>): Promise<void> {
  await tx
    .insertInto('cloud_pod_quotas')
    .values(quota)
    .onConflict((conflict) =>
      conflict.column('tenant_id').doUpdateSet({ ...quota, version: sql`cloud_pod_quotas.version + 1` }),
    )
    .execute()
}
