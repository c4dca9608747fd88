import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Root } from './context.ts'
import { openDatabase } from './db/index.ts'
import { NOTIFY_CHANNEL } from './db/queue.ts'
import { StartupError } from './errors.ts'
import { createAcme } from './integrations/acme/client.ts'
import { createBilling, stripeAt } from './integrations/billing/client.ts'
import { createMail } from './integrations/mail/client.ts'
import { createCaaLookup } from './integrations/dns/caa.ts'
import { createDelegationLook } from './integrations/dns/delegation.ts'
import { createDns } from './integrations/dns/query.ts'
import { createReverseLook } from './integrations/dns/reverse.ts'
import { createTxtLookup } from './integrations/dns/txt.ts'
import { createTxtAtServers } from './integrations/dns/txtAtServers.ts'
import { createDnsServer } from './integrations/dnsServers/client.ts'
import { createNetbox } from './integrations/netbox/client.ts'
import { createOidc } from './integrations/oidc/client.ts'
import { createProxmox } from './integrations/proxmox/client.ts'
import { createPlanProxmox } from './integrations/proxmox/planClient.ts'
import { presentedCertificate } from './integrations/proxmox/tls.ts'
import { createTlsLook } from './integrations/tls/client.ts'
import { createRegistrar } from './integrations/registrars/client.ts'
import type { Registrar, RegistrarConnection } from './integrations/registrars/types.ts'
import { sendSyslog } from './integrations/syslog/client.ts'
import { createVies } from './integrations/vies/client.ts'
import { sendEvent, sendWebhook } from './integrations/webhook/client.ts'
import { handlers } from './jobs/index.ts'
import { planJob } from './jobs/plan.ts'
import { createSealer } from './lib/crypto.ts'
import { createLogger, type Logger } from './lib/log.ts'
import { networks, sendOutgoing } from './lib/outgoing.ts'
import { tracedVendors } from './lib/tracedCalls.ts'

export type Deps = { root: Root; databaseUrl: string; close: () => Promise<void> }

/** The only place where clients of outside systems are made. */
export function createDeps(
  config: Config,
  databaseUrl: string,
  more: {
    log?: Logger
    now?: () => Date
    /** How far ahead of the machine this process and its database are. It may be moved. */
    clock?: { aheadMs: number }
    simulated?: readonly string[]
    simulatedWhmcs?: string
    simulatedVies?: string
    poolSize?: number
  } = {},
): Deps {
  const log = more.log ?? createLogger({ level: config.logLevel ?? 'info' })
  const { clock = null } = more
  const db = openDatabase(databaseUrl, { poolSize: more.poolSize ?? 20, isAhead: clock !== null })
  const machineNow = more.now ?? (() => new Date())
  const now = clock ? () => new Date(machineNow().getTime() + clock.aheadMs) : machineNow
  const send: Root['vendors']['send'] = (request) => sendOutgoing(config.outgoingNetworks, request)
  const dns = createDns(config.outgoingNetworks, config.dnsServers, config.dnsPort)
  const registrars: Registrar[] = []
  const viesUrl = more.simulatedVies ?? config.viesUrl
  const stripe = stripeAt(config.stripe.apiBase, config.stripe.callsPerSecond)
  const root: Root = {
    db,
    log,
    now,
    machineNow,
    clock,
    sealer: createSealer(config.secretKey ?? keyOfDataDir(config.dataDir), config.secretKeyBefore),
    settings: {
      publicUrl: config.publicUrl,
      simulated: more.simulated ?? [],
      simulatedWhmcs: more.simulatedWhmcs ?? null,
      paymentTermDays: config.paymentTermDays,
      vmidQuarantineHours: config.vmidQuarantineHours,
      auditCheckpoints: config.auditCheckpoints,
      auditArchives: config.auditArchives,
      heartbeatUrl: config.heartbeatUrl ?? null,
      provesByTls: config.tlsAlpn !== undefined,
      checksTaxIds: viesUrl !== undefined,
    },
    vendors: (config.traces === undefined ? asIs : tracedVendors)({
      proxmox: remembered(createProxmox),
      proxmoxPlan: createPlanProxmox,
      proxmoxCertificate: presentedCertificate,
      txt: createTxtLookup(config.dnsServers),
      caa: createCaaLookup(config.dnsServers),
      delegation: createDelegationLook(dns),
      txtAt: createTxtAtServers(dns),
      reverse: createReverseLook(config.dnsServers),
      acme: remembered((connection) => createAcme(config.outgoingNetworks, connection)),
      tls: createTlsLook(config.outgoingNetworks, config.dnsServers),
      oidc: (connection) => createOidc(send, connection),
      billing: remembered((connection: Parameters<typeof createBilling>[1]) =>
        createBilling(
          {
            stripe,
            send: sendFor(send, more.simulatedWhmcs && `${more.simulatedWhmcs}/includes/api.php`),
            now,
          },
          connection,
        ),
      ),
      registrar: remembered((connection: RegistrarConnection) => {
        const registrar = createRegistrar(send, connection, now)
        registrars.push(registrar)
        return registrar
      }),
      taxIds:
        viesUrl === undefined
          ? null
          : createVies(
              sendFor(send, more.simulatedVies && `${more.simulatedVies}/check-vat-number`),
              viesUrl,
            ),
      netbox: (connection) => createNetbox(send, connection),
      dnsServer: (connection) =>
        createDnsServer(send, { folder: join(config.dataDir, 'zones'), now }, connection),
      send,
      syslog: (target, messages) => sendSyslog(config.outgoingNetworks, target, messages),
      webhook: (target, delivery) => sendWebhook(send, target, delivery),
      webhookEvent: (target, delivery) => sendEvent(send, target, delivery),
      mail: config.mail === undefined ? null : createMail(config.mail.url, config.mail.from),
    }),
    planJob: (id, signal) => planJob(root, handlers, id, signal),
    live: { changed: (withinMs) => new Promise((resolve) => setTimeout(resolve, withinMs).unref()) },
    wake: coalesced(() => db.pool.query(`select pg_notify('${NOTIFY_CHANNEL}', '')`), log),
  }
  return {
    root,
    databaseUrl,
    close: () => Promise.all([db.close(), ...registrars.map((one) => one.close())]).then(() => undefined),
  }
}

