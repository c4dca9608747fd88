import type { z } from 'zod'
import type { Addon, addonCreate } from '../../../shared/api/billingAddons.ts'
import type { Ctx } from '../../context.ts'
import * as addons from '../../db/billingAddons.ts'
import type { AddonPriceRow, AddonRow } from '../../db/billingAddons.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { toMoney } from '../../lib/money.ts'
import * as auditService from '../auditService.ts'
import { requireSold } from './catalogue.ts'

const present = (row: AddonRow, prices: readonly AddonPriceRow[]): Addon => ({
  id: row.id,
  tenantId: row.tenant_id,
  code: row.code,
  name: row.name,
  cores: row.cores,
  memoryMb: row.memory_mb,
  diskGb: row.disk_gb,
  maxQuantity: row.max_quantity,
  planIds: row.plan_ids,
  prices: prices
    .filter((price) => price.addon_id === row.id)
    .map((price) => ({
      id: price.id,
      currency: price.currency,
      interval: price.interval,
      intervalCount: price.interval_count,
      unit: toMoney(price.unit_minor, price.currency),
    })),
  state: row.state,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export async function listAddons(ctx: Ctx, options: ListOptions) {
  const page = await addons.list(ctx.tx, ctx.scope, options)
  const prices = await addons.pricesOf(
    ctx.tx,
    page.items.map((row) => row.id),
  )
  return { items: page.items.map((row) => present(row, prices)), nextCursor: page.nextCursor }
}

async function shown(ctx: Ctx, id: string): Promise<Addon> {
  const [row] = await addons.byIds(ctx.tx, [id])
  if (!row) throw notFound('add-on')
  return present(row, await addons.pricesOf(ctx.tx, [id]))
}

const TAKEN: Record<string, string> = {
  addons_code: 'There is already an add-on with this code.',
  addon_prices_addon_id_currency_interval_interval_count_key:
    'Two prices have the same currency and interval.',
}

/** Adds an add-on with its prices. @throws AppError already_exists, not_found for a plan that is not sold there */
export async function createAddon(ctx: Ctx, body: z.infer<typeof addonCreate>): Promise<Addon> {
  const id = newId()
  const { tenantId } = body
  const row = {
    id,
    tenant_id: tenantId,
    code: body.code,
    name: body.name,
    cores: body.cores,
    memory_mb: body.memoryMb,
    disk_gb: body.diskGb,
    max_quantity: body.maxQuantity,
    plan_ids: await requireSold(ctx, tenantId, body.planIds),
    created_at: ctx.now(),
  }
  const prices = body.prices.map((price) => ({
    id: newId(),
    tenant_id: tenantId,
    addon_id: id,
    currency: price.currency,
    interval: price.interval,
    interval_count: price.intervalCount,
    unit_minor: BigInt(price.unitMinor),
  }))
  await addons.insert(ctx.tx, row, prices).catch((error: unknown) => {
    const known = TAKEN[violatedConstraint(error) ?? '']
    if (known === undefined) throw error
    throw new AppError('already_exists', known)
  })
  const target = { type: 'addon', id, label: body.code }
  await auditService.record(ctx, { action: 'ADDON_CREATED', tenantId, target })
  return shown(ctx, id)
}

/** Takes an add-on out, or sells it again; who has it keeps it. @throws AppError not_found, precondition_failed */
export async function updateAddon(
  ctx: Ctx,
  id: string,
  { state }: { state: Addon['state'] },
  version: number | undefined,
): Promise<Addon> {
  const before = await addons.lock(ctx.tx, id)
  if (!before) throw notFound('add-on')
  requireVersion(before.version, version)
  await addons.setState(ctx.tx, id, state)
  await auditService.record(ctx, {
    action: 'ADDON_UPDATED',
    tenantId: before.tenant_id,
    target: { type: 'addon', id, label: before.code },
    diff: { state: [before.state, state] },
  })
  return shown(ctx, id)
}
