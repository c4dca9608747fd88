import { asSystem, type Ctx, type Root, type Scope } from '../../context.ts'
import * as deliveries from '../../db/auditWebhookDeliveries.ts'
import * as seals from '../../db/auditSeals.ts'
import * as webhooks from '../../db/auditWebhooks.ts'
import type { WebhookRow } from '../../db/auditWebhooks.ts'
import { newId } from '../../lib/ids.ts'

/** So long an event is tried again before it is given up. */
export const GIVE_UP_MS = 3 * 86_400_000

/** What its owner may see: everything for the platform, else the one tenant's. */
export const scopeOf = ({ tenant_id }: Pick<WebhookRow, 'tenant_id'>): Scope =>
  tenant_id === null ? 'platform' : [tenant_id]

/** When something is tried from now on, and when that ends. */
export const fromNow = (now: Date): { now: Date; giveUpAt: Date } => ({
  now,
  giveUpAt: new Date(now.getTime() + GIVE_UP_MS),
})

/** A delivery that is due at once. */
export function deliveryOf(webhook: WebhookRow, event: deliveries.EventHead, now: Date) {
  const { giveUpAt } = fromNow(now)
  return {
    id: newId(),
    webhook_id: webhook.id,
    tenant_id: webhook.tenant_id,
    event_id: event.id,
    event_at: event.at,
    event_type: event.action,
    next_attempt_at: now,
    give_up_at: giveUpAt,
    created_at: now,
  }
}

/** Writes down, webhook by webhook and batch by batch, which sealed events are to be delivered. */
export async function fanOut(root: Root): Promise<void> {
  const waiting = await root.db.transaction('platform', webhooks.behind)
  for (const webhook of waiting)
    while (await asSystem(root, 'audit.webhooks', scopeOf(webhook), (ctx) => fanOutBatch(ctx, webhook.id)));
}

/**
 * One batch for one webhook: its deliveries and how far it has got are one transaction, so that whatever breaks off leaves
 * no event out and writes none down twice.
 * @returns whether another may follow
 */
async function fanOutBatch(ctx: Ctx, id: string): Promise<boolean> {
  const webhook = await webhooks.takeBehind(ctx.tx, id)
  if (!webhook) return false
  const [batch] = await seals.batchesAfter(ctx.tx, webhook.next_batch - 1n, 1)
  if (!batch) return false
  const events = await deliveries.headsIn(ctx.tx, batch, webhook.event_types)
  const now = ctx.now()
  await deliveries.insert(
    ctx.tx,
    events.map((event) => deliveryOf(webhook, event, now)),
  )
  await webhooks.update(ctx.tx, id, { next_batch: batch.number + 1n })
  return true
}
