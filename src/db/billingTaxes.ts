import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { TaxEvidenceTable, TaxRulesTable, TaxSellersTable } from './types.ts'

export type SellerRow = Selectable<TaxSellersTable>
export type RuleRow = Selectable<TaxRulesTable>
export type EvidenceRow = Selectable<TaxEvidenceTable>

export const seller = (tx: Tx, tenantId: string): Promise<SellerRow | undefined> =>
  tx.selectFrom('tax_sellers').selectAll().where('tenant_id', '=', tenantId).executeTakeFirst()

/** Two who save for one tenant wait for each other, also the first time. */
export async function lockSeller(tx: Tx, tenantId: string): Promise<SellerRow | undefined> {
  await sql`select 1 from tenants where id = ${tenantId} for no key update`.execute(tx)
  return seller(tx, tenantId)
}

export async function insertSeller(tx: Tx, values: Insertable<TaxSellersTable>): Promise<void> {
  await tx.insertInto('tax_sellers').values(values).execute()
}

export async function updateSeller(
  tx: Tx,
  tenantId: string,
  change: Updateable<TaxSellersTable>,
): Promise<void> {
  await tx
    .updateTable('tax_sellers')
    .set({ ...change, version: sql`version + 1` })
    .where('tenant_id', '=', tenantId)
    .execute()
}

/** The rules that count for a tenant on a day, its own and the platform's. */
export function rulesOn(tx: Tx, tenantId: string, date: string): Promise<RuleRow[]> {
  return tx
    .selectFrom('tax_rules')
    .selectAll()
    .where((eb) => eb.or([eb('tenant_id', 'is', null), eb('tenant_id', '=', tenantId)]))
    .where('valid_from', '<=', date)
    .where((eb) => eb.or([eb('valid_to', 'is', null), eb('valid_to', '>=', date)]))
    .orderBy('id')
    .execute()
}

const view = (tx: Tx) =>
  tx
    .selectFrom('tax_rules')
    .leftJoin('tenants as tenant', 'tenant.id', 'tax_rules.tenant_id')
    .selectAll('tax_rules')
    .select('tenant.name as tenant_name')

export type RuleView = Awaited<ReturnType<ReturnType<typeof view>['executeTakeFirstOrThrow']>>

export const findRule = (tx: Tx, id: string): Promise<RuleView> =>
  view(tx).where('tax_rules.id', '=', id).executeTakeFirstOrThrow()

/** The platform's and those of the scope's tenants. */
export function listRules(tx: Tx, scope: Scope, options: ListOptions) {
  const query = view(tx).where((eb) =>
    eb.or([eb('tax_rules.tenant_id', 'is', null), inScope(scope, 'tax_rules.tenant_id')]),
  )
  return keysetPage(query, 'tax_rules.id', options)
}

export const lockRule = (tx: Tx, id: string): Promise<RuleRow | undefined> =>
  tx.selectFrom('tax_rules').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

export async function insertRule(tx: Tx, rule: Insertable<TaxRulesTable>): Promise<void> {
  await tx.insertInto('tax_rules').values(rule).execute()
}

export async function updateRule(tx: Tx, id: string, change: Updateable<TaxRulesTable>): Promise<void> {
  await tx
    .updateTable('tax_rules')
    .set({ ...change, version: sql`version + 1` })
    .where('id', '=', id)
    .execute()
}

export async function removeRule(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('tax_rules').where('id', '=', id).execute()
}

/** What counts of a customer, the newest first. */
export function evidenceOf(tx: Tx, tenantId: string, customerId: string): Promise<EvidenceRow[]> {
  return tx
    .selectFrom('tax_evidence')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
    .where('ended_at', 'is', null)
    .orderBy('valid_from', 'desc')
    .orderBy('id', 'desc')
    .execute()
}

export function listEvidence(tx: Tx, tenantId: string, customerId: string, options: ListOptions) {
  const query = tx
    .selectFrom('tax_evidence')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('customer_id', '=', customerId)
  return keysetPage(query, 'tax_evidence.id', options)
}

export const insertEvidence = (tx: Tx, row: Insertable<TaxEvidenceTable>): Promise<EvidenceRow> =>
  tx.insertInto('tax_evidence').values(row).returningAll().executeTakeFirstOrThrow()

export const lockEvidence = (tx: Tx, tenantId: string, id: string): Promise<EvidenceRow | undefined> =>
  tx
    .selectFrom('tax_evidence')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()

export async function endEvidence(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.updateTable('tax_evidence').set({ ended_at: at }).where('id', '=', id).execute()
}
