import { stampedNow, type Ctx } from '../context.ts'
import * as pods from '../db/cloudPods.ts'
import type { PodRow } from '../db/cloudPods.ts'
import type { GuestConfig, GuestRef, Outcome, Proxmox, TaskState } from '../integrations/proxmox/types.ts'
import { sleep } from '../lib/backoff.ts'
import type { PodPayload } from '../services/cloudPodQueues.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { JobError, kindOf, permanent, taskOf, valueOf, waitFor } from './errors.ts'
import type { Run } from './steps.ts'

/** A pod with its place and a client of its cluster: what every step about a guest begins with. */
export type Guest = {
  pod: PodRow
  nodeName: string
  storage: string | null
  proxmox: Proxmox
  /** It is the second guest of its pod: its card is down, so that two guests never answer with one address. */
  aside?: true
}

export function openGuest<P extends PodPayload>(run: Run<P>): Promise<Guest> {
  return run.tx(async (ctx) => {
    const { podId, tenantId } = run.payload
    const pod = await pods.lock(ctx.tx, tenantId, podId)
    if (!pod) throw permanent('pod_missing', `pod ${podId} is not in the database`)
    const { nodeName, storage } = await pods.placement(ctx.tx, podId)
    return { pod, nodeName, storage, proxmox: await clientOf(ctx, pod.cluster_id) }
  })
}

export async function clientOf(ctx: Ctx, clusterId: string): Promise<Proxmox> {
  return ctx.vendors.proxmox(await provisioningService.clusterConnection(ctx, clusterId))
}

/**
 * Where the guest of this pod is now, on whichever node. `null` is returned only for proven absence: the VMID is free
 * on a cluster with quorum.
 * @throws JobError permanent `not_ours` when the VMID is held by a guest without our marker; wait while a clone in
 *   progress has not written its marker yet
 */
export async function findOurs(
  run: Run<PodPayload>,
  guest: Guest,
): Promise<{ ref: GuestRef; config: GuestConfig } | null> {
  const found = await look(run, guest)
  if (found === 'free') return null
  if (found === 'foreign') {
    throw permanent(
      'not_ours',
      `VMID ${guest.pod.vmid} is held by a guest that mPanel did not make: nothing was done to it.`,
    )
  }
  return found
}

/** Like findOurs, for callers that can choose another VMID. */
export async function look(
  run: Run<PodPayload>,
  { pod, proxmox }: Guest,
): Promise<'free' | 'foreign' | { ref: GuestRef; config: GuestConfig }> {
  if (valueOf(await proxmox.vmidFree(pod.vmid, run))) return 'free'
  const ref = valueOf(await proxmox.locate(pod.vmid, run))
  if (!ref) throw waitFor('not_listed', `VMID ${pod.vmid} is taken but not listed by the cluster yet`)
  const answer = await proxmox.config(ref, run)
  if (answer.outcome === 'rejected' && answer.code === 'missing') {
    throw waitFor('moving', `guest ${pod.vmid} is not on ${ref.node} any more`)
  }
  const config = valueOf(answer)
  const owner = proxmox.words.parseMarker(config.description)
  if (owner?.podId === pod.id) return { ref, config }
  // A clone in progress shows no description yet: neither ours nor foreign.
  if (owner === null && (config.lock === 'clone' || config.lock === 'create')) {
    throw waitFor('being_made', `VMID ${pod.vmid} is just being made and does not say by whom yet`)
  }
  return 'foreign'
}

const PERCENT = /\((\d{1,3})(?:\.\d+)?%\)/

/**
 * Waits for a Proxmox task to its end.
 * @throws JobError `permanent` with the task's own error; `unknown` when it neither succeeded nor failed; `wait` while
 *   the cluster cannot be asked
 */
export async function awaitTask(
  run: Run<PodPayload>,
  proxmox: Proxmox,
  upid: string,
  doing: string,
): Promise<void> {
  const begun = Date.now()
  for (;;) {
    const task = await readTask(run, proxmox, upid, doing)
    if (task.state === 'ok') {
      if (task.warnings) await run.log(`${doing}: finished with warnings`, 'warning')
      return
    }
    if (task.state === 'failed') throw taskError(doing, task)
    if (task.state === 'unknown') throw new JobError('unknown', 'task_unknown', `${doing}: ${task.message}`)
    const log = await proxmox.taskLog(upid, 3, run)
    const percent =
      log.outcome === 'ok' ? PERCENT.exec(log.value.findLast((line) => PERCENT.test(line)) ?? '') : null
    await run.progress(
      percent === null ? null : Number(percent[1]),
      percent === null ? doing : `${doing}, ${percent[1]} %`,
    )
    await sleep(pauseMs(Date.now() - begun, run.options.pollTaskMs), run.signal)
  }
}

/** A task is looked at again after a share of the time it has taken: its end is seen late by that share at most. */
const pauseMs = (elapsedMs: number, pollTaskMs: number): number =>
  Math.min(Math.max(elapsedMs / 20, pollTaskMs / 10), pollTaskMs * 4)

/** While the task cannot be asked for, what it does stays in doubt. */
async function readTask(
  run: Run<PodPayload>,
  proxmox: Proxmox,
  upid: string,
  doing: string,
): Promise<TaskState> {
  const answer = await proxmox.task(upid, run)
  if (answer.outcome === 'ok') return answer.value
  const why = answer.outcome === 'pending' ? 'it is still running' : answer.message
  throw new JobError('wait', 'task_unreadable', `${doing}: ${why}`, true)
}

