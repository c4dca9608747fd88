import { asSystem, type Ctx, type Root } from '../../context.ts'
import * as deliveries from '../../db/auditWebhookDeliveries.ts'
import type { DeliveryRow } from '../../db/auditWebhookDeliveries.ts'
import * as seals from '../../db/auditSeals.ts'
import * as webhooks from '../../db/auditWebhooks.ts'
import type { WebhookRow } from '../../db/auditWebhooks.ts'
import { backoffMs } from '../../lib/backoff.ts'
import { SecretLost } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import { OutgoingFault } from '../../lib/outgoing.ts'
import * as auditService from '../auditService.ts'
import * as mailNoticeService from '../mailNoticeService.ts'
import { eventOf } from './delivery.ts'
import { fanOut, GIVE_UP_MS, scopeOf } from './webhooks.ts'

/** So many a worker has under way. One whose receiver hangs holds its place for ten seconds. */
const AT_ONCE = 50
const LEASE_MS = 60_000
/** Half a minute after the first attempt, later every four to six hours: some 20 attempts in three days. */
const AGAIN = { baseMs: 30_000, capMs: 6 * 3_600_000 }
/** A receiver that fails is left alone for so long, whatever else waits for it. */
const REST = { baseMs: 2_000, capMs: 300_000 }
const GONE = 410

/** The purposes that bind the sealed secrets to their webhook. */
export const purposeOf = (id: string): string => `audit.webhook:${id}`

export type WebhookSender = {
  /** Writes down what was sealed, and begins as many deliveries as there is room for. It does not wait for their end. */
  tick(): Promise<void>
  /** Resolves when nothing is under way. */
  settled(): Promise<void>
}

/** Delivers events to webhooks. `onEnd` is called whenever one more may be begun. */
export function webhookSender(root: Root, onEnd: () => void = () => undefined): WebhookSender {
  const running = new Set<Promise<void>>()
  return {
    async tick() {
      await fanOut(root)
      const limit = AT_ONCE - running.size
      if (limit <= 0) return
      const now = root.now()
      const until = new Date(now.getTime() + LEASE_MS)
      const lease = newId()
      const claimed = await root.db.transaction('platform', (tx) =>
        deliveries.claim(tx, lease, { now, until, limit }),
      )
      for (const delivery of claimed) {
        const work: Promise<void> = deliverOne(root, delivery)
          // Its lease runs out, and the next worker makes it.
          .catch((error: unknown) =>
            root.log.error({ err: error, deliveryId: delivery.id }, 'a webhook delivery could not be made'),
          )
          .finally(() => {
            running.delete(work)
            onEnd()
          })
        running.add(work)
      }
    },
    async settled() {
      await Promise.all(running)
    },
  }
}

/** Delivers all that can be delivered now. */
export async function deliverWebhooks(root: Root): Promise<void> {
  let more = true
  const sender = webhookSender(root, () => (more = true))
  while (more) {
    more = false
    await sender.tick()
    await sender.settled()
  }
}

type Outcome =
  | { kind: 'answered'; status: number; answer: string | null }
  | { kind: 'silent'; error: string }
  | { kind: 'lost'; error: string }

async function deliverOne(root: Root, delivery: DeliveryRow): Promise<void> {
  const found = await asSystem(root, 'audit.webhooks', scopeOf(delivery), (ctx) => toSend(ctx, delivery))
  if (!found) return
  const outcome = await attempt(root, found)
  await asSystem(root, 'audit.webhooks', scopeOf(delivery), (ctx) => settle(ctx, delivery, outcome))
}

type ToSend = { webhook: WebhookRow; event: seals.SealedEvent | undefined }

async function toSend(ctx: Ctx, delivery: DeliveryRow): Promise<ToSend | undefined> {
  const state = await webhooks.findState(ctx.tx, ctx.scope, delivery.webhook_id)
  if (!state) return undefined
  const { event_id: id, event_at: at } = delivery
  const events = await seals.eventsIn(ctx.tx, { ids: [id], from: at, to: at })
  return { webhook: state, event: events.get(id) }
}

