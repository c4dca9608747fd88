import { z } from 'zod'
import { SSL_TARGET_STATES } from '../states/ssl.ts'
import { id, timestamp } from './common.ts'
import { sslDeployment } from './ssl.ts'

const target = z.object({
  id,
  kind: z.enum(['agent', 'webhook', 'guest']),
  name: z.string(),
  podId: id.nullable(),
  address: z.string().nullable(),
  withKey: z.boolean(),
  chainPath: z.string().nullable(),
  keyPath: z.string().nullable(),
  reload: z.string().nullable(),
  /** Where the handshake is made; null: at the pod, or where the certificate's first name points to. */
  host: z.string().nullable(),
  port: z.number().int(),
  state: z.enum(SSL_TARGET_STATES),
  /** The version that it was last given. */
  versionId: id.nullable(),
  /** Since when the current version waits for it, or has been wanted there. */
  wantedAt: timestamp,
  deliveredAt: timestamp.nullable(),
  servedAt: timestamp.nullable(),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  jobId: id.nullable(),
  createdAt: timestamp,
})
export type SslTarget = z.infer<typeof target>

/** Where a certificate is delivered to, and what was last seen there and where its names point to. */
export const sslDeployments = z.object({ targets: z.array(target), items: z.array(sslDeployment) })
export type SslDeployments = z.infer<typeof sslDeployments>

const port = z.number().int().min(1).max(65_535).default(443)
const host = z
  .string()
  .trim()
  .regex(/^[\w.:-]{1,253}$/, 'a host name or an address')
  .nullable()
  .default(null)
const path = z.string().regex(/^(?:\/[\w.@+-]+){1,20}$/, 'a full path such as /etc/ssl/site.pem')
const probe = { host, port }

const installing = {
  chainPath: path,
  keyPath: path,
  /** A command of one line that makes the server read its files again. */
  reload: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .regex(/^[^\r\n\0]+$/, 'one line'),
}
/** Into the pod that a name leads to: an agent fetches it, or it is installed through the guest agent. */
export const sslPodDelivery = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('agent') }),
  z.strictObject({ kind: z.literal('guest'), ...installing }),
])
export type SslPodDelivery = z.infer<typeof sslPodDelivery>

export const sslTargetCreate = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('agent'), podId: id, ...probe }),
  z.strictObject({
    kind: z.literal('webhook'),
    name: z.string().trim().min(1).max(100),
    address: z.url({ protocol: /^https$/ }).max(500),
    caPem: z.string().min(1).max(20_000).nullable().default(null),
    /** Whether the private key is sent as well. */
    withKey: z.boolean().default(false),
    ...probe,
  }),
  z.strictObject({
    kind: z.literal('guest'),
    podId: id,
    ...installing,
    ...probe,
  }),
])
export type SslTargetCreate = z.input<typeof sslTargetCreate>

/** `secret` signs what is posted to a webhook. It is shown this once. */
export const sslTargetMade = target.extend({ secret: z.string().nullable() })
export type SslTargetMade = z.infer<typeof sslTargetMade>
export const sslTargetParams = z.strictObject({ id, targetId: id })
/** job: null where an agent fetches it by itself. */
export const sslTargetDelivery = z.object({ target, jobId: id.nullable() })

/** What an agent on a pod is to install. `fingerprint` is that of the current version, and the ETag of the certificate. */
export const agentCertificates = z.object({
  items: z.array(
    z.object({
      id,
      names: z.array(z.string()),
      fingerprint: z.string(),
      notAfter: timestamp,
      installed: z.boolean(),
    }),
  ),
})
export const agentCertificate = z.object({
  id,
  names: z.array(z.string()),
  fingerprint: z.string(),
  notAfter: timestamp,
  chainPem: z.string(),
  keyPem: z.string(),
})
export const agentParams = z.strictObject({ id, certificateId: id })
/** What came of it: `message` says what went wrong. */
export const agentReport = z.strictObject({
  fingerprint: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ examples: ['0'.repeat(64)] }),
  ok: z.boolean(),
  message: z.string().trim().max(500).default(''),
})
