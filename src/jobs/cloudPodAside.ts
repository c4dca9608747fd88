import type { GuestConfig } from '../integrations/proxmox/types.ts'
import type { PodPayload } from '../services/cloudPodQueues.ts'
import { doTask, type Own } from './cloudPodGuest.ts'
import { SHUTDOWN_SECONDS } from './cloudPodReboot.ts'
import { JobError, valueOf } from './errors.ts'
import type { Run } from './steps.ts'

/** A guest that is put aside: off, without a network, not started with its node, and told so to whoever looks at it. */

/** What every guest is tagged with that is kept beside a pod's own. */
export const KEPT_TAG = 'mpanel-kept'
const NOTE = /^Kept by mPanel\b.*$\n?/gm

const cardsOf = ({ raw }: GuestConfig): [key: string, card: string][] =>
  Object.entries(raw).filter(([key]) => /^net\d+$/.test(key))

export const startsWithNode = ({ raw }: GuestConfig): boolean => raw.onboot === '1'

/** Whether all of its cards are down. */
export const isUnplugged = ({ guest, config }: Own): boolean =>
  cardsOf(config).every(([, card]) => guest.proxmox.words.isLinkDown(card))

const isAside = (own: Own): boolean =>
  isUnplugged(own) && !startsWithNode(own.config) && own.config.tags.includes(KEPT_TAG)

/** Stops a guest that runs; one that does not shut down in time is switched off. */
export async function shutDown(run: Run<PodPayload>, { guest, ref }: Own): Promise<void> {
  const { proxmox } = guest
  if (valueOf(await proxmox.status(ref, run)).status !== 'running') return
  try {
    await doTask(run, proxmox, 'shutting down', () => proxmox.shutdown(ref, SHUTDOWN_SECONDS, run))
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'task_failed') throw error
    await run.log(`${error.message}; it is stopped instead`, 'warning')
    await doTask(run, proxmox, 'stopping', () => proxmox.stop(ref, run))
  }
}

/** Switches a guest off that must not run. */
export async function switchOff(run: Run<PodPayload>, { guest, ref }: Own): Promise<void> {
  if (valueOf(await guest.proxmox.status(ref, run)).status !== 'running') return
  await doTask(run, guest.proxmox, 'stopping', () => guest.proxmox.stop(ref, run))
}

/** Starts a guest that is off. */
export async function startUp(run: Run<PodPayload>, { guest, ref }: Own): Promise<void> {
  if (valueOf(await guest.proxmox.status(ref, run)).status === 'running') return
  await doTask(run, guest.proxmox, 'starting', () => guest.proxmox.start(ref, run))
}

/** The same for one that ran before something failed: if it does not start, it stays off. */
export async function startAgain(run: Run<PodPayload>, own: Own): Promise<void> {
  try {
    await startUp(run, own)
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'task_failed') throw error
    await run.log(`${error.message}; it stays off`, 'warning')
  }
}

/** Its cards that are not down: written down before they are set down. */
export async function noteCards(run: Run<PodPayload>, own: Own): Promise<string[]> {
  const noted = (run.saved() as { cards?: string[] } | null)?.cards
  if (noted) return noted
  const { words } = own.guest.proxmox
  const cards = cardsOf(own.config)
    .filter(([, card]) => !words.isLinkDown(card))
    .map(([key]) => key)
  await run.save({ ...(run.saved() as object | null), cards })
  return cards
}

/** @param why a sentence for whoever finds it on the cluster */
export async function putAside(run: Run<PodPayload>, own: Own, why: string): Promise<void> {
  if (isAside(own)) return
  const { guest, ref, config } = own
  const { words } = guest.proxmox
  const options = {
    onboot: false,
    tags: [...new Set([...config.tags, KEPT_TAG])].join(';'),
    description: `${config.description.replaceAll(NOTE, '').trim()}\nKept by mPanel: ${why}`,
    ...Object.fromEntries(cardsOf(config).map(([key, card]) => [key, words.withLink(card, false)])),
  }
  await doTask(run, guest.proxmox, 'putting the guest aside', () =>
    guest.proxmox.configure(ref, options, { digest: config.digest, signal: run.signal }),
  )
}

/** @throws JobError retry `read_back_differs` unless it is off, unplugged and not started with its node */
export async function requireAside(run: Run<PodPayload>, own: Own): Promise<void> {
  const { status } = valueOf(await own.guest.proxmox.status(own.ref, run))
  if (status === 'running' || !isUnplugged(own) || startsWithNode(own.config))
    throw new JobError('retry', 'read_back_differs', 'The guest is not off and without a network yet.')
}

/**
 * Takes a guest into use that was put aside.
 * @param cards which of its cards are plugged in again
 * @param more what else it is told, such as its present size
 */
export async function takeIntoUse(
  run: Run<PodPayload>,
  { guest, ref, config }: Own,
  { cards, onboot, more = {} }: { cards: readonly string[]; onboot: boolean; more?: Record<string, unknown> },
): Promise<void> {
  const { words } = guest.proxmox
  const options = {
    onboot,
    tags: config.tags.filter((tag) => tag !== KEPT_TAG).join(';'),
    description: config.description.replaceAll(NOTE, '').trim(),
    ...Object.fromEntries(
      cardsOf(config)
        .filter(([key]) => cards.includes(key))
        .map(([key, card]) => [key, words.withLink(card, true)]),
    ),
    ...more,
  } as Record<string, string | number | boolean>
  await doTask(run, guest.proxmox, 'taking the guest into use', () =>
    guest.proxmox.configure(ref, options, { digest: config.digest, signal: run.signal }),
  )
}
