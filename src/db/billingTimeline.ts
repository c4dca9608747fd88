import { sql } from 'kysely'
import { beyond, MICROS, pageOf, placeOf } from './audit.ts'
import { thingsOf } from './auditTimeline.ts'
import type { Tx } from './index.ts'

export type Happened = {
  id: string
  at: Date
  micros: bigint
  kind: 'event' | 'invoice' | 'payment' | 'job'
  label: string
  state: string
  amount: bigint | null
  currency: string | null
  actor: { type: string; label: string } | null
  diff: Record<string, [unknown, unknown]> | null
}

/** What the invoices, payments and jobs themselves say, and what was only looked at. */
const SAID = [
  'INVOICE_ISSUED',
  'PAYMENT_RECORDED',
  'JOB_CREATED',
  'JOB_SUCCEEDED',
  'SUBSCRIPTION_CHANGE_PREVIEWED',
]

/** What happened to a subscription and what belongs to it, newest first: of each source at most a page, then the newest of all. */
export async function happenedTo(
  tx: Tx,
  of: { tenantId: string; id: string },
  options: { limit: number; cursor?: string | undefined },
) {
  const things = await thingsOf(tx, 'subscription', of.id)
  const place = options.cursor === undefined ? sql<boolean>`true` : beyond(placeOf(options.cursor), true)
  const newest = sql`order by e.at desc, e.id desc limit ${options.limit + 1}`
  const none = sql`null::bigint as amount, null::text as currency`
  const { rows } = await sql<Happened>`
    select e.*, ${MICROS} as micros from (
      (select found.* from unnest(${[...things]}::text[]) as thing(id) cross join lateral (
        select e.id, e.at, 'event' as kind, e.action as label, e.outcome as state, ${none}, e.actor, e.diff
        from audit_events e where e.target_id = thing.id and e.tenant_id = ${of.tenantId}
          and e.action <> all (${SAID}) and ${place} ${newest}) found)
      union all
      (select * from (select id, issued_at as at, 'invoice', number, status, total_minor, currency::text, null::jsonb, null::jsonb
        from invoices where subscription_id = ${of.id} and issued_at is not null) e where ${place} ${newest})
      union all
      (select * from (select p.id, p.received_at as at, 'payment', p.external_id, p.method, a.amount_minor, p.currency::text,
          p.recorded_by, null::jsonb
        from invoices i join payment_allocations a on a.invoice_id = i.id join payments p on p.id = a.payment_id
        where i.subscription_id = ${of.id}) e where ${place} ${newest})
      union all
      (select * from (select j.id, j.created_at as at, 'job', j.kind, j.state, ${none}, j.actor, null::jsonb
        from provisioning_jobs j where j.subject_type = 'cloudPod'
          and j.subject_id in (select id from cloud_pods where subscription_id = ${of.id})) e where ${place} ${newest})
    ) e ${newest}`.execute(tx)
  return pageOf(rows, options.limit)
}
