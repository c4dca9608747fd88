import type { Database, Scope, Tx } from './db/index.ts'

import type { JobPlan } from '../shared/api/provisioningPlan.ts'
import type { Permission } from '../shared/permissions.ts'
import type { BillingConnection, BillingProvider } from './integrations/billing/types.ts'
import type { Mail } from './integrations/mail/types.ts'
import type { Netbox, NetboxConnection } from './integrations/netbox/types.ts'
import type { Oidc, OidcConnection } from './integrations/oidc/types.ts'
import type { Certificate, PlanProxmox, Proxmox, ProxmoxConnection } from './integrations/proxmox/types.ts'
import type { Registrar, RegistrarConnection } from './integrations/registrars/types.ts'
import type { SyslogMessage, SyslogTarget } from './integrations/syslog/types.ts'
import type { Acme, AcmeConnection } from './integrations/acme/types.ts'
import type {
  CaaAnswer,
  DelegationLook,
  ReverseLook,
  TxtAnswer,
  TxtAtServers,
} from './integrations/dns/types.ts'
import type { TlsLook } from './integrations/tls/types.ts'
import type { TaxIdChecker } from './integrations/vies/types.ts'
import type { DnsServer, DnsServerConnection } from './integrations/dnsServers/types.ts'
import type {
  EventAnswer,
  EventTarget,
  WebhookDelivery,
  WebhookTarget,
} from './integrations/webhook/types.ts'
import type { Sealer } from './lib/crypto.ts'
import { newId } from './lib/ids.ts'
import type { Logger } from './lib/log.ts'
import type { OutgoingAnswer, OutgoingRequest } from './lib/outgoing.ts'

/** On whose behalf something happens; stored with audit events and jobs. */
export type { Scope }

export type Actor = {
  type: 'user' | 'api_key' | 'system' | 'job' | 'anonymous'
  id: string | null
  label: string
  /** The operator who acts under this user's name. */
  impersonator?: { id: string; label: string }
}

/** Makers of clients of outside systems. Only deps.ts fills this with real ones. */
type Vendors = {
  proxmox(connection: ProxmoxConnection): Proxmox
  /** The same client for plans: it reads, and changes nothing. */
  proxmoxPlan: PlanProxmox
  /** The certificate that a cluster's address presents, or why there is none. */
  proxmoxCertificate(url: string): Promise<Certificate | string>
  /** Null: there is no mail server, and mails are kept. */
  mail: Mail | null
  oidc(connection: OidcConnection): Oidc
  netbox(connection: NetboxConnection): Netbox
  dnsServer(connection: DnsServerConnection): DnsServer
  billing(connection: BillingConnection): BillingProvider
  registrar(connection: RegistrarConnection): Registrar
  /** Null: nobody is asked, people check VAT numbers themselves. */
  taxIds: TaxIdChecker | null
  /** The TXT records of a name in DNS. */
  txt(name: string): Promise<TxtAnswer>
  /** The CAA records that count for a name. */
  caa(name: string): Promise<CaaAnswer>
  /** What the world sees of a zone. */
  delegation: DelegationLook
  /** The TXT records of a name, as each of some name servers has them. */
  txtAt: TxtAtServers
  /** Whether an address leads to a name and back. */
  reverse: ReverseLook
  acme(connection: AcmeConnection): Acme
  /** What is served for a name at an address that customers choose. */
  tls: TlsLook
  /** One request to an address that a person has typed. @throws OutgoingFault */
  send(request: OutgoingRequest): Promise<OutgoingAnswer>
  /** Messages to a receiver that a person has typed, over TLS. @throws OutgoingFault */
  syslog(target: SyslogTarget, messages: readonly SyslogMessage[]): Promise<void>
  /** One signed delivery to an address that a person has typed. @throws OutgoingFault */
  webhook(target: WebhookTarget, delivery: WebhookDelivery): Promise<void>
  /** One event to an address that a person has typed. @throws OutgoingFault when no answer came */
  webhookEvent(target: EventTarget, delivery: WebhookDelivery & { body: string }): Promise<EventAnswer>
}

