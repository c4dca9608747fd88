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

type Part = RawBuilder<unknown>
type Tenants = readonly string[] | null
/*
 * Lists are sent as texts: a statement with a list among its values is planned anew for that list each time, and this one takes
 * longer to plan than to run.
 */
const uuids = (tenants: Tenants): Part => sql`${tenants === null ? null : `{${tenants.join(',')}}`}::uuid[]`
const texts = (list: readonly string[]): Part =>
  sql`array(select jsonb_array_elements_text(${JSON.stringify(list)}::jsonb))`

/** Names may be typed with their last dot, which they are not kept with. */
const undotted = (likes: readonly string[]): string[] => likes.map((like) => like.replace(/\.%$/, '%'))

/** Each type's hits (id, rank, score) by its function of migrations/0019, 0055 and 0073. `subscription` is found by its pods. */
const HITS: Record<SearchType, (terms: SearchTerms, tenants: Part, limit: number) => Part> = {
  customer: ({ text, id, likes }, tenants, limit) =>
    sql`search_customers(${text}, ${id}, ${texts(likes)}, '{}', ${tenants}, ${limit})`,
  cloudPod: ({ text, id, number, network, likes }, tenants, limit) =>
    sql`search_cloud_pods(${text}, ${id}, ${number}, ${network}, ${texts(likes)}, '{}', ${tenants}, ${limit})`,
  subscription: (terms, tenants, limit) =>
    ofPods(HITS.cloudPod(terms, tenants, limit), terms.id, tenants, limit),
  invoice: ({ text, id }, tenants, limit) => sql`search_invoices(${text}, ${id}, ${tenants}, ${limit})`,
  domain: ({ text, id, likes }, tenants, limit) =>
    sql`search_domains(${text}, ${id}, ${texts(undotted(likes))}, ${tenants}, ${limit})`,
  zone: (terms, tenants, limit) => ofDomains(HITS.domain(terms, tenants, limit), terms.id, tenants, limit),
  certificate: ({ text, id, likes }, tenants, limit) =>
    sql`search_certificates(${text}, ${id}, ${texts(undotted(likes))}, ${tenants}, ${limit})`,
  finding: findings,
  job: ({ text, id }, tenants, limit) => sql`search_jobs(${text}, ${id}, ${tenants}, ${limit})`,
  tenant: ({ text, id, likes }, tenants, limit) =>
    sql`search_tenants_by_name(${text}, ${id}, ${texts(likes)}, '{}', ${tenants}, ${limit})`,
  user: ({ text, id, likes }, tenants, limit) =>
    sql`search_users(${text}, ${id}, ${texts(likes)}, '{}', ${tenants}, ${limit})`,
}

/** The subscriptions of pods that were found, and the one with this id. */
const ofPods = (pods: Part, id: string | null, tenants: Part, limit: number): Part => sql`(
  select s.id, min(f.rank) as rank, max(f.score) as score from (
      select p.subscription_id as id, h.rank, h.score from ${pods} h join cloud_pods p on p.id = h.id
      union all select ${id}::uuid, 0, null) f
    join subscriptions s on s.id = f.id
  where ${tenants} is null or s.tenant_id = any (${tenants})
  group by s.id order by 2, 3 desc, s.id desc limit ${limit})`

/** The zones of domains that were found, and the one with this id. */
const ofDomains = (domains: Part, id: string | null, tenants: Part, limit: number): Part => sql`(
  select z.id, min(f.rank) as rank, null::real as score from (
      select n.id, h.rank from ${domains} h join dns_zones n on n.domain_id = h.id and n.ended_at is null
      union all select ${id}::uuid, 0) f
    join dns_zones z on z.id = f.id
  where ${tenants} is null or z.tenant_id = any (${tenants})
  group by z.id order by 2, z.id desc limit ${limit})`

