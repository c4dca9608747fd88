import { sql, type RawBuilder } from 'kysely'
import type { SearchType } from '../../shared/api/search.ts'
import type { SearchTerms } from '../lib/searchTerms.ts'
import type { Tx } from './index.ts'

/** Where to look: the tenants in which the caller may read that type; null: everywhere. */
export type Wanted = { type: SearchType; tenants: readonly string[] | null }

export type HitRow = {
  type: SearchType
  id: string
  tenant_id: string | null
  tenant_name: string | null
  tenant_slug: string | null
  label: string
  detail: string
  state: string
  rank: number
  shown_type: string
  shown_id: string
}

type Find = (terms: SearchTerms, tenants: RawBuilder<unknown>, limit: number) => RawBuilder<unknown>

/** Each type by its function of migrations/0019_search.sql; what is told of a hit is read under row-level security. */
const FIND: Record<SearchType, Find> = {
  customer: ({ text, id, likes, similar }, tenants, limit) => sql`
    select 'customer', c.id, c.tenant_id, c.name, concat_ws(' · ', c.company, c.email), c.state, h.rank, h.score,
      'customer', c.id
    from search_customers(${text}, ${id}, ${likes}::text[], ${similar}::text[], ${tenants}, ${limit}) h
      join customers c on c.id = h.id`,
  cloudPod: ({ text, id, number, network, likes, similar }, tenants, limit) => sql`
    select 'cloudPod', p.id, p.tenant_id, p.hostname,
      array_to_string(array(select host(a.address) from ip_addresses a where a.pod_id = p.id order by a.address), ' · '),
      p.state, h.rank, h.score, 'cloudPod', p.id
    from search_cloud_pods(${text}, ${id}, ${number}, ${network}, ${likes}::text[], ${similar}::text[], ${tenants}, ${limit}) h
      join cloud_pods p on p.id = h.id`,
  subscription: ({ text, id, number, network, likes, similar }, tenants, limit) => sql`
    select 'subscription', s.id, s.tenant_id, coalesce((select p.hostname from cloud_pods p where p.subscription_id = s.id order by p.id desc limit 1), plan.name),
      concat_ws(' · ', plan.name, c.name), s.state, h.rank, h.score, 'subscription', s.id
    from search_subscriptions(${text}, ${id}, ${number}, ${network}, ${likes}::text[], ${similar}::text[], ${tenants}, ${limit}) h
      join subscriptions s on s.id = h.id join cloud_pod_plans plan on plan.id = s.plan_id
      join customers c on c.id = s.customer_id`,
  invoice: ({ text, id }, tenants, limit) => sql`
    select 'invoice', i.id, i.tenant_id, coalesce(i.number, 'Draft'), c.name, i.status, h.rank, h.score,
      case when i.subscription_id is null then 'customer' else 'subscription' end, coalesce(i.subscription_id, i.customer_id)
    from search_invoices(${text}, ${id}, ${tenants}, ${limit}) h join invoices i on i.id = h.id
      join customers c on c.id = i.customer_id`,
  job: ({ text, id }, tenants, limit) => sql`
    select 'job', j.id, j.tenant_id, j.kind, j.subject_label, j.state, h.rank, h.score, 'job', j.id
    from search_jobs(${text}, ${id}, ${tenants}, ${limit}) h join provisioning_jobs j on j.id = h.id`,
  tenant: ({ text, id, likes, similar }, tenants, limit) => sql`
    select 'tenant', n.id, n.id, n.name, n.slug, n.state, h.rank, h.score, 'tenant', n.id
    from search_tenants_by_name(${text}, ${id}, ${likes}::text[], ${similar}::text[], ${tenants}, ${limit}) h
      join tenants n on n.id = h.id`,
  user: ({ text, id, likes, similar }, tenants, limit) => sql`
    select 'user', u.id, null::uuid, u.name, u.email, u.state, h.rank, h.score, 'user', u.id
    from search_users(${text}, ${id}, ${likes}::text[], ${similar}::text[], ${tenants}, ${limit}) h
      join users u on u.id = h.id`,
}

/** The best hits of each type, all in one statement, the best first, and the newest of those that are as good. */
export async function find(
  tx: Tx,
  terms: SearchTerms,
  wanted: readonly Wanted[],
  limit: number,
): Promise<HitRow[]> {
  const parts = wanted.map(({ type, tenants }) =>
    FIND[type](terms, sql`${tenants === null ? null : [...tenants]}::uuid[]`, limit),
  )
  const { rows } = await sql<HitRow>`select f.*, t.name as tenant_name, t.slug as tenant_slug
    from (${sql.join(parts, sql` union all `)})
      f (type, id, tenant_id, label, detail, state, rank, score, shown_type, shown_id)
    left join tenants t on t.id = f.tenant_id
    order by f.rank, f.score desc nulls first, f.id desc`.execute(tx)
  return rows
}

/** Takes away the words that are in no name any more. */
export async function tidyWords(tx: Tx): Promise<void> {
  await sql`select search_tidy()`.execute(tx)
}
