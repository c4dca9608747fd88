import { sleep } from '../lib/backoff.ts'
import { podMigrate, type MigratePayload } from '../services/cloudPodQueues.ts'
import * as cloudPodMigrationService from '../services/cloudPodMigrationService.ts'
import type { Arrived } from '../services/cloudPodMigrationService.ts'
import {
  awaitTask,
  doTask,
  findOurs,
  noteTasks,
  openGuest,
  ours,
  startedTask,
  type Own,
} from './cloudPodGuest.ts'
import { SHUTDOWN_SECONDS } from './cloudPodReboot.ts'
import { unlessForeign } from './cloudPodSnapshot.ts'
import { JobError, permanent, valueOf, waitFor } from './errors.ts'
import type { Found, JobHandler, Run } from './steps.ts'

type MigrateRun = Run<MigratePayload>

/** Also what the high availability is asked for. */
const TASKS = /^(?:qmigrate|vzmigrate|hamigrate)$/
const DOING = 'moving'

const targetOf = (run: MigrateRun) => run.read((ctx) => cloudPodMigrationService.targetOf(ctx, run.payload))

const isRunning = async (run: MigrateRun, { guest, ref }: Own): Promise<boolean> =>
  valueOf(await guest.proxmox.status(ref, run)).status === 'running'

/** @throws JobError permanent for a pod that is to be destroyed */
async function open(run: MigrateRun): Promise<Own> {
  const own = await ours(run)
  if (own.guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  return own
}

/** Where its disk goes on the other node; nothing for one on a storage that both have. */
async function storageFor(
  run: MigrateRun,
  { guest, ref, config }: Own,
  there: string | null,
): Promise<string | undefined> {
  const volume = config.diskKey === null ? undefined : config.raw[config.diskKey]
  const name = volume?.replace(/^(?:file|volume)=/, '').split(':')[0]
  const storages = valueOf(await guest.proxmox.storages(ref.node, run))
  const isShared = storages.some((storage) => storage.name === name && storage.shared)
  return isShared ? undefined : (there ?? undefined)
}

/** A guest that is on its way has its disks on two nodes. */
async function move(run: MigrateRun): Promise<void> {
  const own = await open(run)
  const to = await targetOf(run)
  if (own.ref.node === to.node) return
  const storage = await storageFor(run, own, to.storage)
  const online = await isRunning(run, own)
  const { proxmox } = own.guest
  await noteTasks(run, own.guest, own.ref.node, TASKS)
  try {
    await doTask(run, proxmox, DOING, () =>
      proxmox.migrate(
        own.ref,
        {
          target: to.node,
          online,
          shutdownSeconds: SHUTDOWN_SECONDS,
          ...(storage === undefined ? {} : { storage }),
        },
        run,
      ),
    )
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'task_failed' || !(await isAt(run, to.node)))
      throw error
    // What failed came after the guest had moved.
    await run.log(error.message, 'warning')
  }
}

/** Whether the guest is there, whole. */
async function isAt(run: MigrateRun, node: string): Promise<boolean> {
  const found = await findOurs(run, await openGuest(run))
  return found !== null && found.ref.node === node && found.config.lock !== 'migrate'
}

/** A guest must not be asked to move twice: the node's task list says whether it was, and the cluster where it is. */
async function probe(run: MigrateRun): Promise<Found> {
  const guest = await openGuest(run)
  const to = await targetOf(run)
  const mine = await startedTask(run, guest, TASKS)
  if (mine === undefined) return { done: await isAt(run, to.node) }
  try {
    await awaitTask(run, guest.proxmox, mine, DOING)
  } catch (error) {
    if (!(error instanceof JobError) || !ENDED_BADLY.has(error.code)) throw error
    if (await isAt(run, to.node)) return { done: true }
    if (error.code === 'task_failed') throw error
    await requireUnlocked(run)
    return { done: false }
  }
  return { done: true }
}

const ENDED_BADLY = new Set(['task_failed', 'task_unknown'])

/** A task that was killed leaves its guest locked, with disks on two nodes: somebody must look at it. */
async function requireUnlocked(run: MigrateRun): Promise<void> {
  const found = await findOurs(run, await openGuest(run))
  if (found?.config.lock === 'migrate')
    throw new JobError(
      'wait',
      'locked',
      `guest ${found.ref.vmid} on ${found.ref.node} is still locked (migrate), but nothing moves it any more: look at it there, and unlock it`,
      true,
    )
}

