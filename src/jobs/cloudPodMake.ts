import { stampedNow } from '../context.ts'
import * as pods from '../db/cloudPods.ts'
import * as podAddresses from '../db/cloudPodAddresses.ts'
import type { PodAddress } from '../db/cloudPodAddresses.ts'
import type { GuestConfig, Outcome } from '../integrations/proxmox/types.ts'
import type { CreatePayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { TAG } from './cloudPodMark.ts'
import { removeRemains, requestFromBackup } from './cloudPodFromBackup.ts'
import {
  awaitTask,
  CLOCK_MARGIN_MS,
  doTask,
  findOurs,
  findSettled,
  look,
  openGuest,
  type Guest,
} from './cloudPodGuest.ts'
import { network, requireClaimed } from './cloudPodNetwork.ts'
import { JobError, permanent, taskOf, valueOf, waitFor } from './errors.ts'
import type { Found, Run } from './steps.ts'

type PodRun = Run<CreatePayload>
/** Written before the request that makes the guest: what to look for if its answer is lost. */
type Intent = { vmid: number; node: string; since: string; upid: string | null }

export const addresses = (run: PodRun): Promise<PodAddress[]> =>
  run.read((ctx) => podAddresses.addressesOf(ctx.tx, run.payload.podId))

/** Where a guest is made, and how it gets another VMID. */
export type Place<P extends CreatePayload> = {
  open(run: Run<P>): Promise<Guest>
  otherVmid(run: Run<P>): Promise<number>
  /** How it is asked for, where it is neither a blueprint's image nor a backup. */
  request?(run: Run<P>, guest: Guest, storage: string): Promise<Outcome<never>>
}

/** The pod's own place. */
const OWN: Place<CreatePayload> = {
  open: openGuest,
  otherVmid: (run) =>
    run.tx((ctx) => cloudPodService.reassignVmid(ctx, run.payload.tenantId, run.payload.podId)),
}

/** @throws JobError permanent once the pod is to be destroyed: what is not finished need not be made */
async function openToMake<P extends CreatePayload>(run: Run<P>, at: Place<P>): Promise<Guest> {
  const guest = await at.open(run)
  if (guest.pod.state === 'deleting')
    throw permanent('cancelled', 'The pod was cancelled before it was finished.')
  return guest
}

export const openForCreation = (run: PodRun): Promise<Guest> => openToMake(run, OWN)

export async function make(run: PodRun): Promise<void> {
  await requireCompared(run)
  await requireClaimed(run)
  return makeAt(run, OWN)
}
/**
 * A database that was restored does not know which addresses are in use by now. The comparison finds out, and gives pods that
 * are not made yet others.
 */
async function requireCompared(run: PodRun): Promise<void> {
  const { tenantId, podId } = run.payload
  const isUncompared = await run.read(async (ctx) => {
    const pod = await pods.find(ctx.tx, tenantId, podId)
    return pod !== undefined && provisioningService.isUncompared(ctx, pod.cluster_id)
  })
  if (isUncompared)
    throw waitFor(
      'cluster_uncompared',
      'The cluster is compared with the pods before anything is made on it, since everything was stopped and started again. That is done within a few minutes.',
    )
}
export const probeMake = (run: PodRun): Promise<Found> => probeMakeAt(run, OWN)
export const unmake = (run: PodRun): Promise<void> => unmakeAt(run, OWN)

/** Makes the guest under a VMID that is free on the cluster; another VMID is taken as often as strangers hold ours. */
export async function makeAt<P extends CreatePayload>(run: Run<P>, at: Place<P>): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    const guest = await openToMake(run, at)
    const found = asked(run, guest) ? await look(run, guest) : await lookUnasked(run, guest)
    if (found !== 'free' && found !== 'foreign') return settle(run, guest, found.config)
    if (found === 'free') {
      if (await request(run, guest, at)) return
      // Somebody was faster. Who, is looked at: it may have been a request of ours whose answer was lost.
      continue
    }
    if (await removeRemains(run, guest)) continue
    const vmid = await at.otherVmid(run)
    await run.log(`VMID ${guest.pod.vmid} is held by a guest that is not ours; taking ${vmid}`, 'warning')
  }
  throw permanent(
    'vmid_range_foreign',
    'Fifty VMIDs in a row are held by guests that mPanel did not make. Give the cluster a range of its own.',
  )
}