/** Facts of the installation that services need, from the configuration. */
type Settings = {
  publicUrl: string
  simulated: readonly string[]
  /** Where the simulated WHMCS is, which people add by hand like a real one. */
  simulatedWhmcs: string | null
  paymentTermDays: number
  vmidQuarantineHours: number
  /** The file of the audit log's checkpoints. */
  auditCheckpoints: string
  /** The folder of the audit log's archives. */
  auditArchives: string
  /** An address that is told every minute that the automation lives, or null. */
  heartbeatUrl: string | null
  /** Whether there is a listener that proves names by TLS (RFC 8737). */
  provesByTls: boolean
  /** Whether there is a service that is asked about VAT numbers. */
  checksTaxIds: boolean
}

/** What a process has; a request or a job adds who is asking. */
export type Root = {
  db: Database
  vendors: Vendors
  sealer: Sealer
  settings: Settings
  log: Logger
  /** What time it is. The database is of the same opinion: what it stamps and what is stamped here may be compared. */
  now: () => Date
  /** What time it is outside: for what others show by clocks of their own, such as one-time codes. */
  machineNow: () => Date
  /** How far ahead `now` is of the machine, where that may be moved; null: never. See provisioningClockService. */
  clock: { aheadMs: number } | null
  /** Tells workers that jobs may be waiting. Cheap to call often. */
  wake: () => void
  /** What a waiting job would do. @throws AppError */
  planJob(id: string, signal: AbortSignal): Promise<JobPlan>
  /** Resolves when jobs may have changed, at the latest after `withinMs`. */
  live: { changed(withinMs: number): Promise<void> }
}

/** What the database, and a simulator in this process, say it is, in milliseconds; a test may move `now` without them. */
export const stampedNow = ({ clock }: Root): number => Date.now() + (clock?.aheadMs ?? 0)

export type Origin = {
  actor: Actor
  requestId: string
  correlationId: string
  jobId?: string
  ip?: string
  userAgent?: string
  /** Whether the answer may name clusters, nodes and what they said. */
  seesInfrastructure?: boolean
  /** The permission by which the request was accepted. Its jobs need it again when they run. */
  permission?: Permission
}

/** A raw message for those who run the infrastructure, and for everybody else what it means for them. */
export const told = (origin: Origin, raw: string | null, instead: string): string | null =>
  raw === null || origin.seesInfrastructure ? raw : instead

/** The context every service function takes first. Its transaction is the caller's: all its writes commit together. */
export type Ctx = Root &
  Origin & {
    tx: Tx
    scope: Scope
    /** Set by an enqueue; workers are told after the commit, never inside it. */
    enqueued: { any: boolean }
  }

/** Runs `work` in one transaction as `origin`, and wakes the workers after the commit when it enqueued something. */
export async function transaction<T>(
  root: Root,
  origin: Origin,
  scope: Scope,
  work: (ctx: Ctx) => Promise<T>,
): Promise<T> {
  const enqueued = { any: false }
  const result = await root.db.transaction(scope, (tx) => work({ ...root, ...origin, tx, scope, enqueued }))
  if (enqueued.any) root.wake()
  return result
}

export const systemOrigin = (label: string, id: string): Origin => ({
  actor: { type: 'system', id: null, label },
  requestId: id,
  correlationId: id,
})

/** Runs `work` in one transaction on behalf of mPanel itself; `label` says which part of it. */
export const asSystem = <T>(
  root: Root,
  label: string,
  scope: Scope,
  work: (ctx: Ctx) => Promise<T>,
): Promise<T> => transaction(root, systemOrigin(label, newId()), scope, work)

/** Work of mPanel itself on rows of several tenants. */
type Each<R> = {
  label: string
  rows: readonly R[]
  work: (ctx: Ctx, row: R) => Promise<unknown>
  /** What the log says of a row whose work failed. */
  fault: string
  /** Whether the failure was expected and has been dealt with. It runs after the transaction was rolled back. */
  excuse?: (error: unknown, row: R) => boolean | Promise<boolean>
}

/** Does the work for every row in a transaction of its own, so that one that fails holds up no other. */
export async function eachAsSystem<R extends { tenant_id: string }>(
  root: Root,
  { label, rows, work, fault, excuse = () => false }: Each<R>,
): Promise<void> {
  for (const row of rows)
    try {
      await asSystem(root, label, [row.tenant_id], (ctx) => work(ctx, row))
    } catch (error) {
      if (await excuse(error, row)) continue
      const ids = Object.entries(row).filter(([column]) => /^id$|_id$/.test(column))
      root.log.error({ err: error, ...Object.fromEntries(ids) }, fault)
    }
}
