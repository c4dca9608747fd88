import type { z } from 'zod'
import type { ClusterCheck, clusterCheckRequest } from '../../../shared/api/provisioning.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import type { ProxmoxConnection } from '../../integrations/proxmox/types.ts'
import { faultOf } from '../../lib/outcome.ts'
import * as auditService from '../auditService.ts'
import { clusterConnection } from './clusters.ts'

/** What jobs and consoles need of a cluster, by path. README.md shows how to give it; a test compares the two. */
export const PRIVILEGES: Readonly<Record<string, readonly string[]>> = {
  '/vms': [
    'VM.Allocate',
    'VM.Audit',
    'VM.Backup',
    'VM.Clone',
    'VM.PowerMgmt',
    'VM.Console',
    'VM.Snapshot',
    'VM.Migrate',
    'VM.Config.CPU',
    'VM.Config.Memory',
    'VM.Config.Disk',
    'VM.Config.Network',
    'VM.Config.Options',
  ],
  '/storage': ['Datastore.AllocateSpace'],
  '/sdn': ['SDN.Use'],
  '/': ['Sys.Audit'],
}
const TIMEOUT_MS = 5_000

/** Tries a connection that was typed. A request waits for these calls: the person who typed it waits for the answer. */
export async function checkConnection(
  root: Root,
  origin: Origin,
  typed: z.infer<typeof clusterCheckRequest>,
): Promise<ClusterCheck> {
  const { apiUrl: url, tokenId: id, tokenSecret: secret, caPem, fingerprint } = typed
  return check(
    root,
    origin,
    { id: url, label: url },
    {
      url,
      token: { id, secret },
      ...(caPem === null ? {} : { ca: caPem }),
      ...(fingerprint === null ? {} : { fingerprint }),
    },
  )
}

/** Tries the connection of a cluster that is known. @throws AppError not_found */
export async function checkCluster(root: Root, origin: Origin, clusterId: string): Promise<ClusterCheck> {
  const connection = await transaction(root, origin, 'platform', (ctx) => clusterConnection(ctx, clusterId))
  return check(root, origin, { id: clusterId, label: connection.name }, connection)
}

async function check(
  root: Root,
  origin: Origin,
  target: { id: string; label: string },
  connection: ProxmoxConnection,
): Promise<ClusterCheck> {
  const presented = await root.vendors.proxmoxCertificate(connection.url)
  const result: ClusterCheck = {
    certificate:
      typeof presented === 'string' ? null : { ...presented, validTo: presented.validTo.toISOString() },
    problem: null,
    version: null,
    nodes: [],
    missing: [],
  }
  const problem =
    typeof presented === 'string'
      ? `The address cannot be reached: ${presented}`
      : await ask(root, connection, result)
  await transaction(root, origin, 'platform', (ctx) =>
    auditService.record(ctx, {
      action: 'CLUSTER_CHECKED',
      tenantId: null,
      target: { type: 'cluster', ...target },
      outcome: problem === null ? 'success' : 'error',
      details: { apiUrl: connection.url, tokenId: connection.token?.id, problem, missing: result.missing },
    }),
  )
  return { ...result, problem }
}

/** Fills in what the cluster answers. @returns why it does not, or null */
async function ask(root: Root, connection: ProxmoxConnection, result: ClusterCheck): Promise<string | null> {
  let proxmox
  try {
    proxmox = root.vendors.proxmox({ ...connection, timeoutMs: TIMEOUT_MS })
  } catch (error) {
    // What cannot be a connection at all, such as a CA that is no certificate.
    if (error instanceof TypeError) return error.message
    throw error
  }
  const version = await proxmox.version()
  if (version.outcome !== 'ok') return faultOf(version)
  result.version = version.value.version
  const nodes = await proxmox.nodes()
  if (nodes.outcome !== 'ok') return faultOf(nodes)
  result.nodes = nodes.value.map(({ name, status }) => ({ name, status }))
  const held = await proxmox.privileges()
  if (held.outcome !== 'ok') return faultOf(held)
  result.missing = Object.entries(PRIVILEGES).flatMap(([path, needed]) => {
    const has = new Set(held.value[path])
    const privileges = needed.filter((privilege) => !has.has(privilege))
    return privileges.length === 0 ? [] : [{ path, privileges }]
  })
  return null
}
