import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const HOUR_MS = 3_600_000
/** A provider keeps an idempotency key for a day: whatever is not settled by then is for a person. */
const PATIENCE_MS = 23 * HOUR_MS

const collectPayload = z.object({ attemptId: z.string(), mail: z.boolean() })
export type CollectPayload = z.infer<typeof collectPayload>
/** Has an invoice paid: a charge, or a page to pay on. */
export const paymentCollect = { kind: 'payment.collect', payload: collectPayload } as const

const refundPayload = z.object({ refundId: z.string() })
export type RefundPayload = z.infer<typeof refundPayload>
export const paymentRefund = { kind: 'payment.refund', payload: refundPayload } as const

const withdrawPayload = z.union([z.object({ methodId: z.string() }), z.object({ attemptId: z.string() })])
export type WithdrawPayload = z.infer<typeof withdrawPayload>
/** Takes back what a provider was given or gave: a method, or a page to pay on. */
export const paymentWithdraw = { kind: 'payment.withdraw', payload: withdrawPayload } as const

const convergePayload = z.object({
  providerId: z.string(),
  kind: z.enum(['payment', 'page', 'customer', 'method', 'client', 'service', 'invoice']),
  ref: z.string(),
  /** Also when no message about it waits. */
  anyway: z.boolean(),
})
export type ConvergePayload = z.infer<typeof convergePayload>
/** Looks at something at a provider again, and takes over what is there now. */
export const paymentConverge = { kind: 'payment.converge', payload: convergePayload } as const

const recordPayload = z.object({ runId: z.string() })
export type RecordPayload = z.infer<typeof recordPayload>
/** Reads all books of a provider that keeps its own. */
export const billingRecord = { kind: 'billing.record', payload: recordPayload } as const

export const enqueueRecordRun = (
  ctx: Ctx,
  of: { id: string; tenantId: string; providerId: string },
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'billing',
    kind: billingRecord.kind,
    tenantId: of.tenantId,
    subject: { type: 'billingProvider', id: of.providerId, label: 'books' },
    payload: { runId: of.id } satisfies RecordPayload,
    serialKey: `record:${of.providerId}`,
    idempotencyKey: `record:${of.id}`,
  })

const taxCheckPayload = z.object({ customerId: z.string(), taxId: z.string() })
export type TaxCheckPayload = z.infer<typeof taxCheckPayload>
/** Asks whether a customer's VAT number was given out. */
export const taxCheck = { kind: 'billing.taxCheck', payload: taxCheckPayload } as const

/** One at a time of a tenant: member states take few calls at once. */
export const enqueueTaxCheck = (
  ctx: Ctx,
  tenantId: string,
  payload: TaxCheckPayload,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'billing',
    kind: taxCheck.kind,
    tenantId,
    subject: { type: 'customer', id: payload.customerId, label: payload.taxId },
    payload,
    serialKey: `taxCheck:${tenantId}`,
  })

const reconcilePayload = z.object({ reconciliationId: z.string() })
export type ReconcilePayload = z.infer<typeof reconcilePayload>
/** Compares the books and contracts of a tenant with each other and with its providers. */
export const billingReconcile = { kind: 'billing.reconcile', payload: reconcilePayload } as const

export const enqueueReconciliation = (
  ctx: Ctx,
  of: { id: string; tenantId: string },
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'billing',
    kind: billingReconcile.kind,
    tenantId: of.tenantId,
    subject: { type: 'billingReconciliation', id: of.id, label: 'books' },
    payload: { reconciliationId: of.id } satisfies ReconcilePayload,
    serialKey: `reconcile:${of.tenantId}`,
    idempotencyKey: `reconcile:${of.id}`,
    // Whatever somebody waits for goes first.
    priority: 200,
  })

type Owned = { id: string; tenantId: string; customerId: string; label: string }
/** One call at a time about a customer: the provider locks him as well. */
const serial = (customerId: string): string => `payments:${customerId}`

export const enqueueCollect = (ctx: Ctx, of: Owned & { mail: boolean }): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'billing',
    kind: paymentCollect.kind,
    tenantId: of.tenantId,
    subject: { type: 'paymentAttempt', id: of.id, label: of.label },
    payload: { attemptId: of.id, mail: of.mail } satisfies CollectPayload,
    serialKey: serial(of.customerId),
    idempotencyKey: `payment:${of.id}`,
    deadlineMs: PATIENCE_MS,
  })

export const enqueueRefund = (ctx: Ctx, of: Owned): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'billing',
    kind: paymentRefund.kind,
    tenantId: of.tenantId,
    subject: { type: 'paymentRefund', id: of.id, label: of.label },
    payload: { refundId: of.id } satisfies RefundPayload,
    serialKey: serial(of.customerId),
    idempotencyKey: `refund:${of.id}`,
    deadlineMs: PATIENCE_MS,
  })

export const enqueueWithdraw = (ctx: Ctx, of: Owned, payload: WithdrawPayload): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'billing',
    kind: paymentWithdraw.kind,
    tenantId: of.tenantId,
    subject: { type: 'methodId' in payload ? 'paymentMethod' : 'paymentAttempt', id: of.id, label: of.label },
    payload,
    serialKey: serial(of.customerId),
  })

/** @param why asking twice for the same reason finds the same job */
export const enqueueConverge = (
  ctx: Ctx,
  tenantId: string | null,
  payload: ConvergePayload,
  why: string,
): Promise<{ id: string }> =>
  enqueue(
    { ...ctx, permission: undefined },
    {
      queue: 'billing',
      kind: paymentConverge.kind,
      tenantId,
      subject: { type: 'billingProvider', id: payload.providerId, label: payload.kind },
      payload,
      serialKey: `converge:${payload.providerId}:${payload.ref}`,
      idempotencyKey: `converge:${payload.providerId}:${payload.ref}:${why}`,
      priority: 60,
    },
  )
