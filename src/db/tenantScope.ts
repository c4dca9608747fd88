import { sql } from 'kysely'
import type { Tx } from './index.ts'

/** Kinds of things that belong to one tenant, with their tables. */
const TABLES = {
  tenant: 'tenants',
  customer: 'customers',
  subscription: 'subscriptions',
  invoice: 'invoices',
  cloudPod: 'cloud_pods',
  job: 'provisioning_jobs',
  role: 'roles',
  customerContact: 'customer_contacts',
  customerNote: 'customer_notes',
  customerGroup: 'customer_groups',
  customerField: 'customer_fields',
  tenantExport: 'tenant_exports',
} as const

export type TenantThing = keyof typeof TABLES

/** The tenant of a thing, as far as the transaction's scope sees it; null for a platform's own; undefined when not seen. */
export async function tenantOf(tx: Tx, kind: TenantThing, id: string): Promise<string | null | undefined> {
  const column = kind === 'tenant' ? 'id' : 'tenant_id'
  const { rows } = await sql<{
    tenant: string | null
  }>`select ${sql.ref(column)} as tenant from ${sql.table(TABLES[kind])}
    where id = ${id}`.execute(tx)
  return rows[0]?.tenant
}

/** The state of a tenant, which nobody changes until the transaction ends. */
export async function shareState(tx: Tx, tenantId: string): Promise<string | undefined> {
  const { rows } = await sql<{
    state: string
  }>`select state from tenants where id = ${tenantId} for share`.execute(tx)
  return rows[0]?.state
}

export async function stateOf(tx: Tx, tenantId: string): Promise<string | undefined> {
  const row = await tx.selectFrom('tenants').select('state').where('id', '=', tenantId).executeTakeFirst()
  return row?.state
}

/** Whether the data of a tenant that is being closed are going. */
export async function isErasing(tx: Tx, tenantId: string): Promise<boolean> {
  const { rows } =
    await sql`select from tenant_closures where tenant_id = ${tenantId} and state = 'erasing'`.execute(tx)
  return rows.length > 0
}

/** Narrows a running transaction to fewer tenants. */
export async function narrow(tx: Tx, scope: 'platform' | readonly string[]): Promise<void> {
  const list = scope === 'platform' ? '' : `{${scope.join(',')}}`
  await sql`select set_config('app.scope', ${scope === 'platform' ? 'platform' : ''}, true), set_config('app.tenants', ${list}, true)`.execute(
    tx,
  )
}
