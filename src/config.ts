import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { namesIn, variables, type Env } from './configVariables.ts'
import { StartupError } from './errors.ts'
import { networks, type AllowedNetworks } from './lib/outgoing.ts'
import { withoutTrailingSlashes } from './lib/slashes.ts'

/** The only reader of the environment. README.md lists the variables. */
export type Config = {
  /** Absent: the embedded PostgreSQL in the data folder. */
  databaseUrl: string | undefined
  /** The login that owns the tables; absent: the one of `databaseUrl` migrates as well. */
  databaseMigrationUrl: string | undefined
  host: string
  port: number
  dataDir: string
  auditCheckpoints: string
  /** The folder that archived months of the audit log are written to. */
  auditArchives: string
  /** 32 bytes; absent: made once and kept in the data folder. */
  secretKey: Buffer | undefined
  /** The key until now, while what it sealed is sealed anew. */
  secretKeyBefore: Buffer | undefined
  publicUrl: string
  adminEmail: string
  adminPassword: string | undefined
  /** For `mpanel admin create-user`: an argument would show it to everybody on the machine. */
  newPassword: string | undefined
  /** Absent: `info` for servers and workers, `warn` where a person reads along. */
  logLevel: string | undefined
  /** Addresses of proxies whose X-Forwarded-For is believed. */
  trustedProxies: string[]
  proxmox:
    | {
        url: string
        tokenId: string
        tokenSecret: string
        ca: string | undefined
        fingerprint: string | undefined
      }
    | undefined
  /** Absent: mails are kept in mPanel itself. */
  mail: { url: string; from: string } | undefined
  /** Where Stripe's API is, and the account of the platform, if the environment names it. */
  stripe: {
    apiBase: string
    isDefault: boolean
    key: string | undefined
    webhookSecret: string | undefined
    /** Of one key, by each process. */
    callsPerSecond: number
  }
  /** Where VAT numbers are checked; absent: nowhere, people do it. */
  viesUrl: string | undefined
  /** The first CA that certificates are asked of; absent: the one inside mPanel. */
  acme: { directoryUrl: string; caPem: string | null; email: string | null } | undefined
  /** The PowerDNS that zones are begun on; absent: the zone files in the data folder. */
  powerdns: { url: string; apiKey: string; nameServers: string[] } | undefined
  /** Path of the simulated cluster's port, 0 for a free one. */
  simPort: number
  workerConcurrency: number
  /** Requests a minute of one session or key, and of one address; 0: any number, absent: the server's own limits. */
  requestLimits: { caller: number | undefined; address: number | undefined }
  /** Networks beside the public internet that webhooks and identity providers may be in. */
  outgoingNetworks: AllowedNetworks
  /** DNS servers to ask, with a port or without; none: those of the system. */
  dnsServers: string[]
  /** Where name servers answer: another port than 53 is for a laboratory. */
  dnsPort: number
  /** Where names are proven to CAs by TLS; absent: nowhere. */
  tlsAlpn: { host: string; port: number } | undefined
  /** Where spans are sent (OTLP over HTTP), and which part of all traces; absent: nowhere. */
  traces: { url: string; headers: Record<string, string>; ratio: number; service: string } | undefined
  /** Told every minute that the automation lives; a monitor there raises the alarm when it no longer hears it. */
  heartbeatUrl: string | undefined
  paymentTermDays: number
  vmidQuarantineHours: number
}

