import type { PodPayload } from '../services/cloudPodQueues.ts'
import { awaitTask, doTask, noteTasks, openGuest, startedTask, type Own } from './cloudPodGuest.ts'
import { valueOf } from './errors.ts'
import type { Found, Run } from './steps.ts'

/** How long a guest is given to shut down by itself. */
export const SHUTDOWN_SECONDS = 120

const REBOOT = /^(?:qm|vz)reboot$/

/** Restarts the guest. Which reboots there were before is written down first, so that `probeTask` knows ours. */
export async function reboot(run: Run<PodPayload>, { guest, ref }: Own): Promise<void> {
  await noteTasks(run, guest, ref.node, REBOOT)
  await doTask(run, guest.proxmox, 'rebooting', () => guest.proxmox.reboot(ref, SHUTDOWN_SECONDS, run))
}

/**
 * A request whose answer was lost. Start, stop and shutdown look at the power state before they act, so they may run
 * again; a reboot must not happen twice, and the node's task list says whether it has.
 */
export async function probeTask(run: Run<PodPayload>, doing: string): Promise<Found> {
  const guest = await openGuest(run)
  const mine = await startedTask(run, guest, REBOOT)
  if (mine === undefined) return { done: false }
  await awaitTask(run, guest.proxmox, mine, doing)
  return { done: true }
}

/** Whether the guest runs, and runs without the size that it was given: that waits for its next restart. */
export async function waitsForRestart(
  run: Run<PodPayload>,
  { guest, ref }: Own,
  running: boolean,
): Promise<boolean> {
  if (!running) return false
  const pending = valueOf(await guest.proxmox.pending(ref, run))
  return pending.includes('cores') || pending.includes('memory')
}
