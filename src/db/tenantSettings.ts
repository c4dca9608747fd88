import { sql } from 'kysely'
import type { Tx } from './index.ts'

export type SettingRow = { tenant_id: string | null; key: string; value: string | number }

/** What the platform and these tenants have set. */
export async function ofTenants(tx: Tx, tenantIds: readonly string[]): Promise<SettingRow[]> {
  const { rows } = await sql<SettingRow>`select tenant_id, key, value from settings
    where tenant_id is null or tenant_id = any (${[...tenantIds]}::uuid[])`.execute(tx)
  return rows
}

/** Changes of one owner's settings wait for each other until the caller's transaction ends. */
export async function lockOwner(tx: Tx, tenantId: string | null): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`settings:${tenantId ?? ''}`}, 0))`.execute(tx)
}

/** Sets a value for a tenant or, with null, for the platform. */
export async function write(
  tx: Tx,
  tenantId: string | null,
  key: string,
  value: string | number,
  at: Date,
): Promise<void> {
  await remove(tx, tenantId, key)
  await tx
    .insertInto('settings')
    .values({ tenant_id: tenantId, key, value: JSON.stringify(value), updated_at: at })
    .execute()
}

export async function remove(tx: Tx, tenantId: string | null, key: string): Promise<void> {
  await sql`delete from settings where tenant_id is not distinct from ${tenantId}::uuid and key = ${key}`.execute(
    tx,
  )
}
