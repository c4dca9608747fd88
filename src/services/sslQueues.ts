import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const issuePayload = z.object({ tenantId: z.string(), certificateId: z.string(), orderId: z.string() })
export type IssuePayload = z.infer<typeof issuePayload>
/** Has a CA issue a certificate, or issue its successor. */
export const sslIssue = { kind: 'ssl.issue', payload: issuePayload } as const

const signPayload = z.object({ tenantId: z.string(), certificateId: z.string(), versionId: z.string() })
export type SignPayload = z.infer<typeof signPayload>
/** The same, by the CA inside mPanel. */
export const sslSign = { kind: 'ssl.sign', payload: signPayload } as const

const revokePayload = z.object({
  tenantId: z.string(),
  certificateId: z.string(),
  versionId: z.string(),
  reason: z.string(),
})
export type RevokePayload = z.infer<typeof revokePayload>
export const sslRevoke = { kind: 'ssl.revoke', payload: revokePayload } as const

type Certificate = { id: string; tenant_id: string; names: string[] }

const request = (certificate: Certificate) => ({
  queue: 'ssl' as const,
  tenantId: certificate.tenant_id,
  subject: { type: 'sslCertificate', id: certificate.id, label: certificate.names[0] ?? '' },
  serialKey: `ssl:${certificate.id}`,
})

export const enqueueIssue = (ctx: Ctx, certificate: Certificate, orderId: string): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...request(certificate),
    kind: sslIssue.kind,
    payload: {
      tenantId: certificate.tenant_id,
      certificateId: certificate.id,
      orderId,
    } satisfies IssuePayload,
    idempotencyKey: `ssl:${orderId}`,
  })

export const enqueueSign = (ctx: Ctx, certificate: Certificate, versionId: string): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...request(certificate),
    kind: sslSign.kind,
    payload: {
      tenantId: certificate.tenant_id,
      certificateId: certificate.id,
      versionId,
    } satisfies SignPayload,
    idempotencyKey: `ssl:${versionId}`,
  })

export const enqueueRevoke = (
  ctx: Ctx,
  certificate: Certificate,
  versionId: string,
  reason: string,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...request(certificate),
    kind: sslRevoke.kind,
    payload: {
      tenantId: certificate.tenant_id,
      certificateId: certificate.id,
      versionId,
      reason,
    } satisfies RevokePayload,
    idempotencyKey: `ssl-revoke:${versionId}`,
  })
