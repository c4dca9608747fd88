import type { GuestRef } from '../integrations/proxmox/types.ts'
import { podPower, type PowerPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import { awaitTask, doTask, findOurs, openGuest, type Guest } from './cloudPodGuest.ts'
import { JobError, permanent, valueOf, waitFor } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

const SHUTDOWN_SECONDS = 120

async function ours(run: Run<PowerPayload>): Promise<{ guest: Guest; ref: GuestRef }> {
  const guest = await openGuest(run)
  const found = await findOurs(run, guest)
  if (!found) throw permanent('guest_lost', `guest ${guest.pod.vmid} does not exist on its cluster`)
  return { guest, ref: found.ref }
}

async function act(run: Run<PowerPayload>): Promise<void> {
  const { guest, ref } = await ours(run)
  const { proxmox } = guest
  const { action } = run.payload
  const status = valueOf(await proxmox.status(ref, run)).status
  const wanted = action === 'start' ? 'running' : 'stopped'
  if (action !== 'reboot' && status === wanted) return
  // The intent and its time come first: a lost answer is looked for in the node's task list.
  await run.save({ node: ref.node, vmid: ref.vmid, since: new Date().toISOString() })
  await doTask(run, proxmox, DOING[action], () => {
    if (action === 'start') return proxmox.start(ref, run)
    if (action === 'stop') return proxmox.stop(ref, run)
    if (action === 'shutdown') return proxmox.shutdown(ref, SHUTDOWN_SECONDS, run)
    return proxmox.reboot(ref, SHUTDOWN_SECONDS, run)
  })
}

const DOING = { start: 'starting', stop: 'stopping', shutdown: 'shutting down', reboot: 'rebooting' } as const
const TASKS: Record<PowerPayload['action'], RegExp> = {
  start: /^(qm|vz)start$/,
  stop: /^(qm|vz)stop$/,
  shutdown: /^(qm|vz)shutdown$/,
  reboot: /^(qm|vz)reboot$/,
}

type Saved = { upid?: string; node?: string; vmid?: number; since?: string }

/** A reboot must not happen twice: the node's task list says whether the lost request was carried out. */
async function probe(run: Run<PowerPayload>): Promise<Found> {
  const saved = run.saved<Saved>()
  const guest = await openGuest(run)
  if (saved?.upid) {
    await awaitTask(run, guest.proxmox, saved.upid, DOING[run.payload.action])
    return { done: true }
  }
  if (!saved?.node || !saved.since) return { done: false }
  const tasks = valueOf(await guest.proxmox.tasksSince(saved.node, new Date(saved.since), run))
  const mine = tasks.find(
    (task) => TASKS[run.payload.action].test(task.type) && Number(task.vmid) === saved.vmid,
  )
  if (mine?.running) throw waitFor('task_running', `${DOING[run.payload.action]}: ${mine.upid}`)
  if (!mine) return { done: false }
  await awaitTask(run, guest.proxmox, mine.upid, DOING[run.payload.action])
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
          run.output('readBack'),
          run.payload.action,
        ),
    },
  ],
  failed: (ctx, payload, error) =>
    cloudPodService.markActionFailed(ctx, payload.tenantId, payload.podId, error.message),
}
