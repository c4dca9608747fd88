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

const exportPayload = z.object({ tenantId: z.string(), exportId: z.string() })
export type ExportPayload = z.infer<typeof exportPayload>

/** Writes everything that belongs to a tenant into one file. */
export const tenantExport = { kind: 'tenant.export', payload: exportPayload } as const

export const enqueueExport = (
  ctx: Ctx,
  tenant: { id: string; name: string },
  exportId: string,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'system',
    kind: tenantExport.kind,
    tenantId: tenant.id,
    subject: { type: 'tenant', id: tenant.id, label: tenant.name },
    serialKey: `tenantExport:${tenant.id}`,
    payload: { tenantId: tenant.id, exportId },
    idempotencyKey: `export:${exportId}`,
  })

const closePayload = z.object({ tenantId: z.string(), closureId: z.string() })
export type ClosePayload = z.infer<typeof closePayload>

/** Destroys everything a tenant has and erases its data. */
export const tenantClose = { kind: 'tenant.close', payload: closePayload } as const

/** The job is the platform's: it outlives all that is the tenant's. */
export const enqueueClose = (
  ctx: Ctx,
  tenant: { id: string; name: string },
  closureId: string,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'system',
    kind: tenantClose.kind,
    tenantId: null,
    subject: { type: 'tenant', id: tenant.id, label: tenant.name },
    serialKey: `tenantClose:${tenant.id}`,
    payload: { tenantId: tenant.id, closureId },
    idempotencyKey: `close:${closureId}`,
    maxAttempts: 20,
  })
