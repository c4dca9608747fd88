import { isIP, SocketAddress } from 'node:net'
import { z } from 'zod'
import { networks } from './lib/outgoing.ts'

const port = z.coerce.number('must be a number').int().min(0).max(65_535)
const blank = (value: unknown): unknown => (value === '' ? undefined : value)
/** The entries of a list that is separated by commas. */
export const namesIn = (list: string): string[] =>
  list
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
const secretKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64 (openssl rand -base64 32)')
const database = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' })
const optional = <T extends z.ZodType>(schema: T) => z.preprocess(blank, schema.optional())

/** The environment of `mpanel`, as README.md lists it. */
export const variables = z.object({
  DATABASE_URL: optional(database),
  DATABASE_MIGRATION_URL: optional(database),
  MPANEL_HOST: optional(z.string().min(1)),
  MPANEL_PORT: optional(port),
  MPANEL_DATA_DIR: optional(z.string().min(1)),
  MPANEL_SECRET_KEY: optional(secretKey),
  MPANEL_SECRET_KEY_BEFORE: optional(secretKey),
  MPANEL_PUBLIC_URL: optional(z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })),
  MPANEL_ADMIN_EMAIL: optional(z.email('must be an e-mail address')),
  MPANEL_ADMIN_PASSWORD: optional(z.string().min(12, 'must have at least 12 characters').max(128)),
  MPANEL_NEW_PASSWORD: optional(z.string().min(12, 'must have at least 12 characters').max(128)),
  MPANEL_LOG_LEVEL: optional(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])),
  MPANEL_TRUSTED_PROXIES: optional(z.string()),
  MPANEL_OUTGOING_NETWORKS: optional(
    z.string().transform((list, context) => {
      try {
        return networks(namesIn(list))
      } catch {
        context.addIssue('must be networks such as 10.1.0.0/16, separated by commas')
        return z.NEVER
      }
    }),
  ),
  MPANEL_WORKER_CONCURRENCY: optional(z.coerce.number().int().min(1).max(500)),
  MPANEL_REQUESTS_PER_MINUTE: optional(z.coerce.number().int().min(0).max(10_000_000)),
  MPANEL_ADDRESS_REQUESTS_PER_MINUTE: optional(z.coerce.number().int().min(0).max(10_000_000)),
  SMTP_URL: optional(z.url({ protocol: /^smtps?$/, error: 'must be an smtp:// or smtps:// URL' })),
  MPANEL_MAIL_FROM: optional(z.email('must be an e-mail address')),
  STRIPE_API_BASE: optional(z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })),
  STRIPE_SECRET_KEY: optional(z.string().regex(/^[sr]k_(test|live)_\w+$/, 'must look like sk_test_…')),
  STRIPE_WEBHOOK_SECRET: optional(z.string().regex(/^whsec_\w+$/, 'must look like whsec_…')),
  VIES_URL: optional(z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })),
  STRIPE_CALLS_PER_SECOND: optional(z.coerce.number().int().min(1).max(10_000)),
  MPANEL_DNS_SERVERS: optional(
    z
      .string()
      .transform(namesIn)
      .refine(
        (list) => list.every((one) => isIP(one) !== 0 || SocketAddress.parse(one) !== undefined),
        'must be addresses such as 192.0.2.53 or [2001:db8::53]:5353, separated by commas',
      ),
  ),
  MPANEL_TLS_ALPN_LISTEN: optional(
    z.string().transform((text, context) => {
      const place = SocketAddress.parse(text)
      if (place !== undefined && place.port > 0) return { host: place.address, port: place.port }
      context.addIssue('must be an address with a port such as 192.0.2.1:443 or [::]:443')
      return z.NEVER
    }),
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: optional(
    z.string().regex(/^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$/, 'must look like api-key=secret,other=value'),
  ),
  OTEL_SERVICE_NAME: optional(z.string()),
  OTEL_TRACES_SAMPLER_ARG: optional(z.coerce.number('must be a number').min(0).max(1)),
  MPANEL_DNS_PORT: optional(z.coerce.number().int().min(1).max(65_535)),
  POWERDNS_API_URL: optional(z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })),
  POWERDNS_API_KEY: optional(z.string().min(1)),
  POWERDNS_NAME_SERVERS: optional(z.string().transform(namesIn)),
  ACME_DIRECTORY_URL: optional(z.url({ protocol: /^https$/, error: 'must be an https:// URL' })),
  ACME_CA_FILE: optional(z.string().min(1)),
  ACME_EMAIL: optional(z.email('must be an e-mail address')),
  MPANEL_HEARTBEAT_URL: optional(
    z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }),
  ),
  MPANEL_PAYMENT_TERM_DAYS: optional(z.coerce.number().int().min(1).max(365)),
  MPANEL_VMID_QUARANTINE_HOURS: optional(z.coerce.number().int().min(0).max(8760)),
  MPANEL_SIM_PORT: optional(port),
  MPANEL_AUDIT_CHECKPOINTS: optional(z.string().min(1)),
  MPANEL_AUDIT_ARCHIVES: optional(z.string().min(1)),
  PROXMOX_URL: optional(z.url({ protocol: /^https$/, error: 'must be an https:// URL' })),
  PROXMOX_TOKEN_ID: optional(
    z.string().regex(/^[^\s@!]+@[^\s@!]+![^\s@!]+$/, 'must look like user@realm!token'),
  ),
  PROXMOX_TOKEN_SECRET: optional(z.string().min(1)),
  PROXMOX_CA_FILE: optional(z.string().min(1)),
  PROXMOX_FINGERPRINT: optional(
    z.string().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/i, 'must be SHA-256 as AA:BB:…'),
  ),
})

export type Env = z.infer<typeof variables>
