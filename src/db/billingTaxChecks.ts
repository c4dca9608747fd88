import { sql, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { TaxIdChecksTable } from './types.ts'

export type CheckRow = Selectable<TaxIdChecksTable>
type Which = { tenantId: string; customerId: string; taxId: string }

export function ofCustomer(tx: Tx, tenantId: string, customerId: string): Promise<CheckRow[]> {
  return tx
    .selectFrom('tax_id_checks')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .orderBy('created_at')
    .orderBy('tax_id')
    .execute()
}

export const lock = (tx: Tx, { tenantId, customerId, taxId }: Which): Promise<CheckRow | undefined> =>
  tx
    .selectFrom('tax_id_checks')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .where('tax_id', '=', taxId)
    .forUpdate()
    .executeTakeFirst()

export async function update(
  tx: Tx,
  { tenantId, customerId, taxId }: Which,
  change: Updateable<TaxIdChecksTable>,
): Promise<void> {
  await tx
    .updateTable('tax_id_checks')
    .set(change)
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .where('tax_id', '=', taxId)
    .execute()
}

/**
 * Takes those whose time has come, and puts their next time off, so that each is taken once.
 * @param members prefixes of the numbers that are asked after, and countries of the sellers for whom
 */
export async function takeDue(
  tx: Tx,
  of: { at: Date; until: Date; prefixes: readonly string[]; countries: readonly string[]; limit: number },
): Promise<{ tenant_id: string; customer_id: string; tax_id: string }[]> {
  const { rows } = await sql<{ tenant_id: string; customer_id: string; tax_id: string }>`
    with due as (
      select c.tenant_id, c.customer_id, c.tax_id from tax_id_checks c
      join tenants t on t.id = c.tenant_id and t.state = 'active'
      join tax_sellers s on s.tenant_id = c.tenant_id and s.country = any (${[...of.countries]}::text[])
      join customers p on p.tenant_id = c.tenant_id and p.id = c.customer_id and p.state = 'active'
      where c.next_at <= ${of.at} and left(c.tax_id, 2) = any (${[...of.prefixes]}::text[])
      order by c.next_at limit ${of.limit} for update of c skip locked)
    update tax_id_checks c set next_at = ${of.until} from due
    where c.tenant_id = due.tenant_id and c.customer_id = due.customer_id and c.tax_id = due.tax_id
    returning c.tenant_id, c.customer_id, c.tax_id`.execute(tx)
  return rows
}
