import type { z } from 'zod'
import type { IpPool, ipPoolCreate } from '../../../shared/api/provisioningPools.ts'
import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import * as pools from '../../db/provisioningPools.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'

export async function listPools(
  ctx: Ctx,
  options: ListOptions,
): Promise<{ items: IpPool[]; nextCursor: string | null }> {
  const page = await pools.listPools(ctx.tx, options)
  return { items: page.items.map(presentPool), nextCursor: page.nextCursor }
}

type PoolRow = Awaited<ReturnType<typeof pools.listPools>>['items'][number]
export const presentPool = (row: PoolRow): IpPool => ({
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
  quarantineHours: row.quarantine_hours,
  state: row.state,
  used: row.used,
  quarantined: row.quarantined,
  kept: row.kept,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

export const POOL_CHECKS: Record<string, string> = {
  ip_pools_cluster_id_name_key: 'There is already a pool of this name in the cluster.',
  ip_pools_cluster_id_network_excl: 'The network overlaps with another pool of the cluster.',
}

/** @throws AppError already_exists, conflict, invalid_input, not_found */
export async function addPool(ctx: Ctx, body: z.infer<typeof ipPoolCreate>): Promise<IpPool> {
  if (!(await infrastructure.findCluster(ctx.tx, body.clusterId))) throw notFound('cluster')
  const row = await pools
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
      quarantine_hours: body.quarantineHours,
      created_at: ctx.now(),
    })
    .catch((error: unknown) => {
      const known = POOL_CHECKS[violatedConstraint(error) ?? '']
      if (known !== undefined) throw new AppError('already_exists', known)
      throw invalidPool(error)
    })
  await auditService.record(ctx, {
    action: 'IP_POOL_CREATED',
    tenantId: null,
    target: { type: 'ipPool', id: row.id, label: row.name },
    details: { network: row.network, rangeStart: row.range_start, rangeEnd: row.range_end },
  })
  return presentPool({ ...row, used: 0, quarantined: 0, kept: 0 })
}

/** The database knows networks: 22P02 is text that is none, 23514 a range outside of it. */
export function invalidPool(error: unknown): unknown {
  const code = (error as { code?: string }).code
  if (code !== '22P02' && code !== '23514') return error
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
