import { sql, type Insertable, type Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { TenantLogosTable } from './types.ts'

export type LogoRow = Omit<Selectable<TenantLogosTable>, 'data'> & { bytes: number }

/** The logos of these tenants, without the pictures. */
export async function ofTenants(tx: Tx, tenantIds: readonly string[]): Promise<LogoRow[]> {
  const { rows } =
    await sql<LogoRow>`select tenant_id, type, width, height, sha256, updated_at, length(data) as bytes
    from tenant_logos where tenant_id = any (${[...tenantIds]}::uuid[])`.execute(tx)
  return rows
}

export async function write(tx: Tx, logo: Insertable<TenantLogosTable>): Promise<void> {
  await tx
    .insertInto('tenant_logos')
    .values(logo)
    .onConflict((conflict) => conflict.column('tenant_id').doUpdateSet(logo))
    .execute()
}

export async function remove(tx: Tx, tenantId: string): Promise<void> {
  await tx.deleteFrom('tenant_logos').where('tenant_id', '=', tenantId).execute()
}

/** The picture, for whoever knows its hash. */
export function picture(
  tx: Tx,
  tenantId: string,
  sha256: string,
): Promise<{ type: string; data: Buffer } | undefined> {
  return tx
    .selectFrom('tenant_logos')
    .select(['type', 'data'])
    .where('tenant_id', '=', tenantId)
    .where('sha256', '=', sha256)
    .executeTakeFirst()
}

export const current = (tx: Tx, tenantId: string): Promise<{ type: string; data: Buffer } | undefined> =>
  tx.selectFrom('tenant_logos').select(['type', 'data']).where('tenant_id', '=', tenantId).executeTakeFirst()
