import { sql, type Insertable } from 'kysely'
import type { Tx } from './index.ts'
import type { MailNoticesTable } from './types.ts'

/** @returns false when this was told before; who asks at the same time waits for the answer */
export async function insert(tx: Tx, notice: Insertable<MailNoticesTable>): Promise<boolean> {
  const made = await tx
    .insertInto('mail_notices')
    .values(notice)
    .onConflict((conflict) => conflict.columns(['kind', 'subject_id', 'event']).doNothing())
    .returning('id')
    .executeTakeFirst()
  return made !== undefined
}

export async function forgetBefore(tx: Tx, at: Date): Promise<void> {
  await tx.deleteFrom('mail_notices').where('created_at', '<', at).execute()
}

/** The days before an expiry on which it is told of. */
const DAYS_BEFORE = [30, 14, 7, 3, 1]

export type Expiring = {
  id: string
  tenant_id: string
  customer_id: string | null
  unicode_name: string
  expires_at: Date
  event: string
  /** Nobody wants it renewed, nobody has paid for it, or it was tried. */
  why: 'off' | 'unpaid' | 'failed'
  invoice_id: string | null
  /** They were told on this day or since that the renewal has failed. */
  operators_know: boolean
}

/**
 * Domains whose expiry is to be told of: only the nearest day that has come, and only while no renewal is on its way. That
 * a renewal was not even tried after six hours counts as a failure. Locked, without those that are being changed.
 */
export async function expiring(tx: Tx, now: Date, limit: number, tenantId?: string): Promise<Expiring[]> {
  const { rows } = await sql<Expiring>`
    select d.id, d.tenant_id, d.customer_id, d.unicode_name, d.expires_at, s.event, o.invoice_id,
        case when o.id is not null then 'unpaid' when d.auto_renew then 'failed' else 'off' end as why,
        exists (select from mail_notices n where n.kind = 'domain_renewal_failed' and n.subject_id = d.id
          and n.created_at >= s.since) as operators_know
      from domains d
      cross join lateral (select d.expires_at - min(day) * interval '1 day' as since,
          to_char(d.expires_at at time zone 'UTC', 'YYYY-MM-DD') || '/' || min(day) as event
        from unnest(${DAYS_BEFORE}::int[]) as day where d.expires_at - day * interval '1 day' <= ${now}) s
      left join domain_operations o on o.domain_id = d.id and o.kind = 'renew' and o.ended_at is null
      where d.ended_at is null and d.registration in ('active', 'suspended')
        and d.expires_at > ${now} and d.expires_at <= ${now}::timestamptz + interval '30 days'
        and (${tenantId ?? null}::uuid is null or d.tenant_id = ${tenantId ?? null})
        and (o.id is null or o.state = 'awaiting_payment')
        and (not d.auto_renew or o.id is not null or d.renewal_tried_at >= s.since
          or s.since < ${now}::timestamptz - interval '6 hours')
        and not exists (select from mail_notices n where n.kind = 'domain_expiry' and n.subject_id = d.id and n.event = s.event)
      order by d.expires_at limit ${limit} for no key update of d skip locked`.execute(tx)
  return rows
}

export type Ending = {
  id: string
  tenant_id: string
  names: string[]
  not_after: Date
  event: string
  /** Why it could not be renewed; null: it was uploaded, and only people renew it. */
  problem: string | null
}

/**
 * Certificates that will end if nobody does anything: uploaded ones in their last month, and those whose renewal has failed
 * three times in a row. Told of once, and again on the nearest day before the end that has come. Locked.
 */
export async function ending(tx: Tx, now: Date, limit: number, tenantId?: string): Promise<Ending[]> {
  const { rows } = await sql<Ending>`
    select c.id, c.tenant_id, c.names, c.not_after, s.event, c.problem
      from ssl_certificates c
      cross join lateral (select c.version_id || '/' || coalesce(min(day)::text, 'first') as event
        from unnest(${DAYS_BEFORE.slice(1)}::int[]) as day where c.not_after - day * interval '1 day' <= ${now}) s
      where c.state = 'issued' and (c.source = 'uploaded' or c.failures >= 3) and c.action is null and c.not_after > ${now}
        and (c.source = 'issued' or c.not_after <= ${now}::timestamptz + interval '30 days')
        and (${tenantId ?? null}::uuid is null or c.tenant_id = ${tenantId ?? null})
        and not exists (select from mail_notices n where n.kind = 'certificate_end' and n.subject_id = c.id and n.event = s.event)
      order by c.not_after limit ${limit} for no key update of c skip locked`.execute(tx)
  return rows
}
