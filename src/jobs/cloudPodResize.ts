import { sleep } from '../lib/backoff.ts'
import * as BillingService from '../services/BillingService.ts'
import { podResize, type ResizePayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import { ours, whatIsLeft, type Own } from './cloudPodGuest.ts'
import { probeTask, reboot, waitsForRestart } from './cloudPodReboot.ts'
import { growDiskTo, setSize } from './cloudPodSize.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type ResizeRun = Run<ResizePayload>

const isRunning = async (run: ResizeRun, { guest, ref }: Own): Promise<boolean> =>
  valueOf(await guest.proxmox.status(ref, run)).status === 'running'

async function growDisk(run: ResizeRun): Promise<void> {
  const own = await ours(run)
  const wantedGb = run.payload.size.diskGb
  // The disk is not what the resize is about: it is left as it is.
  if (wantedGb !== own.guest.pod.disk_gb) await growDiskTo(run, own, wantedGb)
}

/** Only when it was asked for, and only when something waits for it. @returns whether it was done */
async function restart(run: ResizeRun): Promise<boolean> {
  if (!run.payload.reboot) return false
  const own = await ours(run)
  if (!(await waitsForRestart(run, own, await isRunning(run, own)))) return false
  await reboot(run, own)
  return true
}

/** A machine that restarts is off for a moment: Proxmox starts it again by a task of its own. */
const UP_WITHIN_MS = 30_000

async function comesUp(run: ResizeRun, own: Own): Promise<boolean> {
  const end = Date.now() + UP_WITHIN_MS
  while (!(await isRunning(run, own))) {
    if (Date.now() > end) return false
    await sleep(run.options.pollTaskMs, run.signal)
  }
  return true
}

/** Reads the new size back. @returns whether the running guest has it only after its next restart */
async function verify(run: ResizeRun): Promise<boolean> {
  const own = await ours(run)
  const { config } = own
  const { size } = run.payload
  const restarted = run.output('restart') === true
  const running = await (restarted ? comesUp : isRunning)(run, own)
  const waits = await waitsForRestart(run, own, running)
  const wrong = [
    config.cores !== size.cores && `cores ${config.cores} instead of ${size.cores}`,
    config.memoryMb !== size.memoryMb && `memory ${config.memoryMb} instead of ${size.memoryMb} MiB`,
    (config.diskGb ?? 0) < size.diskGb && `disk ${config.diskGb} instead of ${size.diskGb} GiB`,
    restarted && !running && 'it has not come up again after its restart',
    run.payload.reboot && waits && 'it runs without its new size although it was to restart',
  ].filter((entry) => entry !== false)
  if (wrong.length > 0)
    throw new JobError(
      'retry',
      'read_back_differs',
      `The guest is not what was asked for: ${wrong.join('; ')}.`,
    )
  return waits
}

/** Sets cores and memory back; a disk that has grown cannot shrink, so its size is written down as it is. */
async function setBack(run: ResizeRun): Promise<void> {
  const before = await whatIsLeft(run)
  if (before === null) return
  const { pod } = before.guest
  await setSize(run, before, { cores: pod.cores, memoryMb: pod.memory_mb })
  const after = await ours(run)
  const pendingRestart = await waitsForRestart(run, after, await isRunning(run, after))
  const diskGb = Math.ceil(after.config.diskGb ?? 0)
  await run.tx((ctx) => cloudPodService.noteSetBack(ctx, pod.tenant_id, pod.id, { diskGb, pendingRestart }))
}

/** Waits until a task that was interrupted has ended: only then is what is read what is left. */
const settle = async (run: ResizeRun): Promise<void> => void (await whatIsLeft(run))

export const cloudPodResize: JobHandler<ResizePayload> = {
  kind: podResize.kind,
  parse: (payload) => podResize.payload.parse(payload),
  steps: [
    {
      name: 'configure',
      title: 'Setting cores and memory',
      run: async (run) => setSize(run, await ours(run), run.payload.size),
      idempotent: true,
      undo: setBack,
    },
    { name: 'disk', title: 'Growing the disk', run: growDisk, idempotent: true, undo: settle },
    {
      name: 'restart',
      title: 'Restarting, if it was asked for',
      run: restart,
      probe: async (run) => ({ ...(await probeTask(run, 'rebooting')), output: true }),
      undo: settle,
    },
    { name: 'verify', title: 'Reading the new size back', run: verify, idempotent: true },
    {
      name: 'record',
      title: 'Recording the new size',
      commit: async (ctx, run) => {
        const { tenantId, podId, size, changeId, planId } = run.payload
        // Subscriptions are locked before their pods.
        if (changeId !== undefined) await BillingService.changeDone(ctx, tenantId, changeId)
        const pendingRestart = run.output('verify') === true
        await cloudPodService.markResized(ctx, tenantId, podId, size, { pendingRestart, planId })
      },
    },
  ],
  failed: async (ctx, { tenantId, podId, reboot: rebooted, changeId }, error) => {
    if (changeId !== undefined) await BillingService.changeFailed(ctx, tenantId, changeId, error.message)
    await cloudPodService.markResizeFailed(ctx, tenantId, podId, error.message, rebooted)
  },
}