/** @throws StartupError naming every faulty variable at once */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const parsed = variables.safeParse(env)
  const faults = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
  const values = (parsed.success ? parsed.data : env) as Env
  const proxmox = readProxmox(values, faults)
  const mail = readMail(values, faults)
  const stripe = readStripe(values, faults)
  const acme = readAcme(values, faults)
  const powerdns = readPowerdns(values, faults)
  const traces = readTraces(values, faults)
  if (faults.length > 0) {
    throw new StartupError(
      `The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    )
  }
  const host = values.MPANEL_HOST ?? '127.0.0.1'
  const portNumber = values.MPANEL_PORT ?? 8080
  return {
    databaseUrl: values.DATABASE_URL,
    databaseMigrationUrl: values.DATABASE_MIGRATION_URL,
    host,
    port: portNumber,
    dataDir: resolve(values.MPANEL_DATA_DIR ?? '.data'),
    secretKey:
      values.MPANEL_SECRET_KEY === undefined ? undefined : Buffer.from(values.MPANEL_SECRET_KEY, 'base64'),
    secretKeyBefore:
      values.MPANEL_SECRET_KEY_BEFORE === undefined
        ? undefined
        : Buffer.from(values.MPANEL_SECRET_KEY_BEFORE, 'base64'),
    publicUrl: withoutTrailingSlashes(
      values.MPANEL_PUBLIC_URL ?? `http://${host.includes(':') ? `[${host}]` : host}:${portNumber}`,
    ),
    adminEmail: (values.MPANEL_ADMIN_EMAIL ?? 'admin@example.com').toLowerCase(),
    adminPassword: values.MPANEL_ADMIN_PASSWORD,
    newPassword: values.MPANEL_NEW_PASSWORD,
    logLevel: values.MPANEL_LOG_LEVEL,
    trustedProxies: namesIn(values.MPANEL_TRUSTED_PROXIES ?? ''),
    outgoingNetworks: values.MPANEL_OUTGOING_NETWORKS ?? networks([]),
    proxmox,
    mail,
    stripe,
    viesUrl: values.VIES_URL === undefined ? undefined : withoutTrailingSlashes(values.VIES_URL),
    acme,
    powerdns,
    dnsServers: values.MPANEL_DNS_SERVERS ?? [],
    dnsPort: values.MPANEL_DNS_PORT ?? 53,
    tlsAlpn: values.MPANEL_TLS_ALPN_LISTEN,
    traces,
    simPort: values.MPANEL_SIM_PORT ?? 0,
    heartbeatUrl: values.MPANEL_HEARTBEAT_URL,
    requestLimits: {
      caller: values.MPANEL_REQUESTS_PER_MINUTE,
      address: values.MPANEL_ADDRESS_REQUESTS_PER_MINUTE,
    },
    workerConcurrency: values.MPANEL_WORKER_CONCURRENCY ?? 16,
    paymentTermDays: values.MPANEL_PAYMENT_TERM_DAYS ?? 14,
    auditCheckpoints: resolve(
      values.MPANEL_AUDIT_CHECKPOINTS ?? join(values.MPANEL_DATA_DIR ?? '.data', 'audit-checkpoints.jsonl'),
    ),
    auditArchives: resolve(
      values.MPANEL_AUDIT_ARCHIVES ?? join(values.MPANEL_DATA_DIR ?? '.data', 'audit-archives'),
    ),
    vmidQuarantineHours: values.MPANEL_VMID_QUARANTINE_HOURS ?? 168,
  }
}

/** A little below what a sandbox, and each endpoint also of a live account, takes (https://docs.stripe.com/rate-limits). */
const STRIPE_CALLS_PER_SECOND = 20

function readStripe(env: Env, faults: string[]): Config['stripe'] {
  const { STRIPE_API_BASE: base, STRIPE_SECRET_KEY: key, STRIPE_WEBHOOK_SECRET: webhookSecret } = env
  if (webhookSecret && !key)
    faults.push('STRIPE_WEBHOOK_SECRET goes with STRIPE_SECRET_KEY: set both or none')
  const isPlain =
    base?.startsWith('http:') === true && !/^http:\/\/(127\.|localhost[:/]|\[::1\])/.test(`${base}/`)
  if (isPlain) faults.push('STRIPE_API_BASE must be https, except on this machine: a key is sent there')
  return {
    apiBase: withoutTrailingSlashes(base ?? 'https://api.stripe.com'),
    isDefault: base === undefined || base === '',
    key,
    webhookSecret,
    callsPerSecond: env.STRIPE_CALLS_PER_SECOND ?? STRIPE_CALLS_PER_SECOND,
  }
}

