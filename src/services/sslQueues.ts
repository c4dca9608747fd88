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

const deliverPayload = z.object({ tenantId: z.string(), certificateId: z.string(), targetId: z.string() })
export type DeliverPayload = z.infer<typeof deliverPayload>
/** Posts the current version of a certificate to an address. */
export const sslDeliver = { kind: 'ssl.deliver', payload: deliverPayload } as const

const installPayload = deliverPayload.extend({ podId: z.string() })
export type InstallPayload = z.infer<typeof installPayload>
/** Writes the current version of a certificate into a pod's VM. */
export const sslInstall = { kind: 'ssl.install', payload: installPayload } as const

type Target = { id: string; pod_id: string | null }

/** Deliveries of one target are made one after another; what is done inside a pod waits for what else is done with it. */
export const enqueueDelivery = (
  ctx: Ctx,
  certificate: Certificate,
  target: Target,
): Promise<{ id: string }> => {
  const payload = {
    tenantId: certificate.tenant_id,
    certificateId: certificate.id,
    targetId: target.id,
  } satisfies DeliverPayload
  return enqueue(ctx, {
    ...request(certificate),
    ...(target.pod_id === null
      ? { kind: sslDeliver.kind, payload, serialKey: `sslTarget:${target.id}` }
      : {
          kind: sslInstall.kind,
          payload: { ...payload, podId: target.pod_id } satisfies InstallPayload,
          serialKey: `cloudPod:${target.pod_id}`,
        }),
    // After that it rests for longer, and others have their turn.
    maxAttempts: 5,
  })
}

const rolloverPayload = z.object({ issuerId: z.string(), accountId: z.string() })
export type RolloverPayload = z.infer<typeof rolloverPayload>
/** Gives the account at a CA another key. */
export const sslRollover = { kind: 'ssl.rollover', payload: rolloverPayload } as const

export const enqueueRollover = (
  ctx: Ctx,
  issuer: { id: string; name: string },
  accountId: string,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'ssl',
    kind: sslRollover.kind,
    tenantId: null,
    subject: { type: 'sslIssuer', id: issuer.id, label: issuer.name },
    payload: { issuerId: issuer.id, accountId } satisfies RolloverPayload,
    serialKey: `sslIssuer:${issuer.id}`,
  })
