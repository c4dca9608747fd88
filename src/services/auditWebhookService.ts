import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import type {
  AuditWebhook,
  AuditWebhookDelivery,
  AuditWebhookMade,
  AuditWebhookUpdate,
  auditWebhookCreate,
} from '../../shared/api/auditWebhooks.ts'
import type { Page } from '../../shared/api/common.ts'
import type { Ctx } from '../context.ts'
import { nextBatch } from '../db/auditSinks.ts'
import * as deliveries from '../db/auditWebhookDeliveries.ts'
import * as webhooks from '../db/auditWebhooks.ts'
import type { ListOptions } from '../db/list.ts'
import { AppError, notFound, requireVersion } from '../errors.ts'
import { isLost } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { deliveryOf, fromNow } from './audit/webhooks.ts'
import { purposeOf, targetOf } from './audit/webhookSending.ts'
import * as auditService from './auditService.ts'

export { deliverWebhooks, webhookSender } from './audit/webhookSending.ts'

const MAX_WEBHOOKS = 20
const HOUR_MS = 3_600_000
/** Deliveries that ended are kept so long. */
const KEPT_MS = 30 * 24 * HOUR_MS
const AT_ONCE = 5_000

const iso = (at: Date | null): string | null => at?.toISOString() ?? null

const view = (row: webhooks.WebhookState, now: Date): AuditWebhook => ({
  id: row.id,
  tenantId: row.tenant_id,
  url: row.url,
  description: row.description,
  eventTypes: row.event_types,
  state: row.state,
  disabledBecause: row.disabled_because,
  waiting: row.waiting,
  failed: row.failed,
  deliveredAt: iso(row.delivered_at),
  failures: row.failures,
  restsUntil: iso(row.rests_until),
  formerSecretUntil: row.former_until !== null && row.former_until > now ? iso(row.former_until) : null,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

const deliveryView = (row: deliveries.DeliveryRow): AuditWebhookDelivery => ({
  id: row.id,
  tenantId: row.tenant_id,
  webhookId: row.webhook_id,
  eventId: row.event_id,
  eventType: row.event_type,
  state: row.state,
  attempts: row.attempts,
  attemptedAt: iso(row.attempted_at),
  status: row.status,
  answer: row.answer,
  error: row.error,
  nextAttemptAt: iso(row.next_attempt_at),
  giveUpAt: row.give_up_at.toISOString(),
  createdAt: row.created_at.toISOString(),
  endedAt: iso(row.ended_at),
})

export async function list(ctx: Ctx, options: ListOptions): Promise<Page<AuditWebhook>> {
  const { items, nextCursor } = await webhooks.list(ctx.tx, ctx.scope, options)
  return { items: items.map((row) => view(row, ctx.now())), nextCursor }
}

/** @throws AppError not_found */
export async function find(ctx: Ctx, id: string): Promise<AuditWebhook> {
  const row = await webhooks.findState(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('webhook')
  return view(row, ctx.now())
}

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** A new receiver. It gets what is sealed from now on. @throws AppError quota_exceeded */
export async function create(
  ctx: Ctx,
  { tenantId, url, description, eventTypes }: z.output<typeof auditWebhookCreate>,
): Promise<AuditWebhookMade> {
  if ((await webhooks.countOf(ctx.tx, tenantId)) >= MAX_WEBHOOKS)
    throw new AppError(
      'quota_exceeded',
      `There are ${MAX_WEBHOOKS} webhooks already. Delete one that is not needed.`,
    )
  const id = newId()
  const secret = newSecret()
  const row: webhooks.WebhookRow = {
    id,
    tenant_id: tenantId,
    url,
    description,
    event_types: eventTypes,
    state: 'enabled',
    disabled_because: null,
    secret: ctx.sealer.seal(secret, purposeOf(id)),
    former_secret: null,
    former_until: null,
    next_batch: await nextBatch(ctx.tx),
    failures: 0,
    rests_until: null,
    delivered_at: null,
    version: 1,
    created_at: ctx.now(),
  }
  await webhooks.insert(ctx.tx, row)
  await auditService.record(ctx, {
    ...targetOf(row),
    action: 'AUDIT_WEBHOOK_CREATED',
    details: { url, eventTypes },
  })
  return { ...view({ ...row, waiting: 0, failed: 0 }, ctx.now()), secret }
}

const shown = (types: readonly string[] | null): string => types?.join(' ') ?? 'all'

/**
 * Changes, disables or enables it. While it is disabled its place is kept; enabled again, all that waits is tried at once.
 * @throws AppError not_found, precondition_failed
 */
export async function update(
  ctx: Ctx,
  id: string,
  { eventTypes, ...change }: AuditWebhookUpdate,
  version: number | undefined,
): Promise<AuditWebhook> {
  const row = await owned(ctx, id)
  requireVersion(row.version, version)
  const diff = auditService.diffOf(
    { url: row.url, description: row.description, state: row.state, eventTypes: shown(row.event_types) },
    { ...change, ...(eventTypes !== undefined && { eventTypes: shown(eventTypes) }) },
  )
  if (Object.keys(diff).length > 0) {
    await webhooks.update(ctx.tx, id, {
      ...change,
      ...(eventTypes !== undefined && { event_types: eventTypes }),
      ...(change.state !== undefined && {
        disabled_because: change.state === 'enabled' ? null : (row.disabled_because ?? 'asked'),
      }),
      failures: 0,
      rests_until: null,
      version: row.version + 1,
    })
    if (diff['state'] && change.state === 'enabled')
      await deliveries.beginAnew(ctx.tx, id, fromNow(ctx.now()))
    await auditService.record(ctx, { ...targetOf(row), action: 'AUDIT_WEBHOOK_UPDATED', diff })
  }
  return find(ctx, id)
}

/** @throws AppError not_found */
export async function remove(ctx: Ctx, id: string): Promise<void> {
  const row = await owned(ctx, id)
  await webhooks.remove(ctx.tx, id)
  await auditService.record(ctx, { ...targetOf(row), action: 'AUDIT_WEBHOOK_DELETED' })
}

/** A new secret; the present one signs beside it for a while. @throws AppError not_found */
export async function rotate(ctx: Ctx, id: string, overlapHours: number): Promise<AuditWebhookMade> {
  const row = await owned(ctx, id)
  const secret = newSecret()
  const overlaps = overlapHours > 0 && !isLost(row.secret)
  await webhooks.update(ctx.tx, id, {
    secret: ctx.sealer.seal(secret, purposeOf(id)),
    former_secret: overlaps ? row.secret : null,
    former_until: overlaps ? new Date(ctx.now().getTime() + overlapHours * HOUR_MS) : null,
    version: row.version + 1,
  })
  await auditService.record(ctx, {
    ...targetOf(row),
    action: 'AUDIT_WEBHOOK_SECRET_ROTATED',
    details: { overlapHours },
  })
  return { ...(await find(ctx, id)), secret }
}

/**
 * Sends an event that says nothing else, whatever kinds were chosen.
 * @throws AppError not_found, invalid_state while it is disabled
 */
export async function test(ctx: Ctx, id: string): Promise<AuditWebhookDelivery> {
  const row = await enabled(ctx, id)
  const at = ctx.now()
  const event = { id: newId(), at, action: 'AUDIT_WEBHOOK_TESTED' }
  await auditService.record(
    { ...ctx, now: () => at },
    { ...targetOf(row), id: event.id, action: event.action, details: { test: true } },
  )
  const delivery = deliveryOf(row, event, at)
  await deliveries.insert(ctx.tx, [delivery])
  await webhooks.update(ctx.tx, id, { rests_until: null })
  return deliveryNow(ctx, delivery.id)
}

export async function listDeliveries(
  ctx: Ctx,
  { webhookId, state, ...options }: ListOptions & Parameters<typeof deliveries.list>[2],
): Promise<Page<AuditWebhookDelivery>> {
  const { items, nextCursor } = await deliveries.list(ctx.tx, ctx.scope, { webhookId, state }, options)
  return { items: items.map(deliveryView), nextCursor }
}

/**
 * Delivers one event once more, at once.
 * @throws AppError not_found, invalid_state while it is on its way or its webhook is disabled
 */
export async function replay(ctx: Ctx, id: string): Promise<AuditWebhookDelivery> {
  const { webhook_id: webhookId } = await deliveryRow(ctx, id)
  const webhook = await enabled(ctx, webhookId)
  // Its webhook is locked, so nobody takes it or settles it meanwhile.
  const row = await deliveryRow(ctx, id)
  if (row.lease_until !== null && row.lease_until > ctx.now())
    throw new AppError('invalid_state', 'It is on its way just now. See what comes of it first.')
  await deliveries.wait(ctx.tx, id, fromNow(ctx.now()))
  await webhooks.update(ctx.tx, webhookId, { rests_until: null })
  await auditService.record(ctx, {
    ...targetOf(webhook),
    action: 'AUDIT_WEBHOOK_REPLAYED',
    details: { eventId: row.event_id, eventType: row.event_type },
  })
  return deliveryNow(ctx, id)
}

/**
 * Delivers once more all that was given up since then. @returns how many
 * @throws AppError not_found, invalid_state while it is disabled
 */
export async function replayFailed(ctx: Ctx, id: string, since: string): Promise<{ replayed: number }> {
  const row = await enabled(ctx, id)
  const replayed = await deliveries.waitFailed(ctx.tx, id, new Date(since), fromNow(ctx.now()))
  await webhooks.update(ctx.tx, id, { rests_until: null })
  await auditService.record(ctx, {
    ...targetOf(row),
    action: 'AUDIT_WEBHOOK_REPLAYED',
    details: { since, replayed },
  })
  return { replayed }
}

/** Removes deliveries that ended thirty days ago. */
export async function tidy(ctx: Ctx): Promise<void> {
  await deliveries.removeEnded(ctx.tx, new Date(ctx.now().getTime() - KEPT_MS), AT_ONCE)
}

async function owned(ctx: Ctx, id: string): Promise<webhooks.WebhookRow> {
  const row = await webhooks.lock(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('webhook')
  return row
}

async function enabled(ctx: Ctx, id: string): Promise<webhooks.WebhookRow> {
  const row = await owned(ctx, id)
  if (row.state === 'disabled')
    throw new AppError('invalid_state', 'The webhook is disabled. Enable it first.')
  return row
}

async function deliveryRow(ctx: Ctx, id: string): Promise<deliveries.DeliveryRow> {
  const row = await deliveries.find(ctx.tx, ctx.scope, id)
  if (!row) throw notFound('delivery')
  return row
}

const deliveryNow = async (ctx: Ctx, id: string): Promise<AuditWebhookDelivery> =>
  deliveryView(await deliveryRow(ctx, id))
