import { podKeep, podUndelete, type PodPayload } from '../services/cloudPodQueues.ts'
import * as deletionService from '../services/cloudPodDeletionService.ts'
import type { KeptAs } from '../services/cloudPodDeletionService.ts'
import {
  isUnplugged,
  noteCards,
  putAside,
  shutDown,
  startsWithNode,
  startUp,
  takeIntoUse,
} from './cloudPodAside.ts'
import { doTask, findSettled, openGuest, ours, type Own } from './cloudPodGuest.ts'
import { unlessForeign } from './cloudPodSnapshot.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type PodRun = Run<PodPayload>
type Looked = { ran: boolean; autostart: boolean }

const isRunning = async (run: PodRun, { guest, ref }: Own): Promise<boolean> =>
  valueOf(await guest.proxmox.status(ref, run)).status === 'running'

/** The guest of a pod that is deleted; null once its absence is proven. */
async function guestOf(run: PodRun): Promise<Own | null> {
  const guest = await openGuest(run)
  const found = await findSettled(run, guest)
  return found && { guest, ...found }
}

async function look(run: PodRun): Promise<Looked | null> {
  const own = await guestOf(run)
  return own && { ran: await isRunning(run, own), autostart: startsWithNode(own.config) }
}

async function stop(run: PodRun): Promise<void> {
  const own = await guestOf(run)
  if (own) await shutDown(run, own)
}

const whyKept = ({ guest }: Own): string =>
  `the deleted pod ${guest.pod.hostname}, without a network. It can be undeleted.`

async function setAside(run: PodRun): Promise<string[]> {
  const own = await guestOf(run)
  if (!own) return []
  const cards = await noteCards(run, own)
  await putAside(run, own, whyKept(own))
  return cards
}

/** @returns whether there is a guest that is kept */
async function prove(run: PodRun): Promise<boolean> {
  const own = await guestOf(run)
  if (!own) return false
  if ((await isRunning(run, own)) || !isUnplugged(own) || startsWithNode(own.config))
    throw new JobError('retry', 'read_back_differs', 'The guest is not off and without a network yet.')
  return true
}

/** Puts a deleted pod aside, so that it can be undeleted. It is a decision in force: what fails for good waits for a person. */
export const cloudPodKeep: JobHandler<PodPayload> = {
  kind: podKeep.kind,
  parse: (payload) => podKeep.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    { name: 'look', title: 'Looking whether it runs', run: look, idempotent: true },
    { name: 'stop', title: 'Shutting down', run: stop, idempotent: true },
    { name: 'setAside', title: 'Taking its network away', run: setAside, idempotent: true },
    { name: 'prove', title: 'Reading back that it is off', run: prove, idempotent: true },
    {
      name: 'record',
      title: 'Recording until when it is kept',
      commit: (ctx, run) => {
        const looked = run.output('look') as Looked | null
        if (looked === null || run.output('prove') !== true)
          return deletionService.destroyInstead(ctx, run.payload)
        const cards = run.output('setAside') as string[]
        return deletionService.markRecoverable(ctx, run.payload, { ...looked, cards })
      },
    },
  ],
}

/** @throws JobError permanent when the pod is not to be undeleted any more */
async function kept(run: PodRun): Promise<Own> {
  const own = await ours(run)
  if (own.guest.pod.state !== 'recoverable') throw permanent('cancelled', 'The pod is not kept any more.')
  return own
}

const asKept = (run: PodRun): KeptAs => run.output('look') as KeptAs

async function giveBack(run: PodRun): Promise<void> {
  const { cards, autostart } = asKept(run)
  await takeIntoUse(run, await kept(run), { cards, onboot: autostart })
}

async function start(run: PodRun): Promise<void> {
  const own = await kept(run)
  if (asKept(run).ran) await startUp(run, own)
}

async function readBack(run: PodRun): Promise<'running' | 'stopped'> {
  const own = await kept(run)
  const { ran, cards } = asKept(run)
  const runs = await isRunning(run, own)
  const isDown = cards.some((key) => own.guest.proxmox.words.isLinkDown(own.config.raw[key] ?? ''))
  if (runs !== ran || isDown)
    throw new JobError(
      'retry',
      'read_back_differs',
      `The guest is ${runs ? 'running' : 'stopped'}${isDown ? ' and without its network' : ''}.`,
    )
  return runs ? 'running' : 'stopped'
}

async function putAsideAgain(run: PodRun): Promise<void> {
  const own = await guestOf(run)
  if (own) await putAside(run, own, whyKept(own))
}

async function stopAgain(run: PodRun): Promise<void> {
  const own = await guestOf(run)
  if (!own || !(await isRunning(run, own))) return
  await doTask(run, own.guest.proxmox, 'stopping', () => own.guest.proxmox.stop(own.ref, run))
}

/** Brings a deleted pod back as it was; what cannot be brought back is kept on. */
export const cloudPodUndelete: JobHandler<PodPayload> = {
  kind: podUndelete.kind,
  parse: (payload) => podUndelete.payload.parse(payload),
  steps: [
    {
      name: 'look',
      title: 'Looking for the guest',
      run: async (run): Promise<KeptAs> => {
        await kept(run)
        return run.tx((ctx) => deletionService.keptAs(ctx, run.payload))
      },
      idempotent: true,
    },
    {
      name: 'giveBack',
      title: 'Giving it its network again',
      run: giveBack,
      undo: (run) => unlessForeign(() => putAsideAgain(run)),
      idempotent: true,
    },
    {
      name: 'start',
      title: 'Starting what ran before',
      run: start,
      undo: (run) => unlessForeign(() => stopAgain(run)),
      idempotent: true,
    },
    { name: 'readBack', title: 'Reading everything back', run: readBack, idempotent: true },
    {
      name: 'record',
      title: 'Recording that it is back',
      commit: (ctx, run) =>
        deletionService.markUndeleted(ctx, run.payload, run.output('readBack') as 'running' | 'stopped'),
    },
  ],
  failed: (ctx, payload, error) => deletionService.markUndeleteFailed(ctx, payload, error.message),
}
