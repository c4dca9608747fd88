import type { z } from 'zod'
import type {
  Customer,
  customerCreate,
  CustomerFilter,
  customerUpdate,
} from '../../../shared/api/customers.ts'
import { canCustomer } from '../../../shared/states/customer.ts'
import type { Ctx } from '../../context.ts'
import * as customers from '../../db/customers.ts'
import * as settings from '../../db/customerSettings.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as tenants from '../../db/tenants.ts'
import { AppError, notFound, requireAllowed, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import { applyFields } from './fields.ts'
import { checkTaxIds } from './taxIds.ts'

type Row = NonNullable<Awaited<ReturnType<typeof customers.find>>>

/**
 * A customer that something may be added to, and stays so until the transaction ends.
 * @throws AppError not_found, invalid_state
 */
export async function requireChangeable(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const kept = await customers.keep(ctx.tx, tenantId, id)
  if (!kept) throw notFound('customer')
  requireAllowed(canCustomer.change({ state: kept.state, erasedAt: kept.erased_at }))
}

/** @throws AppError already_exists for the reference */
function refTaken(error: unknown): never {
  if (violatedConstraint(error) !== 'customers_external_ref') throw error
  throw new AppError('already_exists', 'Another customer of the tenant has this reference.')
}

const present = (row: Row): Customer => ({
  id: row.id,
  tenantId: row.tenant_id,
  kind: row.kind,
  name: row.name,
  company: row.company,
  email: row.email,
  country: row.country,
  currency: row.currency,
  language: row.language,
  group: row.group_id === null ? null : { id: row.group_id, name: row.group_name ?? '' },
  tags: row.tags,
  addresses: row.addresses as Customer['addresses'],
  taxIds: row.tax_ids as Customer['taxIds'],
  custom: row.custom as Customer['custom'],
  state: row.state,
  externalRef: row.external_ref,
  mergedInto: row.merged_into === null ? null : { id: row.merged_into, name: row.survivor_name ?? '' },
  closedAt: row.closed_at?.toISOString() ?? null,
  erasedAt: row.erased_at?.toISOString() ?? null,
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

export async function list(ctx: Ctx, filter: CustomerFilter, options: ListOptions) {
  const page = await customers.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, tenantId: string, id: string): Promise<Customer> {
  const row = await customers.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('customer')
  return present(row)
}

/** Those of the ids that the tenant has. */
export async function getAll(ctx: Ctx, tenantId: string, ids: readonly string[]): Promise<Customer[]> {
  return (await customers.findAll(ctx.tx, tenantId, ids)).map(present)
}

/** @throws AppError not_found for tenant or group, invalid_state when the tenant is not active, invalid_input, already_exists */
export async function create(ctx: Ctx, body: z.infer<typeof customerCreate>): Promise<Customer> {
  const { tenantId, currency, groupId, ...given } = body
  const tenant = await tenants.find(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  if (tenant.state !== 'active')
    throw new AppError('invalid_state', `The tenant is ${tenant.state}: it takes no new customers.`)
  const now = ctx.now()
  const id = newId()
  await customers
    .insert(ctx.tx, {
      id,
      tenant_id: tenantId,
      kind: given.kind,
      name: given.name,
      company: given.company,
      email: given.email,
      country: given.country,
      currency: currency ?? tenant.default_currency,
      group_id: await groupOf(ctx, tenantId, groupId),
      external_ref: given.externalRef,
      ...(await detailsOf(ctx, tenantId, { taxIds: [], custom: {} }, given)),
      created_at: now,
      updated_at: now,
    })
    .catch(refTaken)
  await auditService.record(ctx, {
    action: 'CUSTOMER_CREATED',
    tenantId,
    target: { type: 'customer', id, label: given.name },
  })
  return get(ctx, tenantId, id)
}

/**
 * @throws AppError not_found, invalid_input, invalid_state, already_exists, precondition_failed when `version` is given
 * and no longer current
 */
export async function update(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof customerUpdate>,
  version?: number,
): Promise<Customer> {
  const locked = await customers.lock(ctx.tx, tenantId, id)
  if (!locked) throw notFound('customer')
  requireVersion(locked.version, version)
  requireAllowed(canCustomer.change({ state: locked.state, erasedAt: locked.erased_at }))
  const before = await get(ctx, tenantId, id)
  await customers
    .update(ctx.tx, id, {
      kind: body.kind,
      name: body.name,
      company: body.company,
      email: body.email,
      country: body.country,
      group_id: await groupOf(ctx, tenantId, body.groupId),
      external_ref: body.externalRef,
      ...(await detailsOf(ctx, tenantId, before, body)),
      updated_at: ctx.now(),
    })
    .catch(refTaken)
  const after = await get(ctx, tenantId, id)
  await auditService.record(ctx, {
    action: 'CUSTOMER_UPDATED',
    tenantId,
    target: { type: 'customer', id, label: after.name },
    diff: changes(before, after),
  })
  return after
}

async function groupOf<Given extends string | null | undefined>(
  ctx: Ctx,
  tenantId: string,
  id: Given,
): Promise<Given> {
  if (typeof id === 'string' && !(await settings.keepGroup(ctx.tx, tenantId, id)))
    throw notFound('customer group')
  return id
}

type Details = Pick<z.infer<typeof customerUpdate>, 'language' | 'tags' | 'addresses' | 'taxIds' | 'custom'>

/** The columns of what is more than name and e-mail, checked against the tenant's definitions. */
async function detailsOf(
  ctx: Ctx,
  tenantId: string,
  before: Pick<Customer, 'taxIds' | 'custom'>,
  { language, tags, addresses, taxIds, custom }: Details,
) {
  const fields = await settings.keepFields(ctx.tx, tenantId)
  // What a change does not touch is not held against it, should a definition have become stricter.
  const values = custom === undefined ? before.custom : applyFields(fields, before.custom, custom)
  const ids = taxIds === undefined ? before.taxIds : checkTaxIds(taxIds)
  const searchable = fields.filter((field) => field.searchable).map((field) => values[field.key])
  return {
    language: language ? Intl.getCanonicalLocales(language)[0] : language,
    tags: tags && [...new Set(tags)],
    addresses: addresses && JSON.stringify(addresses),
    tax_ids: JSON.stringify(ids),
    custom: JSON.stringify(values),
    search_more: [...ids.map((one) => one.value), ...searchable.filter((value) => value !== undefined)].join(
      ' ',
    ),
  }
}

const UNTOLD = new Set(['version', 'updatedAt'])

function changes(before: Customer, after: Customer): Record<string, [unknown, unknown]> {
  return Object.fromEntries(
    (Object.keys(after) as (keyof Customer)[])
      .filter((key) => !UNTOLD.has(key) && JSON.stringify(before[key]) !== JSON.stringify(after[key]))
      .map((key) => [key, [before[key], after[key]]]),
  )
}
