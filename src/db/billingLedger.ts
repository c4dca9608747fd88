import { sql } from 'kysely'
import { newId } from '../lib/ids.ts'
import type { Tx } from './index.ts'

type AccountCode =
  | 'receivable'
  | 'credit'
  | 'cash'
  | 'revenue'
  | 'tax'
  | 'bad_debt'
  | 'goodwill'
  | 'disputed'
  | 'fees'
/** Debits are positive, credits negative; a transaction's entries sum to zero. */
export type Entry = { account: AccountCode; customerId?: string; amountMinor: bigint }

/**
 * Posts one ledger transaction. The pair of source and kind is unique: posting something twice fails.
 * Entries of zero are left out; the database refuses a transaction that does not balance when it commits.
 */
export async function post(
  tx: Tx,
  posting: {
    tenantId: string
    kind: string
    source: { type: string; id: string }
    currency: string
    at: Date
    entries: Entry[]
    /** Why, in words, of what somebody did by hand. */
    memo?: string
  },
): Promise<void> {
  const id = newId()
  await sql`insert into ledger_tx (id, tenant_id, kind, source_type, source_id, occurred_at, memo)
    values (${id}, ${posting.tenantId}, ${posting.kind}, ${posting.source.type}, ${posting.source.id}, ${posting.at},
      ${posting.memo ?? ''})`.execute(tx)
  for (const entry of posting.entries) {
    if (entry.amountMinor === 0n) continue
    const account = await accountId(tx, posting.tenantId, entry, posting.currency)
    await sql`insert into ledger_entries (tenant_id, tx_id, account_id, currency, amount_minor)
      values (${posting.tenantId}, ${id}, ${account}, ${posting.currency}, ${entry.amountMinor})`.execute(tx)
  }
}

async function accountId(tx: Tx, tenantId: string, entry: Entry, currency: string): Promise<string> {
  await sql`insert into ledger_accounts (id, tenant_id, code, customer_id, currency)
    values (${newId()}, ${tenantId}, ${entry.account}, ${entry.customerId ?? null}, ${currency}) on conflict do nothing`.execute(
    tx,
  )
  const { rows } = await sql<{
    id: string
  }>`select id from ledger_accounts where tenant_id = ${tenantId} and code = ${entry.account}
    and customer_id is not distinct from ${entry.customerId ?? null}::uuid and currency = ${currency}`.execute(
    tx,
  )
  const row = rows[0]
  if (!row) throw new Error(`ledger account ${entry.account} is missing`)
  return row.id
}
