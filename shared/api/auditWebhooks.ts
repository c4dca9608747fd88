import { z } from 'zod'
import { AUDIT_ACTIONS } from '../auditActions.ts'
import { isAddressOf } from './auditSinks.ts'
import { id, listQuery, timestamp } from './common.ts'

const url = z
  .string()
  .trim()
  .max(500)
  .refine((text) => isAddressOf('webhook', text), 'https://…, without user name and password')
  .meta({ examples: ['https://receiver.example.com/mpanel'] })
const description = z.string().trim().max(200)
/** Null: every kind of event, also those of later versions. */
const eventTypes = z.array(z.enum(AUDIT_ACTIONS)).min(1).max(100).nullable()

/** `tenantId` null: the platform's, with the events of every tenant. */
export const auditWebhookCreate = z.strictObject({
  tenantId: id.nullable(),
  url,
  description: description.default(''),
  eventTypes: eventTypes.default(null),
})
export type AuditWebhookCreate = z.input<typeof auditWebhookCreate>

export const auditWebhookUpdate = z.strictObject({
  url: url.optional(),
  description: description.optional(),
  eventTypes: eventTypes.optional(),
  state: z.enum(['enabled', 'disabled']).optional(),
})
export type AuditWebhookUpdate = z.infer<typeof auditWebhookUpdate>

export const auditWebhook = z.object({
  id,
  tenantId: id.nullable(),
  url: z.string(),
  description: z.string(),
  eventTypes: z.array(z.string()).nullable(),
  state: z.enum(['enabled', 'disabled']),
  /** `asked`: by somebody. `failing`: nothing arrived for three days. `gone`: the receiver answered 410. */
  disabledBecause: z.enum(['asked', 'failing', 'gone']).nullable(),
  /** Deliveries that wait for their turn, and those that were given up. */
  waiting: z.number().int(),
  failed: z.number().int(),
  /** When something last arrived, and how many attempts have failed since. */
  deliveredAt: timestamp.nullable(),
  failures: z.number().int(),
  /** Nothing is tried before. */
  restsUntil: timestamp.nullable(),
  /** Until then the secret before this one signs as well. */
  formerSecretUntil: timestamp.nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type AuditWebhook = z.infer<typeof auditWebhook>

/** `secret` signs the deliveries. It is shown this once. */
export const auditWebhookMade = auditWebhook.extend({ secret: z.string() })
export type AuditWebhookMade = z.infer<typeof auditWebhookMade>

export const auditWebhookRotate = z.strictObject({
  /** How long the present secret signs beside the new one. */
  overlapHours: z.number().int().min(0).max(168).default(24),
})

export const auditWebhookReplay = z.strictObject({
  /** What was given up since then is delivered again. */
  since: timestamp,
})

const deliveryState = z.enum(['waiting', 'delivered', 'failed'])

export const auditWebhookDeliveryList = listQuery.extend({
  webhookId: id.optional(),
  state: deliveryState.optional(),
})

export const auditWebhookDelivery = z.object({
  id,
  tenantId: id.nullable(),
  webhookId: id,
  /** Also the `webhook-id` of every attempt. */
  eventId: id,
  eventType: z.string(),
  state: deliveryState,
  attempts: z.number().int(),
  attemptedAt: timestamp.nullable(),
  /** Of the last attempt: what the receiver answered, or why nothing came. */
  status: z.number().int().nullable(),
  answer: z.string().nullable(),
  error: z.string().nullable(),
  nextAttemptAt: timestamp.nullable(),
  /** After that no attempt follows. */
  giveUpAt: timestamp,
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type AuditWebhookDelivery = z.infer<typeof auditWebhookDelivery>