/** Whether this VMID was ever asked for, as far as is known: only then can what is just being made there be ours. */
const asked = (run: PodRun, guest: Guest): boolean => (run.saved() as Intent | null)?.vmid === guest.pod.vmid

const UNCLEAR = new Set(['being_made', 'not_listed', 'moving', 'forbidden'])

/** A database that was restored does not know that it was asked for. A guest with the pod's own mark is the pod's. */
async function lookUnasked(run: PodRun, guest: Guest): ReturnType<typeof look> {
  try {
    return await look(run, guest)
  } catch (error) {
    if (error instanceof JobError && UNCLEAR.has(error.code)) return 'foreign'
    throw error
  }
}

/** @returns false when the VMID was taken in the moment between looking and making */
async function request<P extends CreatePayload>(run: Run<P>, guest: Guest, at: Place<P>): Promise<boolean> {
  const intent: Intent = {
    vmid: guest.pod.vmid,
    node: guest.nodeName,
    since: new Date(stampedNow(run.root)).toISOString(),
    upid: null,
  }
  if (guest.storage === null)
    throw permanent('storage_missing', `Node ${guest.nodeName} has no storage for pods.`)
  const answer = await send(run, guest, at, guest.storage, intent)
  if (answer.outcome === 'rejected' && answer.code === 'exists') return false
  if (answer.outcome === 'rejected' && answer.code === 'missing')
    throw permanent('image_missing', `What the pod is made out of is gone: ${answer.message}`)
  const upid = taskOf(answer)
  if (upid === null) return true
  await run.save({ ...intent, upid }, `making guest ${guest.pod.vmid} on ${guest.nodeName}: ${upid}`)
  try {
    await awaitTask(run, guest.proxmox, upid, doing(run))
  } catch (error) {
    if (error instanceof JobError && error.code === 'exists') return false
    throw error
  }
  return true
}

const doing = ({ payload }: PodRun): string =>
  payload.backupId === undefined ? 'cloning disk' : 'restoring the backup'

/** Writes down what is asked for on which node, and asks. */
async function send<P extends CreatePayload>(
  run: Run<P>,
  guest: Guest,
  at: Place<P>,
  storage: string,
  intent: Intent,
): Promise<Outcome<never>> {
  if (at.request) {
    await run.save(intent)
    return at.request(run, guest, storage)
  }
  const { backupId } = run.payload
  if (backupId !== undefined) {
    await run.save({ ...intent, node: guest.nodeName })
    const { net0 } = network(guest, await addresses(run))
    return requestFromBackup(run, guest, { backupId, storage, net0 })
  }
  const image = await run.read((ctx) => pods.imageOf(ctx.tx, guest.pod))
  if (!image)
    throw permanent('image_missing', `The blueprint has no image for node ${guest.nodeName} any more.`)
  await run.save({ ...intent, node: guest.pod.kind === 'vm' ? image.sourceNode : guest.nodeName })
  return guest.pod.kind === 'vm'
    ? requestClone(run, guest, image, storage)
    : requestContainer(run, guest, image.ref, storage)
}

function requestClone(
  run: PodRun,
  guest: Guest,
  image: { ref: string; sourceNode: string },
  storage: string,
) {
  return guest.proxmox.clone(
    {
      node: image.sourceNode,
      templateVmid: Number(image.ref),
      newVmid: guest.pod.vmid,
      name: guest.pod.hostname,
      description: guest.proxmox.words.markerOf(guest.pod.id, run.job.id),
      storage,
      ...(image.sourceNode === guest.nodeName ? {} : { target: guest.nodeName }),
    },
    run,
  )
}

async function requestContainer(
  run: PodRun,
  guest: Guest,
  ostemplate: string,
  storage: string,
): Promise<Outcome<never>> {
  const { pod } = guest
  return guest.proxmox.createContainer(
    {
      node: guest.nodeName,
      vmid: pod.vmid,
      hostname: pod.hostname,
      description: guest.proxmox.words.markerOf(pod.id, run.job.id),
      ostemplate,
      storage,
      diskGb: pod.disk_gb,
      cores: pod.cores,
      memoryMb: pod.memory_mb,
      net0: network(guest, await addresses(run)).net0,
      tags: [TAG],
      ...(pod.ssh_keys === null ? {} : { sshKeys: pod.ssh_keys }),
    },
    run,
  )
}

