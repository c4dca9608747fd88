import type { PodPayload } from '../services/cloudPodQueues.ts'
import { doTask, type Own } from './cloudPodGuest.ts'
import { permanent } from './errors.ts'
import type { Run } from './steps.ts'

/** Gives a guest its cores and memory; one that has them is left alone. */
export async function setSize(
  run: Run<PodPayload>,
  { guest, ref, config }: Own,
  { cores, memoryMb }: { cores: number; memoryMb: number },
): Promise<void> {
  if (config.cores === cores && config.memoryMb === memoryMb) return
  await doTask(run, guest.proxmox, 'setting cores and memory', () =>
    guest.proxmox.configure(ref, { cores, memory: memoryMb }, { digest: config.digest, signal: run.signal }),
  )
}

/** Grows a guest's root disk to a size; one that is as large is left alone. @throws JobError `disk_missing` */
export async function growDiskTo(
  run: Run<PodPayload>,
  { guest, ref, config }: Own,
  wantedGb: number,
): Promise<void> {
  const { diskKey, diskGb } = config
  if (diskKey === null) throw permanent('disk_missing', `guest ${guest.pod.vmid} has no root disk`)
  if (diskGb !== null && diskGb >= wantedGb) return
  await doTask(run, guest.proxmox, 'growing disk', () =>
    guest.proxmox.resizeDisk(ref, diskKey, wantedGb, run),
  )
}
