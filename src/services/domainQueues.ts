import { z } from 'zod'
import type { OperationKind } from '../../shared/states/domain.ts'
import type { Ctx } from '../context.ts'
import * as operations from '../db/domainOperations.ts'
import { enqueue } from './provisioningQueues.ts'

const verifyPayload = z.object({ tenantId: z.string(), domainId: z.string() })
export type VerifyPayload = z.infer<typeof verifyPayload>

/** Looks in DNS for what proves whose a domain is. */
export const domainVerify = { kind: 'domain.verify', payload: verifyPayload } as const

type Domain = { id: string; tenant_id: string; unicode_name: string }

/** All that is done about one domain comes one after another. */
const aboutDomain = (domain: Domain) => ({
  queue: 'domain' as const,
  tenantId: domain.tenant_id,
  subject: { type: 'domain', id: domain.id, label: domain.unicode_name },
  serialKey: `domain:${domain.id}`,
})

export const enqueueVerify = (ctx: Ctx, domain: Domain): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...aboutDomain(domain),
    kind: domainVerify.kind,
    payload: { tenantId: domain.tenant_id, domainId: domain.id },
    maxAttempts: 3,
  })

const operationPayload = z.object({ tenantId: z.string(), operationId: z.string() })
export type OperationPayload = z.infer<typeof operationPayload>
const declare = <K extends string>(kind: K) => ({ kind, payload: operationPayload }) as const

/** One deed at a registry. */
export const domainRegister = declare('domain.register')
export const domainRenew = declare('domain.renew')
export const domainTransferIn = declare('domain.transferIn')
export const domainUpdate = declare('domain.update')
export const domainRestore = declare('domain.restore')
export const domainDelete = declare('domain.delete')

type Operation = { id: string; kind: OperationKind }
export const enqueueOperation = (
  ctx: Ctx,
  domain: Domain,
  { id, kind }: Operation,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...aboutDomain(domain),
    kind: `domain.${kind}`,
    payload: { tenantId: domain.tenant_id, operationId: id } satisfies OperationPayload,
    idempotencyKey: `domainOperation:${id}`,
    maxAttempts: 20,
  })

/** Has what waited for its invoice begin, or end. */
export const domainPaid = declare('domain.paid')

/** Tells whoever waits for this invoice that it is paid, or taken back. Nobody's permission is needed for what was ordered before. */
export async function enqueuePaid(ctx: Ctx, tenantId: string, invoiceId: string): Promise<void> {
  const order = await operations.waitingFor(ctx.tx, tenantId, invoiceId)
  if (!order) return
  await enqueue(
    { ...ctx, permission: undefined },
    {
      ...aboutDomain(order),
      kind: domainPaid.kind,
      payload: { tenantId, operationId: order.operation_id } satisfies OperationPayload,
      maxAttempts: 20,
    },
  )
}

const syncPayload = z.object({ tenantId: z.string(), domainId: z.string() })
export type SyncPayload = z.infer<typeof syncPayload>
/** Compares a domain with what its registry says. */
export const domainSync = { kind: 'domain.sync', payload: syncPayload } as const

export const enqueueSync = (ctx: Ctx, domain: Domain): Promise<{ id: string }> =>
  enqueue(
    { ...ctx, permission: undefined },
    {
      ...aboutDomain(domain),
      kind: domainSync.kind,
      payload: { tenantId: domain.tenant_id, domainId: domain.id } satisfies SyncPayload,
      maxAttempts: 3,
      priority: 60,
    },
  )

const pollPayload = z.object({ accountId: z.string() })
export type PollPayload = z.infer<typeof pollPayload>
/** Reads what a registry has to tell. */
export const registrarPoll = { kind: 'registrar.poll', payload: pollPayload } as const

export const enqueuePoll = (ctx: Ctx, account: { id: string; name: string }): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'domain',
    kind: registrarPoll.kind,
    tenantId: null,
    subject: { type: 'registrar', id: account.id, label: account.name },
    payload: { accountId: account.id } satisfies PollPayload,
    serialKey: `registrar:${account.id}`,
    maxAttempts: 3,
  })
