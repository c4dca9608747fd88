import type { RebuildPayload } from '../services/cloudPodQueues.ts'
import * as rebuildService from '../services/cloudPodRebuildService.ts'
import type { Exchanged } from '../services/cloudPodRebuildService.ts'
import {
  noteCards,
  putAside,
  requireAside,
  shutDown,
  startAgain,
  startsWithNode,
  startUp,
  switchOff,
  takeIntoUse,
} from './cloudPodAside.ts'
import { driftOf } from './cloudPodDrift.ts'
import { requireFirewall, setFirewall, wantedFirewall } from './cloudPodFirewall.ts'
import { findOurs, findSettled, openGuest, type Guest, type Own } from './cloudPodGuest.ts'
import { addresses } from './cloudPodMake.ts'
import { network } from './cloudPodNetwork.ts'
import { openSecond } from './cloudPodSecond.ts'
import { growDiskTo } from './cloudPodSize.ts'
import { unlessForeign } from './cloudPodSnapshot.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { Run, Step } from './steps.ts'

/** Exchanging the two guests of a pod: the one it has is put aside, the other one taken into use. */

export type RebuildRun = Run<RebuildPayload>

/** The guest that the pod has when the job begins. */
export type Before = { vmid: number; runs: boolean; autostart: boolean }
const before = (run: RebuildRun): Before => run.output('look') as Before

export async function requireSecond(run: RebuildRun): Promise<Guest> {
  const guest = await openSecond(run)
  if (!guest) throw permanent('guest_lost', 'The pod has no second guest.')
  return guest
}

/** Who is who does not change when the two are exchanged: `former` is the one that the pod had in the beginning. */
async function open(run: RebuildRun, who: 'former' | 'next'): Promise<Guest> {
  const guest = await openGuest(run)
  const isFormer = guest.pod.vmid === before(run).vmid
  return isFormer === (who === 'former') ? guest : requireSecond(run)
}

