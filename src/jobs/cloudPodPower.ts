import type { GuestRef } from '../integrations/proxmox/types.ts'
import { podPower, type PowerPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import {
  awaitTask,
  doTask,
  findSettled,
  noteTasks,
  openGuest,
  startedTask,
  type Guest,
} from './cloudPodGuest.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

const SHUTDOWN_SECONDS = 120

async function ours(run: Run<PowerPayload>): Promise<{ guest: Guest; ref: GuestRef }> {
  const guest = await openGuest(run)
  const found = await findSettled(run, guest)
  if (!found) throw permanent('guest_lost', `guest ${guest.pod.vmid} does not exist on its cluster`)
  return { guest, ref: found.ref }
}

const DOING = { start: 'starting', stop: 'stopping', shutdown: 'shutting down', reboot: 'rebooting' } as const

async function act(run: Run<PowerPayload>): Promise<void> {
  const { guest, ref } = await ours(run)
  const { proxmox } = guest
  const { action } = run.payload
  const status = valueOf(await proxmox.status(ref, run)).status
  if (action !== 'reboot' && status === (action === 'start' ? 'running' : 'stopped')) return
  if (action === 'reboot') await noteTasks(run, guest, ref.node, REBOOT)
  await doTask(run, proxmox, DOING[action], () => {
    if (action === 'start') return proxmox.start(ref, run)
    if (action === 'stop') return proxmox.stop(ref, run)
    if (action === 'shutdown') return proxmox.shutdown(ref, SHUTDOWN_SECONDS, run)
    return proxmox.reboot(ref, SHUTDOWN_SECONDS, run)
  })
}

const REBOOT = /^(?:qm|vz)reboot$/

/**
 * A request whose answer was lost. Start, stop and shutdown look at the power state before they act, so they may run
 * again; a reboot must not happen twice, and the node's task list says whether it has.
 */
async function probe(run: Run<PowerPayload>): Promise<Found> {
  const guest = await openGuest(run)
  const mine = await startedTask(run, guest, REBOOT)
  if (mine === undefined) return { done: false }
  await awaitTask(run, guest.proxmox, mine, DOING[run.payload.action])
  return { done: true }
}

async function readBack(run: Run<PowerPayload>): Promise<'running' | 'stopped'> {
  const { guest, ref } = await ours(run)
  const { status } = valueOf(await guest.proxmox.status(ref, run))
  const wanted = run.payload.action === 'start' || run.payload.action === 'reboot' ? 'running' : 'stopped'
  if (status !== wanted)
    throw new JobError('retry', 'read_back_differs', `The guest is ${status} instead of ${wanted}.`)
  return wanted
}

export const cloudPodPower: JobHandler<PowerPayload> = {
  kind: podPower.kind,
  parse: (payload) => podPower.payload.parse(payload),
  steps: [
    { name: 'act', title: 'Switching power', run: act, probe },
    { name: 'readBack', title: 'Reading the power state back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording the power state',
      commit: (ctx, run) =>
        cloudPodService.markPower(
          ctx,
          run.payload.tenantId,
          run.payload.podId,
          run.output('readBack') as 'running' | 'stopped',
          run.payload.action,
        ),
    },
  ],
  failed: (ctx, payload, error) =>
    cloudPodService.markActionFailed(ctx, payload.tenantId, payload.podId, error.message),
}
