import type { GuestRef, SnapshotSummary } from '../integrations/proxmox/types.ts'
import { podSnapshot, podSnapshotDelete, type SnapshotPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodSnapshotService from '../services/cloudPodSnapshotService.ts'
import { doTask, findSettled, openGuest, type Guest } from './cloudPodGuest.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type SnapshotRun = Run<SnapshotPayload>

/** The snapshot's name on the hypervisor: made from its id, so that a repeated request finds what the first has made. */
export const remoteName = ({ snapshotId }: SnapshotPayload): string => `mp${snapshotId.replaceAll('-', '')}`

type Seen = { guest: Guest; ref: GuestRef; snapshot: SnapshotSummary | undefined; basedOn: string | null }

/**
 * Our guest with the list of its snapshots, once no task of an earlier attempt runs on it any more; null when there is
 * no guest.
 */
export async function lookAtSnapshots(run: SnapshotRun): Promise<Seen | null> {
  const guest = await openGuest(run)
  const found = await findSettled(run, guest)
  if (!found) return null
  const { snapshots, basedOn } = valueOf(await guest.proxmox.snapshots(found.ref, run))
  const snapshot = snapshots.find(({ name }) => name === remoteName(run.payload))
  return { guest, ref: found.ref, snapshot, basedOn }
}

/** @throws JobError permanent for a pod that is to be destroyed, and for one whose guest is gone */
export async function requireGuest(run: SnapshotRun): Promise<Seen> {
  const seen = await lookAtSnapshots(run)
  if (seen?.guest.pod.state === 'deleting') throw permanent('cancelled', 'The pod is being destroyed.')
  if (!seen) throw permanent('guest_lost', 'The guest of the pod does not exist on its cluster.')
  return seen
}

async function take(run: SnapshotRun): Promise<void> {
  const { guest, ref, snapshot } = await requireGuest(run)
  if (snapshot?.complete) return
  // What an attempt that broke off has left is not usable; nothing runs on it any more.
  if (snapshot) await removeFrom(run, guest, ref)
  await doTask(run, guest.proxmox, 'taking the snapshot', () =>
    guest.proxmox.takeSnapshot(ref, remoteName(run.payload), 'mPanel', run),
  )
}

const removeFrom = (run: SnapshotRun, { proxmox }: Guest, ref: GuestRef): Promise<void> =>
  doTask(run, proxmox, 'deleting the snapshot', () =>
    proxmox.removeSnapshot(ref, remoteName(run.payload), run),
  )

/** Removes the snapshot, if it is there. A guest that is gone has taken its snapshots with it. */
async function remove(run: SnapshotRun): Promise<void> {
  const seen = await lookAtSnapshots(run)
  if (seen?.snapshot) await removeFrom(run, seen.guest, seen.ref)
}

async function removeAgain(run: SnapshotRun): Promise<void> {
  await remove(run)
  await prove(run)
}

/** Undoing what was never done to a guest that is not ours. */
export async function unlessForeign(undo: () => Promise<void>): Promise<void> {
  try {
    await undo()
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'not_ours') throw error
  }
}

async function readBack(run: SnapshotRun): Promise<string> {
  const { snapshot } = await requireGuest(run)
  if (!snapshot?.complete || snapshot.takenAt === null)
    throw new JobError('retry', 'read_back_differs', 'The snapshot is not complete on the hypervisor.')
  return snapshot.takenAt.toISOString()
}

async function prove(run: SnapshotRun): Promise<void> {
  if ((await lookAtSnapshots(run))?.snapshot)
    throw new JobError('retry', 'still_there', 'The snapshot is still there.')
}

export const cloudPodSnapshot: JobHandler<SnapshotPayload> = {
  kind: podSnapshot.kind,
  parse: (payload) => podSnapshot.payload.parse(payload),
  steps: [
    {
      name: 'take',
      title: 'Taking the snapshot',
      run: take,
      undo: (run) => unlessForeign(() => removeAgain(run)),
      idempotent: true,
    },
    { name: 'readBack', title: 'Reading the snapshot back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording the snapshot',
      commit: (ctx, run) =>
        cloudPodSnapshotService.markReady(ctx, run.payload, new Date(run.output('readBack') as string)),
    },
  ],
  failed: (ctx, payload, error) => cloudPodSnapshotService.markFailed(ctx, payload, error.message),
}

/** Deleting is not undone; whoever wants it asks again. */
export const cloudPodSnapshotDelete: JobHandler<SnapshotPayload> = {
  kind: podSnapshotDelete.kind,
  parse: (payload) => podSnapshotDelete.payload.parse(payload),
  steps: [
    { name: 'remove', title: 'Deleting the snapshot', run: remove, idempotent: true },
    { name: 'prove', title: 'Proving that it is gone', run: prove, idempotent: true },
    {
      name: 'record',
      title: 'Recording that it is gone',
      commit: (ctx, run) => cloudPodSnapshotService.markDeleted(ctx, run.payload),
    },
  ],
  failed: (ctx, payload, error) => cloudPodSnapshotService.markFailed(ctx, payload, error.message),
}
