import { podKeep, podUndelete, type PodPayload } from '../services/cloudPodQueues.ts'
import * as deletionService from '../services/cloudPodDeletionService.ts'
import type { KeptAs } from '../services/cloudPodDeletionService.ts'
import {
  noteCards,
  putAside,
  requireAside,
  shutDown,
  startsWithNode,
  startUp,
  switchOff,
  takeIntoUse,
} from './cloudPodAside.ts'
import { findSettled, openGuest, ours, type Own } from './cloudPodGuest.ts'
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

const whyKept = ({ guest }: Own): string =>
  `the deleted pod ${guest.pod.hostname}, without a network. It can be undeleted.`

/** @returns which of its cards were set down; null: there is no guest */
async function retire(run: PodRun): Promise<string[] | null> {
  const found = await guestOf(run)
  if (!found) return null
  const cards = await noteCards(run, found)
  await shutDown(run, found)
  const off = await guestOf(run)
  if (off) await putAside(run, off, whyKept(off))
  const own = await guestOf(run)
  if (own) await requireAside(run, own)
  return own && cards
}

/** Puts a deleted pod aside, so that it can be undeleted. It is a decision in force: what fails for good waits for a person. */
export const cloudPodKeep: JobHandler<PodPayload> = {
  kind: podKeep.kind,
  parse: (payload) => podKeep.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    { name: 'look', title: 'Looking whether it runs', run: look, idempotent: true },
    {
      name: 'putAside',
      title: 'Shutting it down and taking its network away',
      run: retire,
      idempotent: true,
    },
    {
      name: 'record',
      title: 'Recording until when it is kept',
      commit: (ctx, run) => {
        const looked = run.output('look') as Looked | null
        const cards = run.output('putAside') as string[] | null
        if (looked === null || cards === null) return deletionService.destroyInstead(ctx, run.payload)
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

/** @returns the power state that was read back */
async function giveBack(run: PodRun): Promise<'running' | 'stopped'> {
  const { cards, autostart, ran } = asKept(run)
  await takeIntoUse(run, await kept(run), { cards, onboot: autostart })
  if (ran) await startUp(run, await kept(run))
  return readBack(run)
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
  if (!own) return
  await switchOff(run, own)
  const off = await guestOf(run)
  if (off) await putAside(run, off, whyKept(off))
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
      title: 'Giving it its network again, and starting what ran',
      run: giveBack,
      undo: (run) => unlessForeign(() => putAsideAgain(run)),
      idempotent: true,
    },
    {
      name: 'record',
      title: 'Recording that it is back',
      commit: (ctx, run) =>
        deletionService.markUndeleted(ctx, run.payload, run.output('giveBack') as 'running' | 'stopped'),
    },
  ],
  failed: (ctx, payload, error) => deletionService.markUndeleteFailed(ctx, payload, error.message),
}
