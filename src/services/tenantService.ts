import type { z } from 'zod'
import type { Tenant, tenantCreate, tenantUpdate } from '../../shared/api/tenants.ts'
import type { Ctx } from '../context.ts'
import { violatedConstraint } from '../db/index.ts'
import type { ListOptions } from '../db/list.ts'
import * as tenants from '../db/tenants.ts'
import { AppError, notFound, requireVersion } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import * as auditService from './auditService.ts'
import * as cloudPodQuotas from './cloudPodQuotas.ts'

const present = (row: tenants.TenantView): Tenant => ({
  id: row.id,
  name: row.name,
  slug: row.slug,
  state: row.state,
  billingTz: row.billing_tz,
  defaultCurrency: row.default_currency,
  quota:
    row.max_pods === null
      ? null
      : {
          maxPods: row.max_pods,
          maxCores: row.max_cores ?? 0,
          maxMemoryMb: row.max_memory_mb ?? 0,
          maxDiskGb: row.max_disk_gb ?? 0,
          maxAddresses: row.max_addresses,
          maxSnapshots: row.max_snapshots,
          maxBackups: row.max_backups,
        },
  version: row.version,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

export async function list(ctx: Ctx, filter: tenants.TenantFilter, options: ListOptions) {
  const page = await tenants.list(ctx.tx, ctx.scope, filter, options)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, id: string): Promise<Tenant> {
  const row = await tenants.find(ctx.tx, id)
  if (!row) throw notFound('tenant')
  return present(row)
}

/** Adds a tenant with its quota. @throws AppError already_exists for the slug */
export async function create(ctx: Ctx, body: z.infer<typeof tenantCreate>): Promise<Tenant> {
  const now = ctx.now()
  const row = await tenants
    .insert(ctx.tx, {
      id: newId(),
      name: body.name,
      slug: body.slug,
      billing_tz: body.billingTz,
      default_currency: body.defaultCurrency,
      created_at: now,
      updated_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'tenants_slug_key') throw error
      throw new AppError(
        'already_exists',
        `There is already a tenant with the slug ${body.slug}. Choose another.`,
      )
    })
  await cloudPodQuotas.setQuota(ctx, row.id, body.quota)
  await auditService.record(ctx, {
    action: 'TENANT_CREATED',
    tenantId: row.id,
    target: { type: 'tenant', id: row.id, label: row.name },
    details: body.quota,
  })
  return get(ctx, row.id)
}

/**
 * A tenant may change its own name, time zone and currency; its quota is the platform's to give.
 * @throws AppError not_found, precondition_failed, forbidden
 */
export async function update(
  ctx: Ctx,
  id: string,
  body: z.infer<typeof tenantUpdate>,
  more: { version?: number; mayChangeQuota: boolean },
): Promise<Tenant> {
  const before = await tenants.lock(ctx.tx, id)
  if (!before) throw notFound('tenant')
  requireVersion(before.version, more.version)
  if (body.quota && !more.mayChangeQuota)
    throw new AppError('forbidden', 'Only the platform sets a quota (tenants:create).')
  const change = {
    name: body.name,
    billing_tz: body.billingTz,
    default_currency: body.defaultCurrency,
  }
  const after = await tenants.update(ctx.tx, id, { ...change, updated_at: ctx.now() })
  if (body.quota) await cloudPodQuotas.setQuota(ctx, id, body.quota)
  await auditService.record(ctx, {
    action: 'TENANT_UPDATED',
    tenantId: id,
    target: { type: 'tenant', id, label: after.name },
    diff: auditService.diffOf<Record<string, unknown>>(before, change),
    details: body.quota ? { quota: body.quota } : undefined,
  })
  return get(ctx, id)
}
