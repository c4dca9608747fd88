import { z } from 'zod'
import { id, timestamp } from './common.ts'

/** Where a receiver is: the URL of a webhook, or `tls://host:port` of a syslog receiver. */
const address = z
  .string()
  .trim()
  .max(500)
  .meta({ examples: ['tls://logs.example.com:6514'] })
const pem = z
  .string()
  .max(20_000)
  .regex(/-----BEGIN CERTIFICATE-----/, 'certificates in PEM')
  .nullable()
const name = z.string().trim().min(1).max(100)

export const isAddressOf = (kind: 'webhook' | 'syslog', text: string): boolean => {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, username, password, pathname, search } = new URL(text)
  if (hostname === '' || username !== '' || password !== '') return false
  return kind === 'webhook'
    ? protocol === 'https:' || protocol === 'http:'
    : protocol === 'tls:' && pathname.length <= 1 && search === ''
}

/** `tenantId` null: the platform's, with the events of every tenant. */
export const auditSinkCreate = z
  .strictObject({
    tenantId: id.nullable(),
    kind: z.enum(['syslog', 'webhook']),
    name,
    address,
    caPem: pem.default(null),
  })
  .refine(({ kind, address: text }) => isAddressOf(kind, text), {
    path: ['address'],
    message: 'https://… for a webhook, tls://host:6514 for syslog; without user name and password',
  })
export type AuditSinkCreate = z.input<typeof auditSinkCreate>

export const auditSinkUpdate = z.strictObject({
  name: name.optional(),
  state: z.enum(['active', 'paused']).optional(),
})
export type AuditSinkUpdate = z.infer<typeof auditSinkUpdate>

export const auditSink = z.object({
  id,
  tenantId: id.nullable(),
  kind: z.enum(['syslog', 'webhook']),
  name: z.string(),
  address: z.string(),
  state: z.enum(['active', 'paused']),
  createdAt: timestamp,
  /** How many events it was given so far, and when the last ones. */
  delivered: z.string(),
  deliveredAt: timestamp.nullable(),
  /** Sealed batches that wait for it, and since when the oldest does. */
  behind: z.number().int(),
  waitingSince: timestamp.nullable(),
  failures: z.number().int(),
  lastError: z.string().nullable(),
  nextAttemptAt: timestamp,
})
export type AuditSink = z.infer<typeof auditSink>

/** `secret` signs the deliveries of a webhook. It is shown this once. */
export const auditSinkMade = auditSink.extend({ secret: z.string().nullable() })
export type AuditSinkMade = z.infer<typeof auditSinkMade>
