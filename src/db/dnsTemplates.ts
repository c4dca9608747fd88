import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { DnsTemplatesTable } from './types.ts'

export type TemplateRow = Selectable<DnsTemplatesTable>

/** The platform's, and those of these tenants. */
const seenIn = (tx: Tx, scope: Scope) =>
  tx
    .selectFrom('dns_templates')
    .selectAll()
    .where((eb) => eb.or([eb('tenant_id', 'is', null), inScope(scope, 'dns_templates.tenant_id')]))

export const list = (tx: Tx, scope: Scope, options: ListOptions) =>
  keysetPage(seenIn(tx, scope), 'dns_templates.id', options)

export const find = (tx: Tx, scope: Scope, id: string): Promise<TemplateRow | undefined> =>
  seenIn(tx, scope).where('id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, id: string): Promise<TemplateRow | undefined> =>
  tx.selectFrom('dns_templates').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

export async function insert(tx: Tx, template: Insertable<DnsTemplatesTable>): Promise<void> {
  await tx.insertInto('dns_templates').values(template).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<DnsTemplatesTable>): Promise<void> {
  await tx.updateTable('dns_templates').set(change).where('id', '=', id).execute()
}

export async function remove(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('dns_templates').where('id', '=', id).execute()
}
