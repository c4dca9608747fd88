import type { Proxmox, StorageSummary } from '../integrations/proxmox/types.ts'
import { clusterSync } from '../services/provisioningQueues.ts'
import * as provisioningService from '../services/provisioningService.ts'
import type { ClusterView } from '../services/provisioningService.ts'
import { clientOf } from './cloudPodGuest.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type Payload = { clusterId: string }
type Result = { view: ClusterView } | { failure: string }

/** Reads the cluster. That it could not be reached is a result too, not a failure of the job. */
async function read(run: Run<Payload>): Promise<Result> {
  const proxmox = await run.read((ctx) => clientOf(ctx, run.payload.clusterId))
  try {
    return { view: await readView(run, proxmox) }
  } catch (error) {
    if (error instanceof JobError) return { failure: error.message }
    throw error
  }
}

async function readView(run: Run<Payload>, proxmox: Proxmox): Promise<ClusterView> {
  const summaries = valueOf(await proxmox.nodes(run))
  const firewall = await proxmox.clusterFirewall(run)
  const view: ClusterView = {
    nodes: [],
    templates: [],
    firewallOn: firewall.outcome === 'ok' ? firewall.value : null,
  }
  for (const node of summaries) {
    const isOnline = node.status === 'online'
    const own = isOnline ? valueOf(await proxmox.storages(node.name, run)) : []
    const podStorage = roomiest(own)
    view.nodes.push({
      name: node.name,
      status: node.status,
      cores: node.cores,
      memoryMb: node.memoryMb,
      cpu: isOnline ? valueOf(await proxmox.nodeCpu(node.name, run)) : null,
      storage: podStorage?.name ?? null,
      backupStorage: backupStorageOf(own)?.name ?? null,
      // A shared storage is there once for all nodes: each may fill its part.
      diskGb: Math.floor((podStorage?.totalGb ?? 0) / (podStorage?.shared ? summaries.length : 1)),
    })
    for (const storage of own.filter(
      (candidate) => candidate.active && candidate.content.includes('vztmpl'),
    )) {
      for (const template of valueOf(await proxmox.containerTemplates(node.name, storage.name, run))) {
        view.templates.push({
          node: node.name,
          kind: 'ct',
          ref: template.volid,
          name: nameOf(template.volid),
          diskGb: 1,
          shared: storage.shared,
        })
      }
    }
  }
  for (const guest of valueOf(await proxmox.guests(run))) {
    if (!guest.template || guest.kind !== 'vm') continue
    view.templates.push({
      node: guest.node,
      kind: 'vm',
      ref: String(guest.vmid),
      name: guest.name ?? String(guest.vmid),
      diskGb: Math.ceil(guest.maxDiskGb),
      shared: false,
    })
  }
  return view
}

/** Where pods go by default: the active storage for disks with the most room. */
const roomiest = (storages: StorageSummary[]): StorageSummary | undefined =>
  storages
    .filter(
      (storage) =>
        storage.active && storage.content.includes('images') && storage.content.includes('rootdir'),
    )
    .toSorted((a, b) => b.totalGb - a.totalGb)[0]

/** Where backups go by default: a shared storage, from which every node can restore, else the one with the most room. */
const backupStorageOf = (storages: StorageSummary[]): StorageSummary | undefined =>
  storages
    .filter((storage) => storage.active && storage.content.includes('backup'))
    .toSorted((a, b) => Number(b.shared) - Number(a.shared) || b.totalGb - a.totalGb)[0]

/** `local:vztmpl/debian-12-standard_12.2-1_amd64.tar.zst` → `debian-12-standard_12.2-1_amd64` */
const nameOf = (volid: string): string => (volid.split('/').at(-1) ?? volid).replace(/\.tar\.\w+$/, '')

export const provisioningClusterSync: JobHandler<Payload> = {
  kind: clusterSync.kind,
  parse: (payload) => clusterSync.payload.parse(payload),
  steps: [
    { name: 'read', title: 'Reading nodes, storages and templates', run: read, idempotent: true },
    {
      name: 'record',
      title: 'Recording what was read',
      commit: (ctx, run) => {
        const result = run.output('read') as Result
        return 'view' in result
          ? provisioningService.recordClusterView(ctx, run.payload.clusterId, result.view)
          : provisioningService.recordClusterFailure(ctx, run.payload.clusterId, result.failure)
      },
    },
  ],
}
