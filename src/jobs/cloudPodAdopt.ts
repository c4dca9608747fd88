import type { GuestConfig, GuestRef } from '../integrations/proxmox/types.ts'
import * as adoptionService from '../services/cloudPodAdoptionService.ts'
import { podAdopt, type PodPayload } from '../services/cloudPodQueues.ts'
import * as cloudPodService from '../services/cloudPodService.ts'
import { requireNoDrift } from './cloudPodDrift.ts'
import { named, withMark, withTag } from './cloudPodMark.ts'
import { doTask, openGuest, ours, type Guest } from './cloudPodGuest.ts'
import { addresses } from './cloudPodMake.ts'
import { network } from './cloudPodNetwork.ts'
import { permanent, valueOf, waitFor } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type AdoptRun = Run<PodPayload>
/** What the guest said before it was marked. */
type Before = { name: string | null; description: string; tags: string[]; ipconfig0: string | null }

async function find(run: AdoptRun, { proxmox, pod }: Guest): Promise<{ ref: GuestRef; config: GuestConfig }> {
  const ref = valueOf(await proxmox.locate(pod.vmid, run))
  if (ref) return { ref, config: valueOf(await proxmox.config(ref, run)) }
  if (valueOf(await proxmox.vmidFree(pod.vmid, run)))
    throw permanent('guest_lost', `The guest ${pod.vmid} is not there any more.`)
  throw waitFor('not_listed', `VMID ${pod.vmid} is taken but not listed by the cluster yet`)
}

const isOurs = ({ pod, proxmox }: Guest, { description }: GuestConfig): boolean =>
  proxmox.words.parseMarker(description)?.podId === pod.id

/** @throws JobError permanent `guest_changed` when the guest is not what was seen when its adoption was asked for */
async function requireAsSeen(run: AdoptRun, guest: Guest, ref: GuestRef, config: GuestConfig): Promise<void> {
  const { pod, proxmox, nodeName } = guest
  const facts = adoptionService.factsOf(proxmox.words, ref, config)
  if (typeof facts === 'string') throw permanent('guest_changed', facts)
  const [held, beside] = await addresses(run)
  const card = proxmox.words.parseNet0(config.net0)
  const pairs: [string, unknown, unknown][] = [
    ['node', nodeName, facts.node],
    ['kind', pod.kind, facts.kind],
    ['MAC', pod.mac.toUpperCase(), facts.mac],
    ['cores', pod.cores, facts.cores],
    ['memory MiB', pod.memory_mb, facts.memoryMb],
    ['disk GiB', pod.disk_gb, facts.diskGb],
    ['bridge', held?.bridge, card?.bridge],
    ['VLAN', held?.vlan ?? null, card?.tag ?? null],
    ['address', held?.address, adoptionService.addressOf(proxmox.words, ref.kind, config) ?? held?.address],
    ['IPv6 address', beside?.address ?? null, facts.ipv6],
  ]
  const wrong = pairs.filter(([, expected, found]) => expected !== found)
  if (wrong.length === 0) return
  const text = wrong.map(
    ([what, expected, found]) => `${what} ${String(found)} instead of ${String(expected)}`,
  )
  throw permanent('guest_changed', `The guest is not what the pod would be: ${text.join('; ')}.`)
}

/** Writes the mark, the name and the tag. Card, size and disks stay untouched; what the guest said before is kept. */
async function mark(run: AdoptRun): Promise<void> {
  const guest = await openGuest(run)
  const { ref, config } = await find(run, guest)
  if (isOurs(guest, config)) return
  await requireAsSeen(run, guest, ref, config)
  const { pod, proxmox } = guest
  const before: Before = {
    name: config.name,
    description: config.description,
    tags: config.tags,
    ipconfig0: config.raw.ipconfig0 ?? null,
  }
  await run.save({ before })
  const { ipconfig0 } = network(guest, await addresses(run))
  await doTask(run, proxmox, 'marking the guest', () =>
    proxmox.configure(
      ref,
      {
        ...named(pod.kind, pod.hostname),
        description: withMark(config, proxmox.words.markerOf(pod.id, run.job.id)),
        tags: withTag(config),
        ...(ipconfig0 === undefined ? {} : { ipconfig0 }),
      },
      { digest: config.digest, signal: run.signal },
    ),
  )
}

/** Lets the guest say again what it said before. */
async function unmark(run: AdoptRun): Promise<void> {
  const { before } = (run.saved() as { before?: Before } | null) ?? {}
  if (!before) return
  const guest = await openGuest(run)
  const { ref, config } = await find(run, guest)
  if (!isOurs(guest, config)) return
  if (config.lock !== null) throw waitFor('locked', `guest ${guest.pod.vmid} is locked (${config.lock})`)
  const gone = [
    ...(before.description === '' ? ['description'] : []),
    ...(before.tags.length === 0 ? ['tags'] : []),
    ...(guest.pod.kind === 'vm' && before.ipconfig0 === null ? ['ipconfig0'] : []),
  ]
  await doTask(run, guest.proxmox, 'taking the mark off', () =>
    guest.proxmox.configure(
      ref,
      {
        ...(before.name === null ? {} : named(guest.pod.kind, before.name)),
        ...(before.description === '' ? {} : { description: before.description }),
        ...(before.tags.length === 0 ? {} : { tags: before.tags.join(';') }),
        ...(guest.pod.kind === 'vm' && before.ipconfig0 !== null ? { ipconfig0: before.ipconfig0 } : {}),
      },
      { digest: config.digest, remove: gone, signal: run.signal },
    ),
  )
}

type Evidence = { vmid: number; node: string; power: 'running' | 'stopped' }

async function verify(run: AdoptRun): Promise<Evidence> {
  const { guest, ref, config } = await ours(run)
  requireNoDrift(guest.proxmox.words, guest.pod, await addresses(run), config)
  const { status } = valueOf(await guest.proxmox.status(ref, run))
  return { vmid: ref.vmid, node: ref.node, power: status === 'running' ? 'running' : 'stopped' }
}

/** Makes a guest that mPanel did not make the guest of a pod. */
export const cloudPodAdopt: JobHandler<PodPayload> = {
  kind: podAdopt.kind,
  parse: (payload) => podAdopt.payload.parse(payload),
  steps: [
    { name: 'mark', title: 'Marking the guest', run: mark, undo: unmark, idempotent: true },
    { name: 'verify', title: 'Reading everything back', run: verify, idempotent: true },
    {
      name: 'activate',
      title: 'Handing over',
      commit: async (ctx, run) => {
        const evidence = run.output('verify') as Evidence
        const { tenantId, podId } = run.payload
        await cloudPodService.markActive(ctx, tenantId, podId, evidence, evidence.power)
      },
    },
  ],
  failed: (ctx, payload, error) =>
    adoptionService.markFailed(ctx, payload.tenantId, payload.podId, error.message),
}
