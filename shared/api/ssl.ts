import { z } from 'zod'
import {
  REVOKE_REASONS,
  SSL_ACTIONS,
  SSL_CHALLENGES,
  SSL_FAILURES,
  SSL_FINDINGS,
  SSL_STATES,
  type RevokeReason,
} from '../states/ssl.ts'
import { id, listQuery, timestamp } from './common.ts'
import { job } from './provisioning.ts'

const failureClass = z.enum(SSL_FAILURES)

export const sslCertificate = z.object({
  id,
  tenantId: id,
  names: z.array(z.string()),
  source: z.enum(['issued', 'uploaded']),
  /** Null: whoever comes first, in the order of the platform. */
  issuerId: id.nullable(),
  challenge: z.enum(SSL_CHALLENGES),
  state: z.enum(SSL_STATES),
  action: z.enum(SSL_ACTIONS).nullable(),
  /** Why the last attempt came to nothing, and when the next one is. */
  problem: z.object({ code: z.string(), message: z.string(), class: failureClass }).nullable(),
  failures: z.number().int(),
  notAfter: timestamp.nullable(),
  /** When something happens by itself: the renewal, or the next attempt. */
  dueAt: timestamp.nullable(),
  /** When its CA wants it renewed, and where it says why. */
  window: z.object({ start: timestamp, end: timestamp, url: z.string().nullable() }).nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type SslCertificate = z.infer<typeof sslCertificate>

const sslVersion = z.object({
  id,
  state: z.enum(['current', 'superseded', 'revoked']),
  issuerName: z.string(),
  serial: z.string(),
  fingerprint: z.string(),
  keyType: z.string(),
  notBefore: timestamp,
  notAfter: timestamp,
  revokedAt: timestamp.nullable(),
  revokeReason: z.string().nullable(),
  createdAt: timestamp,
})
export type SslVersion = z.infer<typeof sslVersion>

export const sslCertificateDetail = sslCertificate.extend({
  versions: z.array(sslVersion),
  /** The chain of the current version, the certificate itself first. */
  chain: z.array(
    z.object({
      subject: z.string(),
      issuer: z.string(),
      notAfter: timestamp,
      fingerprint: z.string(),
      keyType: z.string(),
    }),
  ),
})
export type SslCertificateDetail = z.infer<typeof sslCertificateDetail>

export const sslCertificateList = listQuery.omit({ sort: true }).extend({
  q: z.string().trim().min(1).max(200).optional(),
  state: z.enum(SSL_STATES).optional(),
  problems: z.stringbool().optional(),
  /** Those that end before this day (UTC). */
  endsBefore: z.iso.date().optional(),
})

const names = z.array(z.string().trim().min(1).max(300)).min(1).max(100)

export const sslCertificateCreate = z.strictObject({
  tenantId: id,
  names,
  issuerId: id.nullable().default(null),
  challenge: z.enum(SSL_CHALLENGES).default('auto'),
})

const pem = z.string().min(1).max(100_000)
/** The certificate with its chain, each before the one that signed it, and its private key. */
export const sslCertificateUpload = z.strictObject({ tenantId: id, chainPem: pem, keyPem: pem })
export const sslCertificateReplace = sslCertificateUpload.omit({ tenantId: true })

const reasons = Object.keys(REVOKE_REASONS) as [RevokeReason, ...RevokeReason[]]
export const sslRevoke = z.strictObject({ reason: z.enum(reasons).default('unspecified') })

export const sslAccepted = z.object({ certificate: sslCertificate, job })

const sslOrder = z.object({
  id,
  state: z.enum(['open', 'valid', 'failed']),
  issuer: z.string(),
  /** The job that works, or worked, on it. */
  jobId: id.nullable(),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  retryAt: timestamp.nullable(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
  challenges: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['dns-01', 'http-01', 'tls-alpn-01']),
      state: z.enum(['planned', 'presented', 'answered', 'cleaned']),
    }),
  ),
})
export type SslOrder = z.infer<typeof sslOrder>
export const sslOrders = z.object({ items: z.array(sslOrder) })

export const sslDeployment = z.object({
  id,
  tenantId: id,
  certificateId: id,
  name: z.string(),
  host: z.string(),
  port: z.number().int(),
  checkedAt: timestamp,
  servedIssuer: z.string().nullable(),
  servedNotAfter: timestamp.nullable(),
  finding: z.enum(SSL_FINDINGS).nullable(),
  message: z.string().nullable(),
  /** The target that it was seen at; null: where the name points to. */
  targetId: id.nullable(),
})
export type SslDeployment = z.infer<typeof sslDeployment>
export const sslChain = z.object({ pem: z.string() })
export const sslKey = z.object({ pem: z.string(), keyPem: z.string() })