async function attempt(root: Root, { webhook, event }: ToSend): Promise<Outcome> {
  if (!event) return { kind: 'lost', error: 'the event was archived before it was delivered' }
  const at = new Date(event.at).toISOString()
  const data = { ...eventOf(event, webhook.tenant_id), at }
  const body = { id: data.id, type: data.action, createdAt: at, tenantId: data.tenantId, data }
  try {
    const { status, answer, fromPublic } = await root.vendors.webhookEvent(
      { url: webhook.url, secrets: secretsOf(root, webhook) },
      { id: data.id, at: root.now(), body: JSON.stringify(body) },
    )
    // What machines in our own networks say is not for tenants to read.
    const told = webhook.tenant_id === null || fromPublic ? answer : null
    return { kind: 'answered', status, answer: told }
  } catch (error) {
    if (!(error instanceof OutgoingFault || error instanceof SecretLost)) throw error
    return { kind: 'silent', error: error.message }
  }
}

/** The secret in force, and the one before while it counts. */
function secretsOf({ sealer, now }: Root, { id, secret, former_secret, former_until }: WebhookRow): string[] {
  const former = former_until !== null && former_until > now() ? former_secret : null
  return [secret, ...(former === null ? [] : [former])].map((sealed) => sealer.open(sealed, purposeOf(id)))
}

/** Writes down how an attempt ended, and what follows for the delivery and for its webhook. */
async function settle(ctx: Ctx, delivery: DeliveryRow, outcome: Outcome): Promise<void> {
  const webhook = await webhooks.lock(ctx.tx, ctx.scope, delivery.webhook_id)
  if (!webhook) return
  const now = ctx.now()
  const said = {
    status: outcome.kind === 'answered' ? outcome.status : null,
    answer: outcome.kind === 'answered' ? outcome.answer : null,
    error: outcome.kind === 'answered' ? null : outcome.error,
  }
  const arrived = outcome.kind === 'answered' && outcome.status >= 200 && outcome.status <= 299
  const isGone = outcome.kind === 'answered' && outcome.status === GONE
  const isOver = arrived || isGone || outcome.kind === 'lost' || now >= delivery.give_up_at
  const ours = await deliveries.note(
    ctx.tx,
    delivery,
    isOver
      ? { ...said, state: arrived ? 'delivered' : 'failed', next_attempt_at: null, ended_at: now }
      : { ...said, next_attempt_at: nextAttempt(delivery, now) },
  )
  if (!ours || outcome.kind === 'lost') return
  if (arrived)
    return webhooks.update(ctx.tx, webhook.id, { failures: 0, rests_until: null, delivered_at: now })
  await webhooks.update(ctx.tx, webhook.id, {
    failures: webhook.failures + 1,
    rests_until: new Date(now.getTime() + backoffMs(webhook.failures, REST)),
  })
  // All the time in which this one was tried, nothing has arrived.
  const triedSince = delivery.give_up_at.getTime() - GIVE_UP_MS
  const isFailing = isOver && (webhook.delivered_at?.getTime() ?? 0) < triedSince
  if (webhook.state === 'enabled' && (isGone || isFailing))
    await disable(ctx, webhook, isGone ? 'gone' : 'failing')
}

/** Later and later; the last attempt is made when the time is over. */
const nextAttempt = ({ attempts, give_up_at }: DeliveryRow, now: Date): Date =>
  new Date(Math.min(now.getTime() + backoffMs(attempts - 1, AGAIN), give_up_at.getTime()))

/** What waits is kept for whoever enables it again. */
async function disable(ctx: Ctx, webhook: WebhookRow, because: 'gone' | 'failing'): Promise<void> {
  await webhooks.update(ctx.tx, webhook.id, {
    state: 'disabled',
    disabled_because: because,
    version: webhook.version + 1,
  })
  await auditService.record(ctx, {
    ...targetOf(webhook),
    action: 'AUDIT_WEBHOOK_DISABLED',
    outcome: 'error',
    details: { because, failures: webhook.failures + 1 },
  })
  const facts = { url: webhook.url, because }
  await mailNoticeService.toOperators(ctx, webhook.tenant_id, 'audit:manage', 'webhookDisabled', facts)
}

/** Whose event it is when something is done to a webhook. */
export const targetOf = (webhook: Pick<WebhookRow, 'id' | 'tenant_id' | 'url'>) => ({
  tenantId: webhook.tenant_id,
  target: { type: 'auditWebhook', id: webhook.id, label: webhook.url },
})