/** Looks what a lost request has left: the task, then the guest itself. Absence is believed only when proven. */
export async function probeMakeAt<P extends CreatePayload>(run: Run<P>, at: Place<P>): Promise<Found> {
  const intent = run.saved() as Intent | null
  const guest = await at.open(run)
  if (!intent) return { done: false }
  if (intent.upid !== null) await endOfTask(run, guest, intent.upid)
  const found = await look(run, guest)
  if (found !== 'free' && found !== 'foreign') {
    await settle(run, guest, found.config)
    return { done: true }
  }
  if (intent.upid === null) await requireNothingRunning(run, guest, intent)
  return { done: false }
}

/** A task we know: wait for it. How it ended is judged by what it left. */
async function endOfTask(run: PodRun, guest: Guest, upid: string): Promise<void> {
  try {
    await awaitTask(run, guest.proxmox, upid, doing(run))
  } catch (error) {
    if (error instanceof JobError && error.code !== 'task_unreadable') return
    throw error
  }
}

/** Making tasks of ours that began with the intent and may be for this guest may still be writing: wait for them. */
async function requireNothingRunning(run: PodRun, guest: Guest, intent: Intent): Promise<void> {
  const since = new Date(Date.parse(intent.since) - CLOCK_MARGIN_MS)
  const tasks = valueOf(await guest.proxmox.tasksSince(intent.node, since, run))
  for (const task of tasks.filter((candidate) => candidate.running)) {
    const isMaking = /^(?:vzcreate|qmrestore|vzrestore)$/.test(task.type)
    if (isMaking && Number(task.vmid) !== intent.vmid) continue
    if (!isMaking && task.type !== 'qmclone') continue
    // A clone's UPID names its source; whom it makes is told by the volumes in its log, once it has begun one.
    const lines = valueOf(await guest.proxmox.taskLog(task.upid, 100, run)).join('\n')
    const named = [...lines.matchAll(/\bvm-(\d+)-/g)].map((match) => Number(match[1]))
    const targets = named.filter((vmid) => vmid !== Number(task.vmid))
    if (targets.length > 0 && !targets.includes(intent.vmid)) continue
    throw waitFor('clone_running', `a task that may be ours is running: ${task.upid}`)
  }
}

/** The guest carries our marker; it is complete once its lock is gone. */
async function settle(run: PodRun, guest: Guest, config: GuestConfig): Promise<void> {
  if (config.lock !== null)
    throw waitFor('clone_running', `guest ${guest.pod.vmid} is still locked (${config.lock})`)
  await run.log(`guest ${guest.pod.vmid} carries our marker: going on with it`)
}

/** Removes what was made, if it is ours and if anything is there. */
export async function unmakeAt<P extends CreatePayload>(run: Run<P>, at: Place<P>): Promise<void> {
  const intent = run.saved() as Intent | null
  // Nothing was ever asked of the cluster.
  if (intent === null) return
  const guest = await at.open(run)
  if (intent.upid !== null) await endOfTask(run, guest, intent.upid)
  const found = await look(run, guest)
  if (found === 'free') return intent.upid === null ? requireNothingRunning(run, guest, intent) : undefined
  if (found === 'foreign') return void (await removeRemains(run, guest))
  await remove(run, guest)
}

/** Stops and destroys our guest, then proves that it is gone. */
export async function remove(run: PodRun, guest: Guest): Promise<void> {
  const running = await findSettled(run, guest)
  if (!running) return
  if (valueOf(await guest.proxmox.status(running.ref, run)).status === 'running') {
    await doTask(run, guest.proxmox, 'stopping', () => guest.proxmox.stop(running.ref, run))
  }
  // Looked at again right before the destructive call: a VMID is not identity.
  const ours = await findOurs(run, guest)
  if (!ours) return
  await doTask(run, guest.proxmox, 'destroying', () => guest.proxmox.destroy(ours.ref, run))
  if (await findOurs(run, guest))
    throw new JobError('retry', 'still_there', `guest ${guest.pod.vmid} is still there`)
}
