import { addressesOf } from '../db/cloudPodAddresses.ts'
import { podRollback, type SnapshotPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import * as cloudPodSnapshotService from '../services/cloudPodSnapshotService.ts'
import { setRate } from './cloudPodBandwidth.ts'
import { awaitTask, doTask, noteTasks, openGuest, ours, startedTask } from './cloudPodGuest.ts'
import { tell } from './cloudPodNetwork.ts'
import { growDiskTo, setSize } from './cloudPodSize.ts'
import { lookAtSnapshots, remoteName, requireGuest, unlessForeign } from './cloudPodSnapshot.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type RollbackRun = Run<SnapshotPayload>

const ROLLBACK = /^(?:qm|vz)rollback$/
const DOING = 'rolling back'

/** @returns whether the guest runs, so that it is started again afterwards */
async function look(run: RollbackRun): Promise<boolean> {
  const { guest, ref } = await requireGuest(run)
  return valueOf(await guest.proxmox.status(ref, run)).status === 'running'
}

async function rollBack(run: RollbackRun): Promise<void> {
  const { guest, ref, snapshot } = await requireGuest(run)
  if (!snapshot?.complete)
    throw permanent('snapshot_missing', 'The snapshot does not exist on the hypervisor: nothing was changed.')
  await noteTasks(run, guest, ref.node, ROLLBACK)
  await doTask(run, guest.proxmox, DOING, () => guest.proxmox.rollback(ref, remoteName(run.payload), run))
}

/** A second rollback would be harmless only as long as the guest is off: the node's task list says whether it began. */
async function probe(run: RollbackRun): Promise<Found> {
  const guest = await openGuest(run)
  const mine = await startedTask(run, guest, ROLLBACK)
  if (mine === undefined) return { done: false }
  await awaitTask(run, guest.proxmox, mine, DOING)
  return { done: true }
}

async function prove(run: RollbackRun): Promise<void> {
  const { basedOn } = await requireGuest(run)
  if (basedOn !== remoteName(run.payload))
    throw new JobError('retry', 'read_back_differs', 'The guest does not stand on the snapshot.')
}

/**
 * A snapshot also brings back size, speed and addresses of its time. What counts is what the tenant has now: it is given
 * again, for an address of that time may be somebody else's by now.
 */
async function resize(run: RollbackRun): Promise<void> {
  const own = await ours(run)
  const { cores, memory_mb: memoryMb, disk_gb: diskGb } = own.guest.pod
  await setSize(run, own, { cores, memoryMb })
  await growDiskTo(run, await ours(run), diskGb)
  await setRate(run, await ours(run), own.guest.pod.rate_mbps)
  await tell(run, await ours(run), await run.read((ctx) => addressesOf(ctx.tx, run.payload.podId)))
}

async function start(run: RollbackRun): Promise<void> {
  if (run.output('look') !== true) return
  const { guest, ref } = await requireGuest(run)
  if (valueOf(await guest.proxmox.status(ref, run)).status === 'running') return
  await doTask(run, guest.proxmox, 'starting', () => guest.proxmox.start(ref, run))
}

/**
 * What was rolled back stays so, but a guest that ran is started again where it can be. A locked one cannot: its disks
 * are between two states, and somebody must look at it.
 */
async function startAgain(run: RollbackRun): Promise<void> {
  const seen = await lookAtSnapshots(run)
  if (!seen || seen.guest.pod.state !== 'active' || run.output('look') !== true) return
  const { guest, ref } = seen
  const { status, lock } = valueOf(await guest.proxmox.status(ref, run))
  if (status === 'running') return
  if (lock !== null) throw permanent('locked', `guest ${ref.vmid} is still locked (${lock})`)
  try {
    await doTask(run, guest.proxmox, 'starting', () => guest.proxmox.start(ref, run))
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'task_failed') throw error
    await run.log(`${error.message}; it stays off`, 'warning')
  }
}

async function readBack(run: RollbackRun): Promise<'running' | 'stopped'> {
  const { guest, ref } = await requireGuest(run)
  const { status } = valueOf(await guest.proxmox.status(ref, run))
  const wanted = run.output('look') === true ? 'running' : 'stopped'
  if (status !== wanted)
    throw new JobError('retry', 'read_back_differs', `The guest is ${status} instead of ${wanted}.`)
  return wanted
}

/** Brings a pod's disks back to a snapshot. Proxmox leaves the guest off; it is started again if it ran before. */
export const cloudPodRollback: JobHandler<SnapshotPayload> = {
  kind: podRollback.kind,
  parse: (payload) => podRollback.payload.parse(payload),
  steps: [
    { name: 'look', title: 'Looking whether it runs', run: look, idempotent: true },
    {
      name: 'rollBack',
      title: 'Rolling back to the snapshot',
      run: rollBack,
      probe,
      undo: (run) => unlessForeign(() => startAgain(run)),
    },
    { name: 'prove', title: 'Reading the disks’ state back', run: prove, idempotent: true },
    {
      name: 'note',
      title: 'Recording the rollback',
      commit: (ctx, run) => cloudPodSnapshotService.markRolledBack(ctx, run.payload),
    },
    {
      name: 'resize',
      title: 'Giving it the size, speed and addresses it has now',
      run: resize,
      idempotent: true,
    },
    { name: 'start', title: 'Starting what ran before', run: start, idempotent: true },
    { name: 'readBack', title: 'Reading the power state back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording the power state',
      commit: (ctx, run) =>
        cloudPodSnapshotService.markRollbackDone(
          ctx,
          run.payload,
          run.output('readBack') as 'running' | 'stopped',
        ),
    },
  ],
  failed: (ctx, payload, error) =>
    cloudPodService.markActionFailed(ctx, payload.tenantId, payload.podId, error.message),
}
