import type { GuestConfig, Outcome } from '../integrations/proxmox/types.ts'
import type { CreatePayload } from '../services/cloudPodQueues.ts'
import { findVolume, rowOf } from './cloudPodBackup.ts'
import { CLOCK_MARGIN_MS, doTask, type Guest } from './cloudPodGuest.ts'
import { permanent, valueOf } from './errors.ts'
import type { Run } from './steps.ts'

/** Making a pod out of a backup instead of an image. */

type MakeRun = Run<CreatePayload>
type Intent = { vmid: number; node: string; since: string; upid: string | null }

/** @throws JobError `backup_missing` when the archive is not where the pod is to be made */
export async function requestFromBackup(
  run: MakeRun,
  guest: Guest,
  { backupId, storage, net0 }: { backupId: string; storage: string; net0: string },
): Promise<Outcome<never>> {
  const { pod, nodeName, proxmox } = guest
  const row = await run.read((ctx) => rowOf(ctx, run.payload.tenantId, backupId))
  const place = { node: nodeName, storage: row.storage, vmid: row.vmid, podId: row.pod_id, backupId }
  const volume = row.state === 'ready' ? await findVolume(run, guest, place) : undefined
  if (!volume) throw permanent('backup_missing', 'The backup does not exist any more.')
  return proxmox.restore(
    {
      node: nodeName,
      kind: pod.kind,
      vmid: pod.vmid,
      volid: volume.volid,
      storage,
      overwrite: false,
      name: pod.hostname,
      description: proxmox.words.markerOf(pod.id, run.job.id),
      net0,
    },
    run,
  )
}

/** What a restore that broke off leaves: a guest without a name, a note, a network card or a disk. Nothing to lose. */
export const isRemains = ({ description, diskKey, name, net0, lock }: GuestConfig): boolean =>
  description.trim() === '' && diskKey === null && name === null && net0 === null && lock === null

/**
 * Removes what our own restore has left under the pod's VMID, when it left no mark: the VMID was free before, a restore
 * of ours into it is known, and what is there is empty.
 * @returns whether there was any
 */
export async function removeRemains(run: MakeRun, guest: Guest): Promise<boolean> {
  const intent = run.saved() as Intent | null
  const { pod, proxmox } = guest
  if (run.payload.backupId === undefined || intent?.vmid !== pod.vmid) return false
  if (!(await hasRestored(run, guest, intent))) return false
  const ref = valueOf(await proxmox.locate(pod.vmid, run))
  if (!ref || !isRemains(valueOf(await proxmox.config(ref, run)))) return false
  await doTask(run, proxmox, 'removing what is left', () => proxmox.destroy(ref, run))
  await run.save(intent)
  return true
}

async function hasRestored(run: MakeRun, { proxmox }: Guest, intent: Intent): Promise<boolean> {
  if (intent.upid !== null) return true
  const since = new Date(Date.parse(intent.since) - CLOCK_MARGIN_MS)
  const tasks = valueOf(await proxmox.tasksSince(intent.node, since, run))
  return tasks.some(({ type, vmid }) => /^(?:qm|vz)restore$/.test(type) && Number(vmid) === intent.vmid)
}
