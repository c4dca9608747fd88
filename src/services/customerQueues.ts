import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const payload = z.object({ tenantId: z.string(), importId: z.string() })
export type ImportPayload = z.infer<typeof payload>

/** Reads an uploaded file and says row by row what it would do. */
export const customerImportCheck = { kind: 'customer.importCheck', payload } as const

/** Makes and changes the customers of a checked file. */
export const customerImport = { kind: 'customer.import', payload } as const

type Tenant = { id: string; name: string }

const request = ({ id, name }: Tenant, importId: string) => ({
  queue: 'system' as const,
  tenantId: id,
  subject: { type: 'tenant', id, label: name },
  // What one file makes, the next one finds.
  serialKey: `customerImport:${id}`,
  payload: { tenantId: id, importId },
})

export const enqueueImportCheck = (ctx: Ctx, tenant: Tenant, importId: string): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...request(tenant, importId),
    kind: customerImportCheck.kind,
    idempotencyKey: `importCheck:${importId}`,
  })

export const enqueueImport = (ctx: Ctx, tenant: Tenant, importId: string): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...request(tenant, importId),
    kind: customerImport.kind,
    idempotencyKey: `import:${importId}`,
  })
