import type { GuestConfig, GuestRef } from '../integrations/proxmox/types.ts'
import * as cloudPodBackupMarks from '../services/cloudPodBackupMarks.ts'
import { podRestore, type BackupPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import { findVolume, rowOf } from './cloudPodBackup.ts'
import { driftOf } from './cloudPodDrift.ts'
import { setFirewall, wantedFirewall } from './cloudPodFirewall.ts'
import { TAG } from './cloudPodMark.ts'
import { isRemains } from './cloudPodFromBackup.ts'
import {
  awaitTask,
  doTask,
  look,
  noteTasks,
  openGuest,
  ours,
  startedTask,
  type Guest,
} from './cloudPodGuest.ts'
import { addresses } from './cloudPodMake.ts'
import { network } from './cloudPodNetwork.ts'
import { growDiskTo } from './cloudPodSize.ts'
import { unlessForeign } from './cloudPodSnapshot.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type RestoreRun = Run<BackupPayload>

const RESTORE = /^(?:qm|vz)restore$/
const DOING = 'restoring'

/** @throws JobError `backup_missing` when the archive cannot be read where the guest is */
async function requireArchive(run: RestoreRun, guest: Guest, node: string): Promise<string> {
  const { backupId, tenantId } = run.payload
  const row = await run.read((ctx) => rowOf(ctx, tenantId, backupId))
  if (!row.shared && row.node_name !== node)
    throw permanent(
      'backup_elsewhere',
      `The backup lies on a storage of ${row.node_name} alone, and the guest is on ${node}: nothing was changed.`,
    )
  // The pod may have another guest than the one that was backed up.
  const own = { vmid: row.vmid, podId: guest.pod.id, backupId }
  const volume = await findVolume(run, guest, { node, storage: row.storage, ...own })
  if (!volume)
    throw permanent('backup_missing', 'The backup does not exist on its storage: nothing was changed.')
  return volume.volid
}

/** How the guest was before: it is so again afterwards. A suspended one does not start with its node. */
type Before = { runs: boolean; autostart: boolean }
const before = (run: RestoreRun): Before => run.output('begin') as Before

async function begin(run: RestoreRun): Promise<Before> {
  const { guest, ref, config } = await requireOurs(run)
  await requireArchive(run, guest, ref.node)
  const { status } = valueOf(await guest.proxmox.status(ref, run))
  return { runs: status === 'running', autostart: config.raw.onboot === '1' }
}

async function requireOurs(run: RestoreRun) {
  const own = await ours(run)
  if (own.guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  return own
}

async function stop(run: RestoreRun): Promise<void> {
  const { guest, ref } = await requireOurs(run)
  if (valueOf(await guest.proxmox.status(ref, run)).status !== 'running') return
  await doTask(run, guest.proxmox, 'stopping', () => guest.proxmox.stop(ref, run))
}

/**
 * What is to be overwritten: our guest, or what a restore of this step that broke off has left in its place.
 * @throws JobError `not_ours`, `guest_lost`, and those of findOurs
 */
async function target(run: RestoreRun, guest: Guest): Promise<{ node: string; isThere: boolean }> {
  const { pod, proxmox, nodeName } = guest
  if (pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  const found = await look(run, guest)
  if (typeof found === 'object') return { node: found.ref.node, isThere: true }
  const mine = await startedTask(run, guest, RESTORE)
  if (mine === undefined) {
    if (found === 'free') throw permanent('guest_lost', `guest ${pod.vmid} does not exist on its cluster`)
    throw permanent(
      'not_ours',
      `VMID ${pod.vmid} is held by a guest that mPanel did not make: nothing was done to it.`,
    )
  }
  const { node = nodeName } = (run.saved() as { node?: string } | null) ?? {}
  if (found === 'free') return { node, isThere: false }
  const left = await configAt(run, guest)
  if (!left || !isRemains(left.config))
    throw permanent(
      'not_ours',
      `VMID ${pod.vmid} is held by a guest that mPanel did not make: nothing was done to it.`,
    )
  await run.log(
    `guest ${pod.vmid} is what a broken restore has left (${proxmox.words.markerOf(pod.id, run.job.id)})`,
  )
  return { node: left.ref.node, isThere: true }
}

async function configAt(
  run: RestoreRun,
  { proxmox, pod }: Guest,
): Promise<{ ref: GuestRef; config: GuestConfig } | null> {
  const ref = valueOf(await proxmox.locate(pod.vmid, run))
  return ref && { ref, config: valueOf(await proxmox.config(ref, run)) }
}

/**
 * Overwrites the guest. Once that has begun there is no way back: what fails then is tried again, for a second restore
 * ends in the same guest, and at last a person must look.
 */
async function restore(run: RestoreRun): Promise<void> {
  const guest = await openGuest(run)
  const { node, isThere } = await target(run, guest)
  if (guest.storage === null)
    throw permanent('storage_missing', `Node ${guest.nodeName} has no storage for pods.`)
  const volid = await requireArchive(run, guest, node)
  const { pod, proxmox, storage } = guest
  const request = {
    node,
    kind: pod.kind,
    vmid: pod.vmid,
    volid,
    storage,
    overwrite: isThere,
    name: pod.hostname,
    description: proxmox.words.markerOf(pod.id, run.job.id),
    net0: network(guest, await addresses(run)).net0,
  }
  await noteTasks(run, guest, node, RESTORE)
  try {
    await doTask(run, proxmox, DOING, () => proxmox.restore(request, run))
  } catch (error) {
    const upid = (run.saved() as { upid?: string | null }).upid ?? null
    if (upid === null || !(error instanceof JobError) || error.kind !== 'permanent') throw error
    throw new JobError(
      'unknown',
      'half_restored',
      `${error.message} The guest is not usable until it is restored.`,
    )
  }
}

/** What the last attempt has begun, also when its answer was lost. One that failed is begun anew. */
async function probe(run: RestoreRun): Promise<Found> {
  const guest = await openGuest(run)
  const mine = await startedTask(run, guest, RESTORE)
  if (mine === undefined) return { done: false }
  try {
    await awaitTask(run, guest.proxmox, mine, DOING)
    return { done: true }
  } catch (error) {
    if (!(error instanceof JobError) || error.code === 'task_unreadable') throw error
    await run.log(`${error.message}; restoring again`, 'warning')
    return { done: false }
  }
}

/** A restore is not undone. A guest that is whole stays as it is; half a guest is for a person to decide about. */
async function keep(run: RestoreRun): Promise<void> {
  const guest = await openGuest(run)
  const mine = await startedTask(run, guest, RESTORE)
  if (mine === undefined) return
  const task = valueOf(await guest.proxmox.task(mine, run))
  if (task.state !== 'ok')
    throw permanent('half_restored', `guest ${guest.pod.vmid} was overwritten and is not whole: ${mine}`)
}

/** The archive has the settings of its time: name, network card and mark are written again, and the size of today. */
async function configure(run: RestoreRun): Promise<void> {
  const { guest, ref, config } = await requireOurs(run)
  const { pod, proxmox } = guest
  const options = {
    [pod.kind === 'vm' ? 'name' : 'hostname']: pod.hostname,
    description: proxmox.words.markerOf(pod.id, run.job.id),
    cores: pod.cores,
    memory: pod.memory_mb,
    onboot: before(run).autostart,
    tags: TAG,
    ...network(guest, await addresses(run)),
  }
  await doTask(run, proxmox, 'configuring', () =>
    proxmox.configure(ref, options, { digest: config.digest, signal: run.signal }),
  )
  if (pod.firewall_managed) await setFirewall(run, { guest, ref, config }, await wantedFirewall(run))
}

async function setUp(run: RestoreRun): Promise<void> {
  await configure(run)
  const own = await requireOurs(run)
  await growDiskTo(run, own, own.guest.pod.disk_gb)
  await verify(run)
}

/** Reads back whether the guest is what the pod says: name, network card, address and size. */
async function verify(run: RestoreRun): Promise<void> {
  const { guest, config } = await requireOurs(run)
  const wrong = driftOf(guest.proxmox.words, guest.pod, await addresses(run), config, true)
  if (wrong.length === 0) return
  const text = wrong.map(({ expected, found }) => `${found} instead of ${expected}`).join('; ')
  throw new JobError('retry', 'read_back_differs', `The guest is not what the pod is: ${text}.`)
}

/** @returns the power state that was read back */
async function start(run: RestoreRun): Promise<'running' | 'stopped'> {
  const { guest, ref } = await requireOurs(run)
  const read = async () => valueOf(await guest.proxmox.status(ref, run)).status
  const wanted = before(run).runs ? 'running' : 'stopped'
  if (wanted === 'running' && (await read()) !== 'running')
    await doTask(run, guest.proxmox, 'starting', () => guest.proxmox.start(ref, run))
  const status = await read()
  if (status !== wanted)
    throw new JobError('retry', 'read_back_differs', `The guest is ${status} instead of ${wanted}.`)
  return wanted
}

/** A guest that ran and could not be restored, or not be set up, is started again where it can be. */
async function startAgain(run: RestoreRun): Promise<void> {
  if (!before(run).runs) return
  const { guest, ref } = await ours(run)
  if (guest.pod.state !== 'active') return
  if (valueOf(await guest.proxmox.status(ref, run)).status === 'running') return
  try {
    await doTask(run, guest.proxmox, 'starting', () => guest.proxmox.start(ref, run))
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'task_failed') throw error
    await run.log(`${error.message}; it stays off`, 'warning')
  }
}

/** Overwrites a pod's guest with a backup of it. What ran before runs again afterwards. */
export const cloudPodRestore: JobHandler<BackupPayload> = {
  kind: podRestore.kind,
  parse: (payload) => podRestore.payload.parse(payload),
  steps: [
    { name: 'begin', title: 'Looking for guest and backup', run: begin, idempotent: true },
    {
      name: 'stop',
      title: 'Stopping what runs',
      run: stop,
      undo: (run) => unlessForeign(() => startAgain(run)),
      idempotent: true,
    },
    { name: 'restore', title: 'Restoring', run: restore, probe, undo: keep },
    {
      name: 'note',
      title: 'Recording the restore',
      commit: (ctx, run) => cloudPodBackupMarks.markRestored(ctx, run.payload),
    },
    { name: 'setUp', title: 'Setting name, network and size', run: setUp, idempotent: true },
    { name: 'start', title: 'Starting what ran before', run: start, idempotent: true },
    {
      name: 'record',
      title: 'Recording the power state',
      commit: (ctx, run) =>
        cloudPodBackupMarks.markRestoreDone(ctx, run.payload, run.output('start') as 'running' | 'stopped'),
    },
  ],
  failed: (ctx, payload, error) =>
    cloudPodService.markActionFailed(ctx, payload.tenantId, payload.podId, error.message),
}