const asIs = <V extends object>(vendors: V): V => vendors

/** What is simulated is on this machine, where nothing else is reached that somebody has typed. */
const sendFor =
  (send: Root['vendors']['send'], simulated: string | undefined): Root['vendors']['send'] =>
  (request) =>
    request.url === simulated ? sendOutgoing(networks(['127.0.0.1/32']), request) : send(request)

/** One client a connection, so that its kept-alive sockets are used again. */
function remembered<Connection, Client>(make: (connection: Connection) => Client): typeof make {
  const clients = new Map<string, Client>()
  return (connection) => {
    const key = JSON.stringify(connection)
    const client = clients.get(key) ?? make(connection)
    clients.set(key, client)
    return client
  }
}

/** At most one notification every few milliseconds: a NOTIFY takes a lock of the whole database for its commit. */
function coalesced(notify: () => Promise<unknown>, log: Logger): () => void {
  const EVERY_MS = 5
  let pending = false
  let lastAt = 0
  return () => {
    if (pending) return
    pending = true
    setTimeout(
      () => {
        pending = false
        lastAt = performance.now()
        notify().catch((error: unknown) =>
          log.debug({ err: error }, 'a wake-up was lost; the poll finds the jobs'),
        )
      },
      Math.max(0, lastAt + EVERY_MS - performance.now()),
    ).unref()
  }
}

/**
 * Whoever works on an external database takes the key that is given, or the one that `start` has made here: one that a
 * command made by itself would be the installation's from then on, and known to no other machine.
 * @throws StartupError without a key
 */
export function requireKey({ secretKey, databaseUrl, dataDir }: Config): void {
  if (secretKey !== undefined || databaseUrl === undefined || existsSync(join(dataDir, KEY_FILE))) return
  throw new StartupError(
    'MPANEL_SECRET_KEY is not set. For a new installation make one (`openssl rand -base64 32`), keep it apart from the backups, and give every process the same; else set the one it has.',
  )
}

const KEY_FILE = 'secret.key'

/** The secret key of an installation without MPANEL_SECRET_KEY, made at first use. Losing it loses every sealed secret. */
function keyOfDataDir(dataDir: string): Buffer {
  const path = join(dataDir, KEY_FILE)
  try {
    if (!existsSync(path)) {
      mkdirSync(dataDir, { recursive: true })
      writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' })
    }
    chmodSync(path, 0o600)
    return Buffer.from(readFileSync(path, 'utf8'), 'base64')
  } catch (error) {
    throw new StartupError(
      `The secret key in ${path} cannot be used: ${(error as Error).message}. Set MPANEL_SECRET_KEY or make the folder writable.`,
      {
        cause: error,
      },
    )
  }
}
