import type { z } from 'zod'
import type { Plan, planCreate } from '../../../shared/api/billing.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as present from './present.ts'

export async function listPlans(ctx: Ctx, options: ListOptions) {
  const page = await billing.listPlans(ctx.tx, ctx.scope, options)
  const prices = await billing.pricesOf(
    ctx.tx,
    page.items.map((row) => row.id),
  )
  return {
    items: page.items.map((row) =>
      present.plan(
        row,
        prices.filter((price) => price.plan_id === row.id),
      ),
    ),
    nextCursor: page.nextCursor,
  }
}

const TAKEN: Record<string, string> = {
  cloud_pod_plans_code: 'There is already a plan with this code.',
  prices_one_active: 'Two prices have the same currency and interval.',
}

/** Adds a plan with its prices. @throws AppError invalid_input, already_exists */
export async function createPlan(ctx: Ctx, body: z.infer<typeof planCreate>): Promise<Plan> {
  if (body.overLimit !== 'none' && body.trafficGb === null) {
    const message = 'Say how much traffic is included: without that it is never used up.'
    throw new AppError('invalid_input', message, { errors: [{ path: 'trafficGb', message }] })
  }
  const id = newId()
  const now = ctx.now()
  try {
    const row = await billing.insertPlan(ctx.tx, {
      id,
      tenant_id: body.tenantId,
      code: body.code,
      name: body.name,
      cores: body.cores,
      memory_mb: body.memoryMb,
      disk_gb: body.diskGb,
      traffic_gb: body.trafficGb,
      rate_mbps: body.rateMbps,
      over_limit: body.overLimit,
      node_tags: body.nodeTags,
      created_at: now,
    })
    await billing.insertPrices(
      ctx.tx,
      body.prices.map((price) => ({
        id: newId(),
        tenant_id: body.tenantId,
        plan_id: id,
        currency: price.currency,
        interval: price.interval,
        interval_count: price.intervalCount,
        unit_minor: BigInt(price.unitMinor),
        setup_minor: BigInt(price.setupMinor),
        paused_minor: BigInt(price.pausedMinor),
        trial_days: price.trialDays,
        trial_then: price.trialThen,
        created_at: now,
      })),
    )
    await auditService.record(ctx, {
      action: 'PLAN_CREATED',
      tenantId: body.tenantId,
      target: { type: 'plan', id, label: body.code },
    })
    return present.plan(row, await billing.pricesOf(ctx.tx, [id]))
  } catch (error) {
    const known = TAKEN[violatedConstraint(error) ?? '']
    if (known === undefined) throw error
    throw new AppError('already_exists', known)
  }
}

/**
 * The plans that something is for, each once.
 * @param tenantId null: sold in all tenants
 * @throws AppError not_found for a plan that is not sold there
 */
export async function requireSold(
  ctx: Ctx,
  tenantId: string | null,
  planIds: readonly string[],
): Promise<string[]> {
  const ids = [...new Set(planIds)]
  if ((await billing.soldPlans(ctx.tx, tenantId, ids)).length !== ids.length) throw notFound('plan')
  return ids
}