/** @throws JobError permanent for a pod that is to be destroyed, and for a guest that is gone */
async function need(run: RebuildRun, who: 'former' | 'next'): Promise<Own> {
  const guest = await open(run, who)
  if (guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  const found = await findSettled(run, guest)
  if (!found) throw permanent('guest_lost', `guest ${guest.pod.vmid} does not exist on its cluster`)
  return { guest, ...found }
}

/** For undoing: the guest once nothing runs on it any more, null when it is gone. */
async function left(run: RebuildRun, who: 'former' | 'next'): Promise<Own | null> {
  const guest = await open(run, who)
  const found = await findSettled(run, guest)
  return found && { guest, ...found }
}

/** The high availability would start what is put aside, and not look after what takes its place. */
async function requireUnmanaged(run: RebuildRun, { guest, ref }: Own): Promise<string> {
  const { status, managed } = valueOf(await guest.proxmox.status(ref, run))
  if (managed)
    throw permanent(
      'ha_managed',
      `Guest ${ref.vmid} is in the cluster's high availability: take it out first. Nothing was changed.`,
    )
  return status
}

/** @param second whether the other guest must be there already */
export async function look(run: RebuildRun, second: boolean): Promise<Before> {
  const guest = await openGuest(run)
  if (guest.pod.state !== 'active') throw permanent('cancelled', 'The pod is being destroyed.')
  const found = await findSettled(run, guest)
  if (!found) throw permanent('guest_lost', `guest ${guest.pod.vmid} does not exist on its cluster`)
  const own = { guest, ...found }
  const status = await requireUnmanaged(run, own)
  if (second) {
    const other = await requireSecond(run)
    const there = await findOurs(run, other)
    if (!there)
      throw permanent(
        'guest_lost',
        `The kept guest ${other.pod.vmid} is not there any more: nothing was changed.`,
      )
    if (there.config.lock !== null)
      throw new JobError('wait', 'locked', `guest ${other.pod.vmid} is locked (${there.config.lock})`)
    await requireUnmanaged(run, { guest: other, ...there })
  }
  return { vmid: guest.pod.vmid, runs: status === 'running', autostart: startsWithNode(own.config) }
}

/** @returns which of its cards were set down */
async function retire(run: RebuildRun): Promise<string[]> {
  const cards = await noteCards(run, await need(run, 'former'))
  await shutDown(run, await need(run, 'former'))
  const own = await need(run, 'former')
  await putAside(run, own, `the former guest of ${own.guest.pod.hostname}, without a network.`)
  await requireAside(run, await need(run, 'former'))
  return cards
}

/** Lets the former guest be what it was, and run if it ran. */
async function giveBack(run: RebuildRun): Promise<void> {
  const { cards } = (run.saved() as { cards?: string[] } | null) ?? {}
  const own = cards && (await left(run, 'former'))
  if (!own) return
  await takeIntoUse(run, own, { cards, onboot: before(run).autostart })
  const again = await left(run, 'former')
  if (again?.guest.pod.state === 'active' && before(run).runs) await startAgain(run, again)
}

async function undoExchange(run: RebuildRun): Promise<void> {
  const { pod } = await openGuest(run)
  if (pod.vmid === before(run).vmid) return
  await run.tx((ctx) => rebuildService.exchangeBack(ctx, run.payload, run.output('exchange') as Exchanged))
}

/** It is given the size, the speed, the addresses and the firewall that the pod has today. */
async function takeOver(run: RebuildRun): Promise<void> {
  const own = await need(run, 'next')
  const { pod } = own.guest
  await takeIntoUse(run, own, {
    cards: (run.output('exchange') as Exchanged).cards,
    onboot: before(run).autostart,
    more: { cores: pod.cores, memory: pod.memory_mb, ...network(own.guest, await addresses(run)) },
  })
  if (pod.firewall_managed) {
    await setFirewall(run, await need(run, 'next'), await wantedFirewall(run))
    await requireFirewall(run, await need(run, 'next'), await wantedFirewall(run))
  }
  await growDiskTo(run, await need(run, 'next'), pod.disk_gb)
}

async function putNextAside(run: RebuildRun): Promise<void> {
  const own = await left(run, 'next')
  if (!own) return
  await switchOff(run, own)
  const off = await left(run, 'next')
  if (off) await putAside(run, off, `a guest of ${off.guest.pod.hostname} that could not be taken into use.`)
}

/** @param always a guest that was just made is started in any case, another one only if its predecessor ran */
const shouldRun = (run: RebuildRun, always: boolean): boolean => always || before(run).runs

async function readBack(run: RebuildRun, always: boolean): Promise<'running' | 'stopped'> {
  const own = await need(run, 'next')
  const { guest, ref, config } = own
  const { status } = valueOf(await guest.proxmox.status(ref, run))
  const wanted = shouldRun(run, always) ? 'running' : 'stopped'
  const wrong = [
    ...driftOf(guest.proxmox.words, guest.pod, await addresses(run), config, true).map(
      ({ found, expected }) => `${found} instead of ${expected}`,
    ),
    ...(config.net0 !== null && guest.proxmox.words.isLinkDown(config.net0) ? ['its card is down'] : []),
    ...(status === wanted ? [] : [`it is ${status} instead of ${wanted}`]),
  ]
  if (wrong.length > 0)
    throw new JobError(
      'retry',
      'read_back_differs',
      `The guest is not what its pod says: ${wrong.join('; ')}.`,
    )
  return wanted
}

/** What a rebuild ends with, and all of going back. */
export const exchangeSteps = (always: boolean): Step<RebuildPayload>[] => [
  {
    name: 'putAside',
    title: 'Shutting the present guest down and taking its network away',
    run: retire,
    undo: (run) => unlessForeign(() => giveBack(run)),
    idempotent: true,
  },
  {
    name: 'exchange',
    title: 'Exchanging the two guests',
    commit: (ctx, run) => rebuildService.exchange(ctx, run.payload, run.output('putAside') as string[]),
    undo: undoExchange,
  },
  {
    name: 'takeOver',
    title: 'Giving the other one network and size, and starting it',
    run: async (run) => {
      await takeOver(run)
      if (shouldRun(run, always)) await startUp(run, await need(run, 'next'))
      return readBack(run, always)
    },
    undo: (run) => unlessForeign(() => putNextAside(run)),
    idempotent: true,
  },
  {
    name: 'record',
    title: 'Recording the new guest',
    commit: (ctx, run) =>
      rebuildService.markExchanged(ctx, run.payload, run.output('takeOver') as 'running' | 'stopped'),
  },
]