/** Findings that are not over, by whose guest or which address they are about: they are few. Any one by its id. */
function findings({ id, number, network, likes }: SearchTerms, tenants: Part, limit: number): Part {
  const text = sql`' ' || lower(f.label)`
  const words = likes.map((like) => sql`${text} like ${like.toLowerCase()}`)
  return sql`(
    select f.id, f.rank, null::real as score from (
        select f.id, f.pod_id, 0 as rank from findings f where f.id = ${id}
        union all select f.id, f.pod_id, case when f.vmid = ${number} or f.address = ${network}::inet then 0
            when lower(f.label) like ${(likes[0] ?? '').replace(/^% ?/, '').toLowerCase()} then 1 else 3 end
          from findings f where f.state <> 'closed' and ${id}::uuid is null
            and (f.vmid = ${number} or f.address <<= ${network}::inet or (${sql.join(words, sql` and `)}))) f
      left join cloud_pods p on p.id = f.pod_id
    where ${tenants} is null or p.tenant_id = any (${tenants})
    order by f.rank, f.id desc limit ${limit})`
}

/** What is told of each hit, read under row-level security. */
const SHOWN: Record<SearchType, (hits: Part) => Part> = {
  customer: (hits) => sql`
    select 'customer', c.id, c.tenant_id, c.name, concat_ws(' · ', c.company, c.email), c.state, h.rank, h.score,
      'customer', c.id
    from ${hits} h join customers c on c.id = h.id`,
  cloudPod: (hits) => sql`
    select 'cloudPod', p.id, p.tenant_id, p.hostname,
      array_to_string(array(select host(a.address) from ip_addresses a where a.pod_id = p.id order by a.address), ' · '),
      p.state, h.rank, h.score, 'cloudPod', p.id
    from ${hits} h join cloud_pods p on p.id = h.id`,
  subscription: (hits) => sql`
    select 'subscription', s.id, s.tenant_id, coalesce((select p.hostname from cloud_pods p where p.subscription_id = s.id order by p.id desc limit 1), plan.name),
      concat_ws(' · ', plan.name, c.name), s.state, h.rank, h.score, 'subscription', s.id
    from ${hits} h join subscriptions s on s.id = h.id join cloud_pod_plans plan on plan.id = s.plan_id
      join customers c on c.id = s.customer_id`,
  invoice: (hits) => sql`
    select 'invoice', i.id, i.tenant_id, coalesce(i.number, 'Draft'), c.name, i.status, h.rank, h.score,
      'invoice', i.id
    from ${hits} h join invoices i on i.id = h.id join customers c on c.id = i.customer_id`,
  domain: (hits) => sql`
    select 'domain', d.id, d.tenant_id, d.unicode_name, coalesce(c.name, ''), d.registration, h.rank, h.score, 'domain', d.id
    from ${hits} h join domains d on d.id = h.id left join customers c on c.id = d.customer_id`,
  zone: (hits) => sql`
    select 'zone', z.id, z.tenant_id, d.unicode_name, '', z.state, h.rank, h.score, 'domain', z.domain_id
    from ${hits} h join dns_zones z on z.id = h.id join domains d on d.id = z.domain_id`,
  certificate: (hits) => sql`
    select 'certificate', c.id, c.tenant_id, c.names[1], array_to_string(c.names[2:4], ' · '), c.state, h.rank, h.score,
      'certificate', c.id
    from ${hits} h join ssl_certificates c on c.id = h.id`,
  finding: (hits) => sql`
    select 'finding', f.id, p.tenant_id, f.label, f.kind, f.state, h.rank, h.score, 'finding', f.id
    from ${hits} h join findings f on f.id = h.id left join cloud_pods p on p.id = f.pod_id`,
  job: (hits) => sql`
    select 'job', j.id, j.tenant_id, j.kind, j.subject_label, j.state, h.rank, h.score, 'job', j.id
    from ${hits} h join provisioning_jobs j on j.id = h.id`,
  tenant: (hits) => sql`
    select 'tenant', n.id, n.id, n.name, n.slug, n.state, h.rank, h.score, 'tenant', n.id
    from ${hits} h join tenants n on n.id = h.id`,
  user: (hits) => sql`
    select 'user', u.id, null::uuid, u.name, u.email, u.state, h.rank, h.score, 'user', u.id
    from ${hits} h join users u on u.id = h.id`,
}