function readAcme(env: Env, faults: string[]): Config['acme'] {
  const { ACME_DIRECTORY_URL: directoryUrl, ACME_CA_FILE: file, ACME_EMAIL: email } = env
  if (!directoryUrl) {
    if (file || email) faults.push('ACME_CA_FILE and ACME_EMAIL go with ACME_DIRECTORY_URL: set it as well')
    return undefined
  }
  try {
    return { directoryUrl, caPem: file ? readFileSync(file, 'utf8') : null, email: email ?? null }
  } catch {
    faults.push(`ACME_CA_FILE cannot be read: ${file}`)
    return undefined
  }
}

function readPowerdns(env: Env, faults: string[]): Config['powerdns'] {
  const { POWERDNS_API_URL: url, POWERDNS_API_KEY: apiKey, POWERDNS_NAME_SERVERS: nameServers = [] } = env
  if (!url && !apiKey && nameServers.length === 0) return undefined
  if (url && apiKey && nameServers.length > 0) return { url, apiKey, nameServers }
  faults.push(
    'POWERDNS_API_URL, POWERDNS_API_KEY and POWERDNS_NAME_SERVERS go together: set all three or none',
  )
  return undefined
}

function readTraces(env: Env, faults: string[]): Config['traces'] {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers } = env
  if (!endpoint) {
    if (headers)
      faults.push('OTEL_EXPORTER_OTLP_HEADERS goes with OTEL_EXPORTER_OTLP_ENDPOINT: set it as well')
    return undefined
  }
  return {
    url: `${withoutTrailingSlashes(endpoint)}/v1/traces`,
    headers: Object.fromEntries(
      namesIn(headers ?? '').map((entry) => [
        entry.slice(0, entry.indexOf('=')).trim(),
        decodeURIComponent(entry.slice(entry.indexOf('=') + 1).trim()),
      ]),
    ),
    ratio: env.OTEL_TRACES_SAMPLER_ARG ?? 1,
    service: env.OTEL_SERVICE_NAME ?? 'mpanel',
  }
}

function readMail({ SMTP_URL: url, MPANEL_MAIL_FROM: from }: Env, faults: string[]): Config['mail'] {
  if (!url) return undefined
  if (from) return { url, from }
  faults.push('MPANEL_MAIL_FROM is needed beside SMTP_URL: the address that mails come from')
  return undefined
}

function readProxmox(env: Env, faults: string[]): Config['proxmox'] {
  const { PROXMOX_URL: url, PROXMOX_TOKEN_ID: tokenId, PROXMOX_TOKEN_SECRET: tokenSecret } = env
  if (!url && !tokenId && !tokenSecret) return undefined
  if (!url || !tokenId || !tokenSecret) {
    faults.push('PROXMOX_URL, PROXMOX_TOKEN_ID and PROXMOX_TOKEN_SECRET go together: set all three or none')
    return undefined
  }
  let ca: string | undefined
  try {
    ca = env.PROXMOX_CA_FILE ? readFileSync(env.PROXMOX_CA_FILE, 'utf8') : undefined
  } catch {
    faults.push(`PROXMOX_CA_FILE cannot be read: ${env.PROXMOX_CA_FILE}`)
  }
  return { url, tokenId, tokenSecret, ca, fingerprint: env.PROXMOX_FINGERPRINT?.toUpperCase() }
}

/** What operators' commands need to know: which mPanel, as whom, and where that is kept. */
export type OperatorConfig = {
  credentials: string
  url: string | undefined
  apiKey: string | undefined
}

export function readOperatorConfig(env: Record<string, string | undefined> = process.env): OperatorConfig {
  const folder = env['XDG_CONFIG_HOME'] || join(env['HOME'] ?? homedir(), '.config')
  return {
    credentials: join(folder, 'mpanel', 'credentials.json'),
    url: env['MPANEL_URL'],
    apiKey: env['MPANEL_API_KEY'],
  }
}
