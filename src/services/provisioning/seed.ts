import type { Ctx } from '../../context.ts'
import * as installation from '../../db/installation.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import { randomToken } from '../../lib/crypto.ts'
import * as BillingService from '../BillingService.ts'
import * as dnsServerService from '../dnsServerService.ts'
import * as tenantService from '../tenantService.ts'
import * as userService from '../userService.ts'
import { addBlueprint, addImages } from './blueprints.ts'
import { addCluster } from './clusters.ts'
import { addPool } from './ipPools.ts'

/** What a first start begins with, so that an order can be tried at once. Everything can be changed afterwards. */
const PLANS = [
  { code: 'small', name: 'Small', cores: 1, memoryMb: 2048, diskGb: 20, eur: 499 },
  { code: 'medium', name: 'Medium', cores: 2, memoryMb: 4096, diskGb: 40, eur: 999 },
  { code: 'large', name: 'Large', cores: 4, memoryMb: 8192, diskGb: 80, eur: 1999 },
]
const YEAR_MONTHS = 10

export type Cluster = {
  name: string
  apiUrl: string
  tokenId: string
  tokenSecret: string
  caPem: string | null
  fingerprint: string | null
  simulated: boolean
}

/**
 * The first administrator, when there is no user yet.
 * @returns the password when it was made here, to be shown once
 */
export async function seedAdministrator(
  ctx: Ctx,
  email: string,
  given: string | undefined,
): Promise<string | undefined> {
  if (await userService.anyUser(ctx)) return undefined
  const password = given ?? randomToken(12)
  await userService.createUser(ctx, {
    email,
    name: 'Administrator',
    password,
    role: 'SUPER_ADMIN',
    tenantId: null,
  })
  return given === undefined ? password : undefined
}

/**
 * Adds the cluster of the configuration, or brings its address and credentials up to date. The simulated cluster is
 * used only while no real one is configured: nothing new is placed on it then.
 */
export async function seedCluster(ctx: Ctx, cluster: Cluster): Promise<string> {
  await infrastructure.useSimulated(ctx.tx, cluster.simulated)
  const known = await infrastructure.clusterByName(ctx.tx, cluster.name)
  if (!known) {
    const added = await addCluster(
      ctx,
      { ...cluster, vmidMin: 100_000, vmidMax: 999_999, region: null },
      cluster.simulated,
    )
    return added.cluster.id
  }
  await infrastructure.updateCluster(ctx.tx, known.id, {
    api_url: cluster.apiUrl,
    token_id: cluster.tokenId,
    token_secret_sealed: ctx.sealer.seal(cluster.tokenSecret, `cluster:${known.id}`),
    ca_pem: cluster.caPem,
    fingerprint: cluster.fingerprint,
  })
  return known.id
}

type PowerDns = { url: string; apiKey: string; nameServers: string[] }

/**
 * The PowerDNS of the configuration, once; names for the servers of the zone files, so that a zone can be tried at once. Both are
 * changed on the pages of the servers.
 */
export async function seedNameServers(
  ctx: Ctx,
  {
    publicUrl,
    adminEmail,
    powerdns,
  }: { publicUrl: string; adminEmail: string; powerdns: PowerDns | undefined },
): Promise<void> {
  if (powerdns) await dnsServerService.seedPowerDns(ctx, powerdns, adminEmail)
  const { hostname } = new URL(publicUrl)
  const domain = /^[a-z0-9.-]+\.[a-z-]+$/i.test(hostname) ? hostname : 'example.net'
  const nameServers = [`ns1.${domain}`, `ns2.${domain}`]
  await dnsServerService.nameZoneFiles(ctx, { nameServers, hostmaster: adminEmail })
}

const SEEDED = 'catalogueSeeded'

const isSeeded = async (ctx: Ctx): Promise<boolean> => (await installation.read(ctx.tx, SEEDED)) === true

/** Plans and a tenant, once. */
export async function seedCatalogue(ctx: Ctx): Promise<void> {
  if (await isSeeded(ctx)) return
  for (const { eur, ...plan } of PLANS) {
    await BillingService.createPlan(ctx, {
      ...plan,
      trafficGb: null,
      rateMbps: null,
      overLimit: 'none',
      nodeTags: [],
      tenantId: null,
      prices: [
        {
          currency: 'EUR',
          interval: 'month',
          intervalCount: 1,
          unitMinor: String(eur),
          setupMinor: '0',
          pausedMinor: '0',
          trialDays: 0,
          trialThen: 'activate',
        },
        {
          currency: 'EUR',
          interval: 'year',
          intervalCount: 1,
          unitMinor: String(eur * YEAR_MONTHS),
          setupMinor: '0',
          pausedMinor: '0',
          trialDays: 0,
          trialThen: 'activate',
        },
      ],
    })
  }
  await tenantService.create(ctx, {
    name: 'Example Hosting',
    slug: 'example',
    billingTz: 'UTC',
    defaultCurrency: 'EUR',
  })
  await installation.write(ctx.tx, SEEDED, true, ctx.now())
}

/**
 * Blueprints from the templates that were seen on a cluster and, on a simulated one, an address pool. Does nothing
 * while no template was seen or once the cluster has images.
 * @returns whether there is something to order now
 */
export async function seedBlueprints(ctx: Ctx, clusterId: string, simulated: boolean): Promise<boolean> {
  if (await infrastructure.hasImages(ctx.tx, clusterId)) return true
  const templates = await infrastructure.templatesOf(ctx.tx, clusterId)
  if (templates.length === 0) return false
  const groups = Map.groupBy(templates, (template) => `${template.kind}-${baseName(template.name)}`)
  for (const [key, group] of groups) await seedBlueprint(ctx, codeOf(key), group)
  if (simulated) {
    await addPool(ctx, {
      clusterId,
      name: 'example',
      network: '192.0.2.0/24',
      gateway: '192.0.2.1',
      rangeStart: '192.0.2.10',
      rangeEnd: '192.0.2.250',
      bridge: 'vmbr0',
      vlan: null,
      dnsServers: ['192.0.2.1'],
      podPrefix: null,
      source: null,
      quarantineHours: 1,
    })
  }
  return true
}

type Template = Awaited<ReturnType<typeof infrastructure.templatesOf>>[number]

/** A node clones from its own copy; a blueprint that is known from another cluster gets the images of this one. */
async function seedBlueprint(ctx: Ctx, code: string, group: Template[]): Promise<void> {
  const [first] = group
  if (!first) return
  const images = [
    ...new Map(
      group.map((template) => [template.node_id, { nodeId: template.node_id, ref: template.ref }]),
    ).values(),
  ]
  const known = await infrastructure.blueprintByCode(ctx.tx, code)
  if (known) return addImages(ctx, known.id, images)
  await addBlueprint(ctx, {
    code,
    name: `${baseName(first.name)} (${first.kind === 'vm' ? 'virtual machine' : 'container'})`,
    kind: first.kind,
    minDiskGb: Math.max(1, ...group.map((template) => template.disk_gb)),
    minMemoryMb: first.kind === 'vm' ? 512 : 128,
    maxCores: 128,
    maxMemoryMb: 1_048_576,
    maxDiskGb: 65_536,
    minCpuLevel: null,
    images,
  })
}

const codeOf = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .slice(0, 63)

/** `debian-12-standard_12.12-1_amd64` and `debian-12-local` are both `debian-12` to a customer. */
const baseName = (name: string): string => name.split(/-local$|-standard_|_/, 1)[0] ?? ''
