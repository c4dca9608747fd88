import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const enforcePayload = z.object({ tenantId: z.string(), suspensionId: z.string(), round: z.string() })
export type EnforcePayload = z.infer<typeof enforcePayload>

/** Brings a tenant's pods to what its suspension wants: stopped while it holds, as they were once it has ended. */
export const tenantEnforce = { kind: 'tenant.enforce', payload: enforcePayload } as const

/** @param round the same one finds the same job */
export const enqueueEnforce = (
  ctx: Ctx,
  tenant: { id: string; name: string },
  suspensionId: string,
  round: string,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'system',
    kind: tenantEnforce.kind,
    tenantId: tenant.id,
    subject: { type: 'tenant', id: tenant.id, label: tenant.name },
    serialKey: `tenant:${tenant.id}`,
    payload: { tenantId: tenant.id, suspensionId, round },
    idempotencyKey: `enforce:${suspensionId}:${round}`,
    priority: 60,
  })