type FoundBy = {
  source: SearchType
  hits: (found: Part, id: string | null, tenants: Part, limit: number) => Part
}
/** What is found by what: that is looked for once, where both are wanted in the same tenants. */
const FOUND_BY: Partial<Record<SearchType, FoundBy>> = {
  subscription: { source: 'cloudPod', hits: ofPods },
  zone: { source: 'domain', hits: ofDomains },
}
const foundOnce = (type: SearchType): Part => sql`${sql.ref(`found_${type}`)}`

/** The best hits of each type, all in one statement, the best first, and the newest of those that are as good. */
export function find(
  tx: Tx,
  terms: SearchTerms,
  wanted: readonly Wanted[],
  limit: number,
): Promise<HitRow[]> {
  const once = wanted.filter(({ type }) => type === 'cloudPod' || type === 'domain')
  const parts = wanted.map(({ type, tenants }) => {
    if (once.some((one) => one.type === type)) return SHOWN[type](foundOnce(type))
    const by = FOUND_BY[type]
    const source = by && once.find((one) => one.type === by.source)
    return by && source && JSON.stringify(source.tenants) === JSON.stringify(tenants)
      ? SHOWN[type](by.hits(foundOnce(by.source), terms.id, uuids(tenants), limit))
      : SHOWN[type](HITS[type](terms, uuids(tenants), limit))
  })
  const found = once.map(
    ({ type, tenants }) =>
      sql`${foundOnce(type)} as materialized (select * from ${HITS[type](terms, uuids(tenants), limit)})`,
  )
  return rowsOf(tx, found.length === 0 ? sql`` : sql`with ${sql.join(found)}`, parts)
}

/** The types that have names, by which something spelled alike is found. */
const NAMED: readonly SearchType[] = ['customer', 'cloudPod', 'subscription', 'tenant', 'user']

const hitsOf = (type: SearchType): Part => sql`(select id, rank, score from alike where type = ${type})`

/** The best hits whose names are only spelled like what was typed. */
export async function findSimilar(
  tx: Tx,
  terms: SearchTerms,
  wanted: readonly Wanted[],
  limit: number,
): Promise<HitRow[]> {
  const asked = wanted.filter(({ type }) => NAMED.includes(type))
  if (terms.similar.length === 0 || asked.length === 0) return []
  // Both are looked for among the pods; who may read a subscription may read its pod.
  const looked = Object.fromEntries(
    asked
      .toSorted((a, b) => Number(b.type === 'subscription') - Number(a.type === 'subscription'))
      .map(({ type, tenants }) => [type === 'subscription' ? 'cloudPod' : type, tenants]),
  )
  const parts = asked.map(({ type, tenants }) =>
    SHOWN[type](
      type === 'subscription' ? ofPods(hitsOf('cloudPod'), null, uuids(tenants), limit) : hitsOf(type),
    ),
  )
  const found = sql`with alike as materialized (select * from search_similar(${terms.text}, ${texts(terms.likes)},
    ${texts(terms.similar)}, ${JSON.stringify(looked)}::jsonb, ${limit}))`
  return rowsOf(tx, found, parts)
}

async function rowsOf(tx: Tx, found: Part, parts: readonly Part[]): Promise<HitRow[]> {
  // What is typed changes nothing about how the statement is best run; the functions plan what they ask for themselves.
  await sql`set local plan_cache_mode = force_generic_plan`.execute(tx)
  const { rows } = await sql<HitRow>`${found} select f.*, t.name as tenant_name, t.slug as tenant_slug
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
