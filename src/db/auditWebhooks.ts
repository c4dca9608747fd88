import { sql, type Selectable, type Updateable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions, type PageOf } from './list.ts'
import type { AuditWebhooksTable } from './types.ts'

export type WebhookRow = Selectable<AuditWebhooksTable>
/** With how many deliveries wait, and how many were given up. */
export type WebhookState = WebhookRow & { waiting: number; failed: number }

const counted = (state: 'waiting' | 'failed') =>
  sql<number>`(select count(*)::int from audit_webhook_deliveries d where d.webhook_id = w.id and d.state = ${sql.lit(state)})`

const states = (tx: Tx, scope: Scope) =>
  tx
    .selectFrom('audit_webhooks as w')
    .selectAll('w')
    .select([counted('waiting').as('waiting'), counted('failed').as('failed')])
    .where(inScope(scope, 'w.tenant_id'))

export const list = (tx: Tx, scope: Scope, options: ListOptions): Promise<PageOf<WebhookState>> =>
  keysetPage(states(tx, scope), 'w.id', options)

export const findState = (tx: Tx, scope: Scope, id: string): Promise<WebhookState | undefined> =>
  states(tx, scope).where('w.id', '=', id).executeTakeFirst()

/** Locks it until the caller's transaction ends. */
export const lock = (tx: Tx, scope: Scope, id: string): Promise<WebhookRow | undefined> =>
  tx
    .selectFrom('audit_webhooks as w')
    .selectAll()
    .where('id', '=', id)
    .where(inScope(scope, 'w.tenant_id'))
    .forUpdate()
    .executeTakeFirst()

export async function insert(tx: Tx, webhook: WebhookRow): Promise<void> {
  await tx.insertInto('audit_webhooks').values(webhook).execute()
}

export async function update(tx: Tx, id: string, change: Updateable<AuditWebhooksTable>): Promise<void> {
  await tx.updateTable('audit_webhooks').set(change).where('id', '=', id).execute()
}

export async function remove(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('audit_webhooks').where('id', '=', id).execute()
}

export async function countOf(tx: Tx, tenantId: string | null): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from audit_webhooks
    where tenant_id is not distinct from ${tenantId}::uuid`.execute(tx)
  return rows[0]?.n ?? 0
}

/** Those for which sealed events were not written down yet. */
export async function behind(tx: Tx): Promise<{ id: string; tenant_id: string | null }[]> {
  const { rows } = await sql<{
    id: string
    tenant_id: string | null
  }>`select id, tenant_id from audit_webhooks
    where state = 'enabled' and next_batch <= (select max(number) from audit_batches) order by id`.execute(tx)
  return rows
}

/** The same for one of them, locked; undefined while somebody else is at it. */
export async function takeBehind(tx: Tx, id: string): Promise<WebhookRow | undefined> {
  const { rows } = await sql<WebhookRow>`select * from audit_webhooks
    where id = ${id} and state = 'enabled' and next_batch <= (select max(number) from audit_batches)
    for update skip locked`.execute(tx)
  return rows[0]
}
