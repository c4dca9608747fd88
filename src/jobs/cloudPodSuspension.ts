import type { GuestConfig, GuestRef, HaState } from '../integrations/proxmox/types.ts'
import * as BillingService from '../services/BillingService.ts'
import { podResume, podSuspend, type SuspensionPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import * as tenantSuspensionService from '../services/tenantSuspensionService.ts'
import { doTask, findSettled, obeyed, openGuest, type Guest } from './cloudPodGuest.ts'
import { shutDown } from './cloudPodAside.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type Found = { guest: Guest; ref: GuestRef; config: GuestConfig; running: boolean; ha: HaState | null }

/** What a suspension finds: whether the guest runs, and what its cluster's high availability was asked to do about it. */
type Looked = Pick<Found, 'running' | 'ha'>

/** The guest with its power, or null when the pod has none that runs or could run. */
async function look(run: Run<SuspensionPayload>): Promise<Found | null> {
  const guest = await openGuest(run)
  if (guest.pod.state !== 'active') return null
  const found = await findSettled(run, guest)
  if (!found) throw permanent('guest_lost', `guest ${guest.pod.vmid} does not exist on its cluster`)
  const { status, managed } = valueOf(await guest.proxmox.status(found.ref, run))
  const ha = managed ? valueOf(await guest.proxmox.haState(found.ref, run)) : null
  return { guest, ...found, running: status === 'running', ha }
}

const holds = async (run: Run<SuspensionPayload>): Promise<boolean> => {
  const { suspension } = await run.read((ctx) => tenantSuspensionService.of(ctx, run.payload))
  return suspension !== undefined && suspension.ended_at === null
}

const startsWithNode = ({ config }: Found): boolean => config.raw.onboot === '1'

/** A suspended guest must not come back when its node is started. */
async function setAutostart(run: Run<SuspensionPayload>, found: Found, onboot: boolean): Promise<void> {
  if (startsWithNode(found) === onboot) return
  const { guest, ref, config } = found
  await doTask(run, guest.proxmox, 'setting whether it starts with its node', () =>
    guest.proxmox.configure(ref, { onboot }, { digest: config.digest, signal: run.signal }),
  )
}

/** What is left alone by the high availability, or kept off by it. */
const keptOff = (ha: HaState | null): boolean => ha !== 'started' && ha !== 'enabled'

/**
 * Asks something else of the high availability. Its configuration stays, so that it comes back with its rules. A token that
 * may not change it can still ask it to start and stop: that is done instead.
 */
async function askHa(run: Run<SuspensionPayload>, { guest, ref }: Found, state: HaState): Promise<boolean> {
  const answer = await guest.proxmox.setHaState(ref, state, run)
  if (answer.outcome === 'rejected' && answer.code === 'forbidden') {
    await run.log(
      `The token may not set the high availability to ${state} (Sys.Console on /): the guest is only started or stopped by it.`,
      'warning',
    )
    return false
  }
  valueOf(answer)
  await run.log(`The high availability was set to ${state}.`)
  return true
}

/** Out of the high availability first: it would start again what is stopped. Being disabled it stops the guest itself. */
async function disableHa(run: Run<SuspensionPayload>, found: Found): Promise<Found | null> {
  if (found.ha === null || found.ha === 'disabled' || found.ha === 'ignored') return found
  if (await askHa(run, found, 'disabled')) await obeyed(run, found.guest.proxmox, found.ref.vmid, 'stopped')
  return look(run)
}

/** A guest that does not shut down in time is stopped. */
async function stop(run: Run<SuspensionPayload>): Promise<void> {
  const seen = await look(run)
  if (!seen || run.output('look') === null) return
  await setAutostart(run, seen, false)
  const found = await disableHa(run, seen)
  if (found?.running) await shutDown(run, found)
}

/** @returns whether there is a guest whose power was read back */
async function readBack(run: Run<SuspensionPayload>, wanted: boolean): Promise<boolean> {
  const found = await look(run)
  if (found && found.running !== wanted)
    throw new JobError('retry', 'read_back_differs', `The guest is ${wanted ? 'stopped' : 'still running'}.`)
  if (found && !wanted && !keptOff(found.ha))
    throw new JobError('retry', 'read_back_differs', 'The high availability would start the guest again.')
  if (found && !wanted && startsWithNode(found))
    throw new JobError('retry', 'read_back_differs', 'The guest would start with its node.')
  return found !== null
}

/** Stops a pod because its tenant or its subscription is suspended, and remembers whether it ran. What fails for good waits for a person. */
export const cloudPodSuspend: JobHandler<SuspensionPayload> = {
  kind: podSuspend.kind,
  parse: (payload) => podSuspend.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'look',
      title: 'Looking whether it runs',
      run: async (run): Promise<Looked | null> => {
        const found = (await holds(run)) ? await look(run) : null
        return found && { running: found.running, ha: found.ha }
      },
      idempotent: true,
    },
    {
      name: 'remember',
      title: 'Remembering its power state',
      commit: async (ctx, run) => {
        const looked = run.output('look') as Looked | null
        if (looked !== null) await tenantSuspensionService.remember(ctx, run.payload, looked)
      },
    },
    { name: 'stop', title: 'Shutting down', run: stop, idempotent: true },
    {
      name: 'readBack',
      title: 'Reading the power state back',
      run: async (run) => run.output('look') !== null && readBack(run, false),
      idempotent: true,
    },
    {
      name: 'record',
      title: 'Recording that it is stopped',
      commit: async (ctx, run) => {
        if (run.output('readBack') !== true) return BillingService.podAbsent(ctx, run.payload)
        const { tenantId, podId } = run.payload
        await BillingService.podStopped(ctx, run.payload)
        await cloudPodService.markPower(ctx, tenantId, podId, 'stopped', 'shutdown')
        await tenantSuspensionService.markStopped(ctx, run.payload)
      },
    },
  ],
}

