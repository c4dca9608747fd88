import { podOrphan, podRepair, type OrphanPayload, type RepairPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import * as findings from '../services/cloudPodFindingService.ts'
import { hasCardOf, requireNoDrift } from './cloudPodDrift.ts'
import { requireFirewall, setFirewall, wantedFirewall } from './cloudPodFirewall.ts'
import { named, withMark, withTag } from './cloudPodMark.ts'
import { clientOf, doTask, findOurs, openGuest, ours, type Guest, type Own } from './cloudPodGuest.ts'
import { addresses, remove } from './cloudPodMake.ts'
import { network } from './cloudPodNetwork.ts'
import { waitsForRestart } from './cloudPodReboot.ts'
import { openSecond } from './cloudPodSecond.ts'
import { growDiskTo } from './cloudPodSize.ts'
import { JobError, permanent, valueOf, waitFor } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type RepairRun = Run<RepairPayload>

/** The pod's guest, also without its mark: then its MAC says whose it is, for that follows from the pod's id. */
async function guestOf(run: RepairRun): Promise<Own & { isMarked: boolean }> {
  try {
    return { ...(await ours(run)), isMarked: true }
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'not_ours') throw error
    const guest = await openGuest(run)
    const { proxmox, pod } = guest
    const ref = valueOf(await proxmox.locate(pod.vmid, run))
    if (!ref) throw waitFor('not_listed', `VMID ${pod.vmid} is taken but not listed by the cluster yet`)
    const config = valueOf(await proxmox.config(ref, run))
    const isUnmarked = proxmox.words.parseMarker(config.description) === null
    if (!isUnmarked || !hasCardOf(proxmox.words, pod, config)) throw error
    return { guest, ref, config, isMarked: false }
  }
}

/** Everything that a pod's guest is told, at once; what was changed by hand meanwhile is read again first. */
async function configure(run: RepairRun): Promise<void> {
  const { guest, ref, config, isMarked } = await guestOf(run)
  const { pod, proxmox } = guest
  const options = {
    ...named(pod.kind, pod.hostname),
    tags: withTag(config),
    cores: pod.cores,
    memory: pod.memory_mb,
    ...network(guest, await addresses(run)),
    ...(isMarked ? {} : { description: withMark(config, proxmox.words.markerOf(pod.id, run.job.id)) }),
  }
  await doTask(run, proxmox, 'setting what the pod says', () =>
    proxmox.configure(ref, options, { digest: config.digest, signal: run.signal }),
  )
  if (pod.firewall_managed) await setFirewall(run, { guest, ref, config }, await wantedFirewall(run))
}

type ReadBack = { power: 'running' | 'stopped'; pendingRestart: boolean }

async function verify(run: RepairRun): Promise<ReadBack> {
  const own = await ours(run)
  const { guest, ref, config } = own
  requireNoDrift(guest.proxmox.words, guest.pod, await addresses(run), config, true)
  if (guest.pod.firewall_managed) await requireFirewall(run, own, await wantedFirewall(run))
  const isRunning = valueOf(await guest.proxmox.status(ref, run)).status === 'running'
  const pendingRestart = await waitsForRestart(run, own, isRunning)
  return { power: isRunning ? 'running' : 'stopped', pendingRestart }
}

/** Sets a guest that was changed by hand to what its pod says. A disk that is larger stays. */
export const cloudPodRepair: JobHandler<RepairPayload> = {
  kind: podRepair.kind,
  parse: (payload) => podRepair.payload.parse(payload),
  steps: [
    { name: 'configure', title: 'Setting size, network and name', run: configure, idempotent: true },
    {
      name: 'disk',
      title: 'Growing the disk',
      run: async (run) => {
        const own = await ours(run)
        await growDiskTo(run, own, own.guest.pod.disk_gb)
      },
      idempotent: true,
    },
    { name: 'verify', title: 'Reading everything back', run: verify, idempotent: true },
    {
      name: 'record',
      title: 'Recording what it still waits for',
      commit: (ctx, run) =>
        cloudPodService.markRepaired(
          ctx,
          run.payload.tenantId,
          run.payload.podId,
          run.output('verify') as ReadBack,
        ),
    },
  ],
  failed: (ctx, payload, error) => findings.markRepairFailed(ctx, payload.findingId, error.message),
}

/** The orphan, seen as the guest of the pod whose mark it carries; that pod's own guest is another one. */
async function openOrphan(run: Run<OrphanPayload>): Promise<Guest> {
  const guest = await openGuest(run)
  const { clusterId, vmid } = run.payload
  const isAlive = guest.pod.state !== 'failed' && guest.pod.state !== 'deleted'
  if (isAlive && guest.pod.cluster_id === clusterId && guest.pod.vmid === vmid)
    throw permanent('not_orphaned', `The guest ${vmid} is that of the pod ${guest.pod.hostname}.`)
  const second = await openSecond(run)
  if (guest.pod.cluster_id === clusterId && second?.pod.vmid === vmid)
    throw permanent('not_orphaned', `The guest ${vmid} is kept for the pod ${guest.pod.hostname}.`)
  return { ...guest, proxmox: await run.read((ctx) => clientOf(ctx, clusterId)), pod: { ...guest.pod, vmid } }
}

/** Destroys a guest that carries the mark of a pod and is not its guest. */
export const cloudPodOrphan: JobHandler<OrphanPayload> = {
  kind: podOrphan.kind,
  parse: (payload) => podOrphan.payload.parse(payload),
  steps: [
    {
      name: 'remove',
      title: 'Stopping and destroying the guest',
      run: async (run) => remove(run, await openOrphan(run)),
      idempotent: true,
    },
    {
      name: 'prove',
      title: 'Proving that nothing is left',
      run: async (run) => {
        const guest = await openOrphan(run)
        if (await findOurs(run, guest))
          throw new JobError('retry', 'still_there', `guest ${guest.pod.vmid} is still there`)
      },
      idempotent: true,
    },
  ],
  failed: (ctx, payload, error) => findings.markRepairFailed(ctx, payload.findingId, error.message),
}
