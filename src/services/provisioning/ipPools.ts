import type { z } from 'zod'
import type { IpPool, ipPoolCreate } from '../../../shared/api/provisioningPools.ts'
import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import * as pools from '../../db/provisioningPools.ts'
import * as sources from '../../db/provisioningSources.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as provisioningQueues from '../provisioningQueues.ts'

export async function listPools(
  ctx: Ctx,
  options: ListOptions,
): Promise<{ items: IpPool[]; nextCursor: string | null }> {
  const page = await pools.listPools(ctx.tx, options)
  return { items: page.items.map(presentPool), nextCursor: page.nextCursor }
}

type PoolRow = Awaited<ReturnType<typeof pools.listPools>>['items'][number]
const presentPool = (row: PoolRow): IpPool => ({
  id: row.id,
  clusterId: row.cluster_id,
  name: row.name,
  network: row.network,
  gateway: row.gateway,
  rangeStart: row.range_start,
  rangeEnd: row.range_end,
  bridge: row.bridge,
  vlan: row.vlan,
  dnsServers: row.dns_servers,
  podPrefix: row.pod_prefix,
  size: row.size,
  quarantineHours: row.quarantine_hours,
  state: row.state,
  used: row.used,
  quarantined: row.quarantined,
  kept: row.kept,
  source: sourceOf(row),
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

const sourceOf = (row: PoolRow): IpPool['source'] =>
  row.source_id === null || row.source_prefix === null
    ? null
    : {
        id: row.source_id,
        name: row.source_name ?? '',
        prefixId: Number(row.source_prefix),
        comparedAt: row.compared_at?.toISOString() ?? null,
        problem: row.source_problem,
        taken: row.taken,
        untold: row.untold,
        untoldProblem: row.untold_problem,
      }

type PoolCreate = z.infer<typeof ipPoolCreate>

export const POOL_CHECKS: Record<string, string> = {
  ip_pools_cluster_id_name_key: 'There is already a pool of this name in the cluster.',
  ip_pools_cluster_id_network_excl: 'The network overlaps with another pool of the cluster.',
  ip_pools_source_prefix: 'Another pool of the cluster is of this prefix already.',
}

/**
 * Adds a pool. One of a NetBox gives nothing out until both were compared, which begins at once.
 * @throws AppError already_exists, conflict, invalid_input, not_found
 */
export async function addPool(ctx: Ctx, body: PoolCreate): Promise<IpPool> {
  if (!(await infrastructure.findCluster(ctx.tx, body.clusterId))) throw notFound('cluster')
  requirePrefixes(body)
  if (body.source && !(await sources.find(ctx.tx, body.source.id))) throw notFound('IP source')
  const id = await pools
    .insertPool(ctx.tx, {
      id: newId(),
      cluster_id: body.clusterId,
      name: body.name,
      network: body.network,
      gateway: body.gateway,
      range_start: body.rangeStart,
      range_end: body.rangeEnd,
      bridge: body.bridge,
      vlan: body.vlan,
      dns_servers: body.dnsServers,
      pod_prefix: body.podPrefix,
      quarantine_hours: body.quarantineHours,
      source_id: body.source?.id ?? null,
      source_prefix: body.source === null ? null : BigInt(body.source.prefixId),
      created_at: ctx.now(),
    })
    .catch((error: unknown) => {
      const known = POOL_CHECKS[violatedConstraint(error) ?? '']
      if (known !== undefined) throw new AppError('already_exists', known)
      throw invalidPool(error)
    })
  const made = await getPool(ctx, id)
  const { name, network, rangeStart, rangeEnd } = made
  await auditService.record(ctx, {
    action: 'IP_POOL_CREATED',
    tenantId: null,
    target: { type: 'ipPool', id, label: name },
    details: { network, rangeStart, rangeEnd, ...(body.source && { source: body.source }) },
  })
  if (body.source) await provisioningQueues.enqueueForPool(ctx, provisioningQueues.poolCompare, made)
  return made
}

/** @throws AppError not_found */
export async function getPool(ctx: Ctx, id: string): Promise<IpPool> {
  const row = await pools.findPool(ctx.tx, id)
  if (!row) throw notFound('IP pool')
  return presentPool(row)
}

const isV6 = (text: string): boolean => text.includes(':')

function reject(path: string, message: string): never {
  throw new AppError('invalid_input', message, { errors: [{ path, message }] })
}

/** Pods with networks of their own find their router by an address that every link has. */
function requirePrefixes({ podPrefix, network, gateway, rangeStart, rangeEnd, source }: PoolCreate): void {
  if (podPrefix === null) return
  if (source) reject('podPrefix', 'A pool that takes its addresses from a NetBox gives out single addresses.')
  if (!isV6(network) || Number(network.split('/')[1]) > 63 || Number(network.split('/')[1]) < 16)
    reject('network', 'A pool that gives each pod a /64 is an IPv6 network from /16 to /63.')
  if (!/^fe[89ab]/i.test(gateway))
    reject('gateway', 'With a /64 for each pod the gateway is link-local, such as fe80::1.')
  for (const [path, end] of Object.entries({ rangeStart, rangeEnd }))
    if (!isV6(end)) reject(path, 'An IPv6 address.')
}

/** The database knows networks: 22P02 is text that is none, 22023 a length that its kind cannot have, 23514 a range outside of it. */
export function invalidPool(error: unknown): unknown {
  const code = (error as { code?: string }).code
  if (code !== '22P02' && code !== '22023' && code !== '23514') return error
  return new AppError(
    'invalid_input',
    'The pool is not consistent: network without host bits, gateway and range inside it.',
    {
      errors: [
        {
          path: 'network',
          message: 'gateway, rangeStart and rangeEnd must lie in it, rangeStart before rangeEnd',
        },
      ],
      cause: error,
    },
  )
}