const ARRIVES_WITHIN_MS = 30_000
/** The high availability comes to it when it has time. */
const MANAGED_WITHIN_MS = 600_000

/** Waits until the guest is on its new node. */
async function arrive(run: MigrateRun): Promise<void> {
  const to = await targetOf(run)
  const begun = Date.now()
  for (;;) {
    const own = await ours(run)
    const isMoving = own.config.lock === 'migrate'
    if (own.ref.node === to.node && !isMoving) return
    const { managed } = valueOf(await own.guest.proxmox.status(own.ref, run))
    if (Date.now() - begun > (managed ? MANAGED_WITHIN_MS : ARRIVES_WITHIN_MS)) {
      if (isMoving) throw waitFor('moving', `guest ${own.ref.vmid} is still moving`)
      throw permanent('not_moved', `The guest is on ${own.ref.node} and not on ${to.node}.`)
    }
    await run.progress(null, managed ? 'waiting for the high availability' : DOING)
    await sleep(run.options.pollTaskMs, run.signal)
  }
}

async function start(run: MigrateRun): Promise<void> {
  if (run.output('look') !== true) return
  const own = await open(run)
  if (await isRunning(run, own)) return
  await doTask(run, own.guest.proxmox, 'starting', () => own.guest.proxmox.start(own.ref, run))
}

async function readBack(run: MigrateRun): Promise<Arrived> {
  const own = await ours(run)
  const to = await targetOf(run)
  const power = (await isRunning(run, own)) ? 'running' : 'stopped'
  const wanted = run.output('look') === true ? 'running' : 'stopped'
  if (own.ref.node !== to.node || power !== wanted)
    throw new JobError(
      'retry',
      'read_back_differs',
      `The guest is ${power} on ${own.ref.node} instead of ${wanted} on ${to.node}.`,
    )
  return { node: own.ref.node, power }
}

/**
 * Nothing is moved back: what came of the task is awaited, what ran is started again, and the pod counts where its guest
 * really is.
 */
async function settle(run: MigrateRun): Promise<void> {
  const guest = await openGuest(run)
  const mine = await startedTask(run, guest, TASKS)
  if (mine !== undefined) await ended(run, guest.proxmox, mine)
  await requireUnlocked(run)
  const found = await findOurs(run, guest)
  if (!found) return
  const own = { guest, ...found }
  if (run.output('look') === true && guest.pod.state === 'active' && !(await isRunning(run, own)))
    await startAgain(run, own)
  const power = (await isRunning(run, own)) ? 'running' : 'stopped'
  await run.tx((ctx) => cloudPodMigrationService.noteWhere(ctx, run.payload, { node: found.ref.node, power }))
}

async function ended(run: MigrateRun, proxmox: Own['guest']['proxmox'], upid: string): Promise<void> {
  try {
    await awaitTask(run, proxmox, upid, DOING)
  } catch (error) {
    if (!(error instanceof JobError) || !ENDED_BADLY.has(error.code)) throw error
  }
}

async function startAgain(run: MigrateRun, { guest, ref }: Own): Promise<void> {
  try {
    await doTask(run, guest.proxmox, 'starting', () => guest.proxmox.start(ref, run))
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'task_failed') throw error
    await run.log(`${error.message}; it stays off`, 'warning')
  }
}

/** Moves a guest to another node: a running machine stays up, a running container is restarted. */
export const cloudPodMigrate: JobHandler<MigratePayload> = {
  kind: podMigrate.kind,
  parse: (payload) => podMigrate.payload.parse(payload),
  steps: [
    {
      name: 'look',
      title: 'Looking whether it runs',
      run: async (run) => isRunning(run, await open(run)),
      idempotent: true,
    },
    {
      name: 'move',
      title: 'Moving to the other node',
      run: move,
      probe,
      undo: (run) => unlessForeign(() => settle(run)),
    },
    { name: 'arrive', title: 'Waiting until it is there', run: arrive, idempotent: true },
    { name: 'start', title: 'Starting what ran before', run: start, idempotent: true },
    { name: 'readBack', title: 'Reading node and power back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording where it is',
      commit: (ctx, run) =>
        cloudPodMigrationService.markArrived(ctx, run.payload, run.output('readBack') as Arrived),
    },
  ],
  failed: (ctx, payload, error) => cloudPodMigrationService.markMigrationFailed(ctx, payload, error.message),
}
