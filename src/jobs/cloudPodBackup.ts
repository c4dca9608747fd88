import type { Ctx } from '../context.ts'
import * as backups from '../db/cloudPodBackups.ts'
import type { BackupVolume } from '../integrations/proxmox/types.ts'
import type { SeenBackup } from '../services/cloudPodBackupMarks.ts'
import * as cloudPodBackupMarks from '../services/cloudPodBackupMarks.ts'
import { podBackup, podBackupDelete, type BackupPayload } from '../services/cloudPodQueues.ts'
import { CLOCK_MARGIN_MS, doTask, openGuest, ours, type Guest } from './cloudPodGuest.ts'
import { JobError, permanent, valueOf, waitFor } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type BackupRun = Run<BackupPayload>
type Row = NonNullable<Awaited<ReturnType<typeof backups.find>>>

export async function rowOf(ctx: Ctx, tenantId: string, backupId: string): Promise<Row> {
  const row = await backups.find(ctx.tx, tenantId, backupId)
  if (!row) throw permanent('backup_missing', `backup ${backupId} is not in the database`)
  return row
}

const ownRow = (run: BackupRun): Promise<Row> =>
  run.read((ctx) => rowOf(ctx, run.payload.tenantId, run.payload.backupId))

/** The note beside the file: which pod's it is, and which backup. */
const noteOf = ({ proxmox, pod }: Guest, backupId: string): string => proxmox.words.markerOf(pod.id, backupId)

type Place = { node: string; storage: string; vmid: number; podId: string; backupId: string }

/** Our backup on its storage, known by its note alone; undefined when it is not in the list. */
export async function findVolume(
  run: Pick<BackupRun, 'signal'>,
  { proxmox }: Pick<Guest, 'proxmox'>,
  { node, storage, vmid, podId, backupId }: Place,
): Promise<BackupVolume | undefined> {
  const all = valueOf(await proxmox.backups(node, storage, vmid, run))
  return all.find(({ notes }) => {
    const owner = proxmox.words.parseMarker(notes)
    return owner?.podId === podId && owner.operationId === backupId
  })
}

/** Where the backup lies or was to be made: a step that asked for it has written down on which node. */
async function placeOf(run: BackupRun, { pod }: Guest): Promise<Place> {
  const { storage, node_name, vmid } = await ownRow(run)
  const { node = node_name } = (run.saved() as { node?: string } | null) ?? {}
  return { node, storage, vmid, podId: pod.id, backupId: run.payload.backupId }
}

/** The same once nothing is being written or deleted any more that an earlier attempt of this step may have begun. */
async function findSettled(run: BackupRun, guest: Guest): Promise<{ place: Place; volume?: BackupVolume }> {
  const place = await placeOf(run, guest)
  const { since } = (run.saved() as { since?: string } | null) ?? {}
  if (since !== undefined) {
    const from = new Date(Date.parse(since) - CLOCK_MARGIN_MS)
    const tasks = valueOf(await guest.proxmox.tasksSince(place.node, from, run))
    const mine = tasks.find(
      ({ running, type, vmid }) =>
        running && /^(?:vzdump|imgdel)$/.test(type) && vmid.split('@')[0] === String(place.vmid),
    )
    if (mine) throw waitFor('task_running', `a task about this guest’s backups is running: ${mine.upid}`)
  }
  const volume = await findVolume(run, guest, place)
  return volume ? { place, volume } : { place }
}

/** @throws JobError permanent for a pod that is to be destroyed, and for one whose guest is gone */
async function requireGuest(run: BackupRun) {
  const own = await ours(run)
  if (own.guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  return own
}

async function take(run: BackupRun): Promise<void> {
  const { guest, ref } = await requireGuest(run)
  await run.save({ ...(run.saved() as object | null), node: ref.node })
  await run.tx((ctx) => cloudPodBackupMarks.noteVmid(ctx, run.payload, ref.vmid))
  const { place, volume } = await findSettled(run, guest)
  if (volume && volume.sizeBytes > 0) return
  const to = { storage: place.storage, notes: noteOf(guest, run.payload.backupId) }
  await doTask(run, guest.proxmox, 'backing up', () => guest.proxmox.backup(ref, to, run))
}

async function remove(run: BackupRun): Promise<void> {
  const guest = await openGuest(run)
  const { place, volume } = await findSettled(run, guest)
  if (!volume) return
  await doTask(run, guest.proxmox, 'deleting the backup', () =>
    guest.proxmox.removeBackup(place.node, volume.volid, run),
  )
}

async function prove(run: BackupRun): Promise<void> {
  const guest = await openGuest(run)
  if ((await findSettled(run, guest)).volume)
    throw new JobError('retry', 'still_there', 'The backup is still there.')
}

/** What was begun is removed, where it was begun; nothing was if nobody has written down a place. */
async function undoTake(run: BackupRun): Promise<void> {
  if (run.saved() === null) return
  await remove(run)
  await prove(run)
}

async function readBack(run: BackupRun): Promise<SeenBackup> {
  const { guest, ref, config } = await requireGuest(run)
  const { storage } = await ownRow(run)
  const own = { vmid: guest.pod.vmid, podId: guest.pod.id, backupId: run.payload.backupId }
  const volume = await findVolume(run, guest, { node: ref.node, storage, ...own })
  if (!volume || volume.sizeBytes <= 0)
    throw new JobError('retry', 'read_back_differs', 'The backup is not on its storage.')
  const storages = valueOf(await guest.proxmox.storages(ref.node, run))
  return {
    volid: volume.volid,
    node: ref.node,
    shared: storages.some(({ name, shared }) => name === storage && shared),
    sizeBytes: volume.sizeBytes,
    takenAt: volume.takenAt.toISOString(),
    diskGb: Math.ceil(config.diskGb ?? guest.pod.disk_gb),
  }
}

export const cloudPodBackup: JobHandler<BackupPayload> = {
  kind: podBackup.kind,
  parse: (payload) => podBackup.payload.parse(payload),
  steps: [
    { name: 'take', title: 'Backing up', run: take, undo: undoTake, idempotent: true },
    { name: 'readBack', title: 'Reading the backup back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording the backup',
      commit: (ctx, run) =>
        cloudPodBackupMarks.markReady(ctx, run.payload, run.output('readBack') as SeenBackup),
    },
  ],
  failed: (ctx, payload, error) => cloudPodBackupMarks.markFailed(ctx, payload, error.message),
}

/** Deleting is not undone; whoever wants it asks again. */
export const cloudPodBackupDelete: JobHandler<BackupPayload> = {
  kind: podBackupDelete.kind,
  parse: (payload) => podBackupDelete.payload.parse(payload),
  steps: [
    { name: 'remove', title: 'Deleting the backup', run: remove, idempotent: true },
    { name: 'prove', title: 'Proving that it is gone', run: prove, idempotent: true },
    {
      name: 'record',
      title: 'Recording that it is gone',
      commit: (ctx, run) => cloudPodBackupMarks.markDeleted(ctx, run.payload),
    },
  ],
  failed: (ctx, payload, error) => cloudPodBackupMarks.markFailed(ctx, payload, error.message),
}