/** What passes by itself is waited for, what somebody else was faster with is looked at again; the rest is final. */
function taskError(doing: string, task: TaskState & { state: 'failed' }): JobError {
  const kind = kindOf(task)
  return new JobError(kind, kind === 'permanent' ? 'task_failed' : task.code, `${doing}: ${task.message}`)
}

/** Clocks of nodes and of ours may differ by this much. */
export const CLOCK_MARGIN_MS = 300_000

/**
 * Like findOurs, once nothing runs on the guest any more that an earlier attempt of this step may have started: what
 * is read then is still true when the step acts.
 */
export async function findSettled(
  run: Run<PodPayload>,
  guest: Guest,
): Promise<{ ref: GuestRef; config: GuestConfig } | null> {
  const { since } = (run.saved() as { since?: string } | null) ?? {}
  const found = await findOurs(run, guest)
  if (!found || since === undefined) return found
  const from = new Date(Date.parse(since) - CLOCK_MARGIN_MS)
  const tasks = valueOf(await guest.proxmox.tasksSince(found.ref.node, from, run))
  const running = tasks.find(
    (task) => task.running && Number(task.vmid) === guest.pod.vmid && /^(?:qm|vz)/.test(task.type),
  )
  if (running) throw waitFor('task_running', `a task on guest ${guest.pod.vmid} is running: ${running.upid}`)
  // Read after the tasks: one may have ended in between.
  return findOurs(run, guest)
}

export type Own = { guest: Guest; ref: GuestRef; config: GuestConfig }

/** The pod's guest, which must be there. @throws JobError `guest_lost`, and those of findOurs */
export async function ours(run: Run<PodPayload>): Promise<Own> {
  const guest = await openGuest(run)
  const found = await findSettled(run, guest)
  if (!found) throw permanent('guest_lost', `guest ${guest.pod.vmid} does not exist on its cluster`)
  return { guest, ...found }
}

/** Sends a call that may start a task and waits for its end. That it is sent is written down first, then the task. */
export async function doTask(
  run: Run<PodPayload>,
  proxmox: Proxmox,
  doing: string,
  call: () => Promise<Outcome<unknown>>,
): Promise<void> {
  const begun = { ...(run.saved() as object | null), since: new Date(stampedNow(run.root)).toISOString() }
  await run.save({ ...begun, upid: null })
  const upid = taskOf(await call())
  if (upid === null) return
  await run.save({ ...begun, upid }, `${doing}: ${upid}`)
  await awaitTask(run, proxmox, upid, doing)
  const asked = /:ha(start|stop):(\d+):/.exec(upid)
  if (asked) await obeyed(run, proxmox, Number(asked[2]), asked[1] === 'start' ? 'running' : 'stopped')
}

const OBEYED_WITHIN_MS = 300_000

/**
 * A guest of the high availability is not started or stopped but asked for: the task ends at once, and this waits until it
 * was done.
 */
export async function obeyed(
  run: Run<PodPayload>,
  proxmox: Proxmox,
  vmid: number,
  wanted: 'running' | 'stopped',
): Promise<void> {
  const end = Date.now() + OBEYED_WITHIN_MS
  for (;;) {
    const ref = valueOf(await proxmox.locate(vmid, run))
    if (ref && valueOf(await proxmox.status(ref, run)).status === wanted) return
    if (Date.now() > end)
      throw waitFor('ha_pending', `the high availability has not made guest ${vmid} ${wanted} yet`)
    await run.progress(null, 'waiting for the high availability')
    await sleep(run.options.pollTaskMs, run.signal)
  }
}

/** How far back the node's task list is read; whatever began before our request is known and left out. */
const LOOK_BACK_MS = 3_600_000

async function tasksOf(
  run: Run<PodPayload>,
  { proxmox, pod }: Guest,
  node: string,
  type: RegExp,
): Promise<string[]> {
  const since = new Date(stampedNow(run.root) - LOOK_BACK_MS)
  const tasks = valueOf(await proxmox.tasksSince(node, since, run))
  return tasks
    .filter((task) => type.test(task.type) && Number(task.vmid) === pod.vmid)
    .map((task) => task.upid)
}

/** Writes down which tasks of a type the guest has, before the one that must not happen twice is asked for. */
export async function noteTasks(
  run: Run<PodPayload>,
  guest: Guest,
  node: string,
  type: RegExp,
): Promise<void> {
  await run.save({ node, before: await tasksOf(run, guest, node, type) })
}

/** The task that an earlier attempt of this step has started, also when its answer was lost. */
export async function startedTask(
  run: Run<PodPayload>,
  guest: Guest,
  type: RegExp,
): Promise<string | undefined> {
  const saved = (run.saved() as { upid?: string | null; node?: string; before?: string[] } | null) ?? {}
  const { upid, node, before } = saved
  if (upid || node === undefined || before === undefined) return upid ?? undefined
  return (await tasksOf(run, guest, node, type)).find((task) => !before.includes(task))
}

/** For undoing: our guest once nothing runs on it any more, null when there is none. */
export async function whatIsLeft(run: Run<PodPayload>): Promise<Own | null> {
  const guest = await openGuest(run)
  if (typeof (await look(run, guest)) === 'string') return null
  const found = await findSettled(run, guest)
  return found && { guest, ...found }
}
