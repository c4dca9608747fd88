import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { AcmeChallengesTable, AcmeOrdersTable } from './types.ts'

export type OrderRow = Selectable<AcmeOrdersTable>
export type ChallengeRow = Selectable<AcmeChallengesTable>

export async function insert(tx: Tx, row: Insertable<AcmeOrdersTable>): Promise<void> {
  await tx.insertInto('acme_orders').values(row).execute()
}

export const find = (tx: Tx, tenantId: string, id: string): Promise<OrderRow | undefined> =>
  tx
    .selectFrom('acme_orders')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst()

export async function update(tx: Tx, id: string, change: Updateable<AcmeOrdersTable>): Promise<void> {
  await tx.updateTable('acme_orders').set(change).where('id', '=', id).execute()
}

const SHOWN = 20

export const latestOf = (tx: Tx, tenantId: string, certificateId: string): Promise<OrderRow[]> =>
  tx
    .selectFrom('acme_orders')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('certificate_id', '=', certificateId)
    .orderBy('id', 'desc')
    .limit(SHOWN)
    .execute()

/** Which orders at a CA are known to somebody already. */
export async function knownUrls(tx: Tx, issuerId: string, urls: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ url: string }>`select url from acme_orders
    where issuer_id = ${issuerId} and url = any (${[...urls]}::text[])`.execute(tx)
  return new Set(rows.map(({ url }) => url))
}

export async function addChallenges(tx: Tx, rows: readonly Insertable<AcmeChallengesTable>[]): Promise<void> {
  if (rows.length === 0) return
  await tx
    .insertInto('acme_challenges')
    .values([...rows])
    .onConflict((conflict) => conflict.columns(['order_id', 'authorization_url']).doNothing())
    .execute()
}

export const challengesOf = (
  tx: Tx,
  tenantId: string,
  orderIds: readonly string[],
): Promise<ChallengeRow[]> =>
  tx
    .selectFrom('acme_challenges')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`order_id = any (${[...orderIds]}::uuid[])`)
    .orderBy('id')
    .execute()

export async function updateChallenge(
  tx: Tx,
  id: string,
  change: Updateable<AcmeChallengesTable>,
): Promise<void> {
  await tx.updateTable('acme_challenges').set(change).where('id', '=', id).execute()
}

export async function markCleaned(tx: Tx, orderId: string, at: Date): Promise<void> {
  await tx
    .updateTable('acme_challenges')
    .set({ cleaned_at: at })
    .where('order_id', '=', orderId)
    .where('cleaned_at', 'is', null)
    .execute()
}

/** What is answered by HTTP for a token, while its order is open. */
export async function answerTo(tx: Tx, token: string): Promise<string | null> {
  const row = await tx
    .selectFrom('acme_challenges')
    .select('value')
    .where('token', '=', token)
    .where('type', '=', 'http-01')
    .where('presented_at', 'is not', null)
    .where('cleaned_at', 'is', null)
    .executeTakeFirst()
  return row?.value ?? null
}

/** What proves a name by TLS, while its order is open. */
export async function digestOf(tx: Tx, name: string): Promise<string | null> {
  const row = await tx
    .selectFrom('acme_challenges')
    .select('value')
    .where('name', '=', name)
    .where('type', '=', 'tls-alpn-01')
    .where('presented_at', 'is not', null)
    .where('cleaned_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.value ?? null
}
