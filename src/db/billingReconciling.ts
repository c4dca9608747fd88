import { sql } from 'kysely'
import type { Tx } from './index.ts'
import type { ProviderRow } from './billingProviders.ts'

/** Providers that were asked for something of a tenant, or that a finding of it is about, also those that are retired, and those that keep its books. */
export async function providersOf(tx: Tx, tenantId: string): Promise<ProviderRow[]> {
  const { rows } = await sql<ProviderRow>`select p.* from billing_providers p where p.kind <> 'manual'
      and (exists (select from payment_attempts a where a.provider_id = p.id and a.tenant_id = ${tenantId})
        or exists (select from billing_findings f where f.provider_id = p.id and f.tenant_id = ${tenantId} and f.state <> 'closed')
        or p.tenant_id = ${tenantId} and p.authority = 'provider' and p.read_at is not null and p.retired_at is null)
    order by p.id`.execute(tx)
  return rows
}

/** What is looked at: what an attempt has come to, or a payment whose attempt is not there any more. */
export type Subject = {
  /** Of the attempt, else of the payment. */
  key: string
  /** What the payment and the page are called there, and the customer, as far as that is known here. */
  ref: string | null
  pageId: string | null
  customerRef: string | null
  since: Date
}

/**
 * What was asked of a provider in a time, the newest first, and whatever else a finding is about that is not over. What was never
 * sent is not there.
 */
export async function subjectsOf(
  tx: Tx,
  of: { tenantId: string; provider: Pick<ProviderRow, 'id' | 'kind'>; from: Date; to: Date; limit: number },
): Promise<Subject[]> {
  const { tenantId, provider, from, to, limit } = of
  const { rows } = await sql<Subject>`
    with found as (select key from billing_findings where tenant_id = ${tenantId} and provider_id = ${provider.id}
      and state <> 'closed')
    select key, ref, "pageId", "customerRef", since from (
      select a.id::text as key, a.external_id as ref, a.page_id as "pageId", b.external_id as "customerRef",
          a.created_at as since, a.id::text in (select key from found) as known
        from payment_attempts a left join billing_customers b on b.provider_id = a.provider_id and b.customer_id = a.customer_id
        where a.tenant_id = ${tenantId} and a.provider_id = ${provider.id} and a.sent_at is not null
          and (a.created_at between ${from} and ${to} or a.id::text in (select key from found))
      union all select p.id::text, p.external_id, null, null, p.created_at, p.id::text in (select key from found)
        from payments p where p.tenant_id = ${tenantId} and p.provider = ${provider.kind}
          and (p.created_at between ${from} and ${to} or p.id::text in (select key from found))
          and not exists (select from payment_attempts a where a.tenant_id = p.tenant_id and a.external_id = p.external_id)
      union all select key, key, null, null, now(), true from found
        where not exists (select from payment_attempts a where a.tenant_id = ${tenantId} and a.id::text = key)
          and not exists (select from payments p where p.tenant_id = ${tenantId} and p.id::text = key)
          and key ~ '^pi_') all_of
    order by known desc, since desc limit ${limit}`.execute(tx)
  return rows
}

/** The invoice that a payment, or what was asked for, is about. */
export async function invoiceOf(
  tx: Tx,
  tenantId: string,
  key: string,
): Promise<{ id: string; number: string } | undefined> {
  const { rows } = await sql<{ id: string; number: string }>`select i.id, i.number from invoices i
    where i.tenant_id = ${tenantId} and (i.id in (select a.invoice_id from payment_attempts a where a.id::text = ${key})
      or i.id in (select l.invoice_id from payment_allocations l where l.payment_id::text = ${key}))
    order by i.id limit 1`.execute(tx)
  return rows[0]
}

/** What is kept of the invoices of a provider, of those that are there still. */
export async function recordedInvoices(
  tx: Tx,
  providerId: string,
): Promise<{ id: string; ref: string; number: string }[]> {
  const { rows } = await sql<{
    id: string
    ref: string
    number: string
  }>`select id, external_id as ref, number
    from billing_record_invoices where provider_id = ${providerId} and gone_at is null order by id`.execute(
    tx,
  )
  return rows
}