/** Asks of the high availability what was asked of it before; it starts the guest itself then. */
async function giveBackHa(
  run: Run<SuspensionPayload>,
  found: Found,
  before: HaState | null,
): Promise<Found | null> {
  // Somebody has taken it out of the high availability meanwhile, or put it in: that stays.
  if (before === null || found.ha === null || found.ha === before || !keptOff(found.ha)) return found
  if ((await askHa(run, found, before)) && !keptOff(before))
    await obeyed(run, found.guest.proxmox, found.ref.vmid, 'running')
  return look(run)
}

/** Brings a pod back to the power state that its suspension found. */
export const cloudPodResume: JobHandler<SuspensionPayload> = {
  kind: podResume.kind,
  parse: (payload) => podResume.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    {
      name: 'start',
      title: 'Starting what ran before',
      run: async (run) => {
        if (await run.tx((ctx) => tenantSuspensionService.handOver(ctx, run.payload))) {
          await run.log('Another suspension holds it: it stays off until that has ended, too.')
          return false
        }
        const { ran, ha } = await run.read((ctx) => tenantSuspensionService.of(ctx, run.payload))
        const seen = await look(run)
        if (seen) await setAutostart(run, seen, true)
        const found = seen && (await giveBackHa(run, seen, ha))
        if (found && ran === true && !found.running)
          await doTask(run, found.guest.proxmox, 'starting', () => found.guest.proxmox.start(found.ref, run))
        return ran === true
      },
      idempotent: true,
    },
    {
      name: 'readBack',
      title: 'Reading the power state back',
      run: async (run) => run.output('start') === true && readBack(run, true),
      idempotent: true,
    },
    {
      name: 'record',
      title: 'Recording that it is restored',
      commit: async (ctx, run) => {
        const { tenantId, podId } = run.payload
        await BillingService.podRestored(ctx, run.payload)
        if (run.output('readBack') === true)
          await cloudPodService.markPower(ctx, tenantId, podId, 'running', 'start')
        await tenantSuspensionService.markRestored(ctx, run.payload)
      },
    },
  ],
}
