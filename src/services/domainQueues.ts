import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const verifyPayload = z.object({ tenantId: z.string(), domainId: z.string() })
export type VerifyPayload = z.infer<typeof verifyPayload>

/** Looks in DNS for what proves whose a domain is. */
export const domainVerify = { kind: 'domain.verify', payload: verifyPayload } as const

type Domain = { id: string; tenant_id: string; unicode_name: string }

/** All that is done about one domain comes one after another. */
export const aboutDomain = (domain: Domain) => ({
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
