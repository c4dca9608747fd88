import { podPower, type PowerPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import { doTask, ours } from './cloudPodGuest.ts'
import { probeTask, reboot, SHUTDOWN_SECONDS, waitsForRestart } from './cloudPodReboot.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

const DOING = { start: 'starting', stop: 'stopping', shutdown: 'shutting down', reboot: 'rebooting' } as const

async function act(run: Run<PowerPayload>): Promise<void> {
  const own = await ours(run)
  const { ref } = own
  const { proxmox } = own.guest
  const { action } = run.payload
  if (action === 'reboot') return reboot(run, own)
  const status = valueOf(await proxmox.status(ref, run)).status
  if (status === (action === 'start' ? 'running' : 'stopped')) return
  await doTask(run, proxmox, DOING[action], () => {
    if (action === 'start') return proxmox.start(ref, run)
    if (action === 'stop') return proxmox.stop(ref, run)
    return proxmox.shutdown(ref, SHUTDOWN_SECONDS, run)
  })
}

type ReadBack = { power: 'running' | 'stopped'; pendingRestart: boolean }

async function readBack(run: Run<PowerPayload>): Promise<ReadBack> {
  const own = await ours(run)
  const { status } = valueOf(await own.guest.proxmox.status(own.ref, run))
  const wanted = run.payload.action === 'start' || run.payload.action === 'reboot' ? 'running' : 'stopped'
  if (status !== wanted)
    throw new JobError('retry', 'read_back_differs', `The guest is ${status} instead of ${wanted}.`)
  return { power: wanted, pendingRestart: await waitsForRestart(run, own, wanted === 'running') }
}

export const cloudPodPower: JobHandler<PowerPayload> = {
  kind: podPower.kind,
  parse: (payload) => podPower.payload.parse(payload),
  steps: [
    {
      name: 'act',
      title: 'Switching power',
      run: act,
      probe: (run) => probeTask(run, DOING[run.payload.action]),
    },
    { name: 'readBack', title: 'Reading the power state back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording the power state',
      commit: (ctx, run) => {
        const { tenantId, podId, action } = run.payload
        const { power, pendingRestart } = run.output('readBack') as ReadBack
        return cloudPodService.markPower(ctx, tenantId, podId, power, action, pendingRestart)
      },
    },
  ],
  failed: (ctx, payload, error) =>
    cloudPodService.markActionFailed(ctx, payload.tenantId, payload.podId, error.message),
}
