import type { z } from 'zod'
import type { Customer, customerCreate, customerUpdate } from '../../shared/api/customers.ts'
import type { Ctx } from '../context.ts'
import * as customers from '../db/customers.ts'
import type { ListOptions } from '../db/list.ts'
import * as tenants from '../db/tenants.ts'
import { AppError, notFound, requireVersion } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'

type Row = NonNullable<Awaited<ReturnType<typeof customers.find>>>

const present = (row: Row): Customer => ({
  id: row.id,
  tenantId: row.tenant_id,
  kind: row.kind,
  name: row.name,
  company: row.company,
  email: row.email,
  country: row.country,
  currency: row.currency,
  state: row.state,
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

export async function list(ctx: Ctx, filter: { q?: string }, options: ListOptions) {
  const page = await customers.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, tenantId: string, id: string): Promise<Customer> {
  const row = await customers.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('customer')
  return present(row)
}

/** @throws AppError not_found for the tenant, conflict when it is not active */
export async function create(ctx: Ctx, body: z.infer<typeof customerCreate>): Promise<Customer> {
  const tenant = await tenants.find(ctx.tx, body.tenantId)
  if (!tenant) throw notFound('tenant')
  if (tenant.state !== 'active')
    throw new AppError('invalid_state', `The tenant is ${tenant.state}: it takes no new customers.`)
  const now = ctx.now()
  const row = await customers.insert(ctx.tx, {
    id: newId(),
    tenant_id: body.tenantId,
    kind: body.kind,
    name: body.name,
    company: body.company,
    email: body.email,
    country: body.country,
    currency: body.currency ?? tenant.default_currency,
    created_at: now,
    updated_at: now,
  })
  await auditService.record(ctx, {
    action: 'CUSTOMER_CREATED',
    tenantId: row.tenant_id,
    target: { type: 'customer', id: row.id, label: row.name },
  })
  return present(row)
}

/** @throws AppError not_found, precondition_failed when `version` is given and no longer current */
export async function update(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof customerUpdate>,
  version?: number,
): Promise<Customer> {
  const before = await customers.lock(ctx.tx, tenantId, id)
  if (!before) throw notFound('customer')
  requireVersion(before.version, version)
  const after = await customers.update(ctx.tx, id, { ...body, updated_at: ctx.now() })
  await auditService.record(ctx, {
    action: 'CUSTOMER_UPDATED',
    tenantId,
    target: { type: 'customer', id, label: after.name },
    diff: auditService.diffOf(before, body),
  })
  return present(after)
}
