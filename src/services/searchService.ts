import { MATCHES, SEARCH_TYPES, type SearchHit, type SearchType } from '../../shared/api/search.ts'
import type { Permission } from '../../shared/permissions.ts'
import type { Ctx } from '../context.ts'
import * as search from '../db/search.ts'
import { searchTerms } from '../lib/searchTerms.ts'
import * as tenantScopeService from './tenantScopeService.ts'
import { tenantsWith, type Identity } from './userService.ts'

/** What somebody must be allowed to read for hits of a type. Subscriptions are found by the names of their pods. */
const NEEDED: Record<SearchType, readonly Permission[]> = {
  customer: ['customers:read'],
  cloudPod: ['cloudpods:read'],
  subscription: ['subscriptions:read', 'cloudpods:read'],
  invoice: ['billing:read', 'customers:read'],
  domain: ['domains:read'],
  zone: ['domains:read'],
  certificate: ['ssl:read'],
  finding: ['infrastructure:read'],
  job: ['jobs:read'],
  tenant: ['tenants:read'],
  user: ['users:read'],
}

/**
 * The best hits of each type that the caller may read, each only from the tenants where they may.
 * @throws AppError not_found for a tenant that the caller does not see
 */
export async function find(
  ctx: Ctx,
  identity: Identity,
  query: { q: string; limit: number; types?: string | undefined; tenantId?: string | undefined },
): Promise<{ items: SearchHit[] }> {
  if (query.tenantId !== undefined) await tenantScopeService.ownerOf(ctx, 'tenant', query.tenantId)
  const terms = searchTerms(query.q)
  // VMIDs and findings are the cluster's business.
  if (!ctx.seesInfrastructure) terms.number = null
  const asked = new Set(query.types?.split(','))
  const told = SEARCH_TYPES.filter((type) => type !== 'finding' || ctx.seesInfrastructure)
  const wanted = told
    .filter((type) => asked.size === 0 || asked.has(type))
    .flatMap((type) => {
      const tenants = tenantsWith(identity, NEEDED[type], query.tenantId)
      return tenants?.length === 0 ? [] : [{ type, tenants }]
    })
  if (wanted.length === 0 || terms.likes.length === 0) return { items: [] }
  const found = await search.find(ctx.tx, terms, wanted, query.limit)
  // What is only spelled alike is looked for when there is little that is written so, and nothing that is just that.
  const isFew = found.length < query.limit && found.every(({ rank }) => rank > 0)
  const alike = isFew ? await search.findSimilar(ctx.tx, terms, wanted, query.limit) : []
  const known = new Set(found.map(({ type, id }) => type + id))
  return { items: [...found, ...alike.filter(({ type, id }) => !known.has(type + id))].map(present) }
}

/** Forgets the words of names that are no more. */
export const tidy = (ctx: Ctx): Promise<void> => search.tidyWords(ctx.tx)

const present = (row: search.HitRow): SearchHit => ({
  type: row.type,
  id: row.id,
  tenant:
    row.tenant_id === null
      ? null
      : { id: row.tenant_id, name: row.tenant_name ?? '', slug: row.tenant_slug ?? '' },
  label: row.label,
  detail: row.detail,
  state: row.state,
  match: MATCHES[row.rank] ?? 'similar',
  shownAt: { type: row.shown_type, id: row.shown_id },
})
