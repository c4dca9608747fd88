import type { Insertable, Selectable } from 'kysely'
import type { Tx } from './index.ts'
import type { DomainDefaultContactsTable } from './types.ts'

export type DefaultContactRow = Selectable<DomainDefaultContactsTable>

/** Those of the platform and of a tenant. @param tenantId null: only the platform's */
export const of = (tx: Tx, tenantId: string | null): Promise<DefaultContactRow[]> =>
  tx
    .selectFrom('domain_default_contacts')
    .selectAll()
    .where((eb) =>
      tenantId === null
        ? eb('tenant_id', 'is', null)
        : eb.or([eb('tenant_id', 'is', null), eb('tenant_id', '=', tenantId)]),
    )
    .orderBy('role')
    .execute()

/** Puts these in the place of an owner's. */
export async function replace(
  tx: Tx,
  tenantId: string | null,
  rows: Insertable<DomainDefaultContactsTable>[],
): Promise<void> {
  await tx
    .deleteFrom('domain_default_contacts')
    .where('tenant_id', tenantId === null ? 'is' : '=', tenantId)
    .execute()
  if (rows.length > 0) await tx.insertInto('domain_default_contacts').values(rows).execute()
}
