import { sql } from 'kysely'
import type { Tx } from './index.ts'

export type Found = {
  step: 'cluster' | 'dns' | 'ca' | 'mail' | 'payments'
  /** What a check is about; null: there is nothing. */
  id: string | null
  name: string | null
  simulated: boolean
  /** It was seen to work. */
  proven: boolean
  /** What was last seen of it; null: nothing wrong. */
  problem: string | null
}

/**
 * Of each outside system the one that matters: a real one before a simulated one, and the newest of these. Mail is not a row:
 * what became of the newest mail that was to leave the house says whether it works.
 */
export async function found(tx: Tx): Promise<Found[]> {
  const { rows } = await sql<Found>`
    (select 'cluster' as step, id, name, simulated, health = 'ok' as proven, health_message as problem from clusters
      where state <> 'removed' order by simulated, id desc limit 1)
    union all (select 'dns', id, name, kind <> 'powerdns', health = 'ok', health_message from dns_servers
      order by kind <> 'powerdns', is_default desc, id desc limit 1)
    union all (select 'ca', id, name, kind <> 'acme',
        exists (select from acme_accounts a where a.issuer_id = i.id and a.url is not null), problem from ssl_issuers i
      where state = 'active' order by kind <> 'acme', priority, id limit 1)
    union all (select 'payments', id, coalesce(account, kind), simulated, health = 'ok', health_message from billing_providers
      where tenant_id is null and retired_at is null and kind <> 'manual' order by simulated, id desc limit 1)
    union all (select 'mail', id, null, false, state = 'sent', last_error from mails
      where state in ('sent', 'failed') or last_error is not null order by id desc limit 1)`.execute(tx)
  return rows
}

/** A tenant as one who sells. */
export type Seller = { id: string; name: string; hasSeller: boolean; hasRules: boolean; hasIssued: boolean }

/**
 * Of all tenants the one that matters: one that issues invoices and lacks what taxes them, else one that lacks nothing, else
 * the first. Undefined: there is no tenant.
 * @param day on which rules must count, `YYYY-MM-DD`
 */
export async function seller(tx: Tx, day: string): Promise<Seller | undefined> {
  const { rows } = await sql<Seller>`
    select id, name, "hasSeller", "hasRules", "hasIssued" from (
      select t.id, t.name, s.tenant_id is not null as "hasSeller",
        exists (select from tax_rules r where (r.tenant_id is null or r.tenant_id = t.id)
          and r.valid_from <= ${day}::date and (r.valid_to is null or r.valid_to >= ${day}::date)) as "hasRules",
        exists (select from invoices i where i.tenant_id = t.id and i.issue_date is not null) as "hasIssued"
      from tenants t left join tax_sellers s on s.tenant_id = t.id where t.state = 'active') found
    order by "hasSeller" and "hasRules" or not "hasIssued", not ("hasSeller" and "hasRules"), not "hasSeller", id limit 1`.execute(
    tx,
  )
  return rows[0]
}
