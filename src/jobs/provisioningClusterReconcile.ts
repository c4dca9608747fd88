import type { Difference, SweptPod } from '../db/provisioningFindings.ts'
import type { GuestSummary, Proxmox } from '../integrations/proxmox/types.ts'
import { inLanes } from '../lib/lanes.ts'
import { clusterReconcile, type ReconcilePayload } from '../services/cloudPodQueues.ts'
import { fixedAddresses } from '../services/cloudPodAdoptionService.ts'
import * as findings from '../services/cloudPodFindingService.ts'
import * as cloudPodTrafficService from '../services/cloudPodTrafficService.ts'
import type { Known, Look, Stranger } from '../services/cloudPodFindingService.ts'
import { driftOf, hasCardOf, linkDeviations, withCard } from './cloudPodDrift.ts'
import { firewallDeviations, wantedOf } from './cloudPodFirewallRules.ts'
import { TAG } from './cloudPodMark.ts'
import { clientOf } from './cloudPodGuest.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type ReconcileRun = Run<ReconcilePayload>
/** `sweptAt`: when the list was asked for, if there was one and every stranger in it was read; `unsure`: the active pods of which it says nothing for certain. */
type Result = {
  looks: Look[]
  strangers: Stranger[]
  settled: number[]
  sweptAt?: string
  unsure?: string[]
}

/** Each guest that is looked at more closely costs one to three calls, so many at once. */
const AT_ONCE = 4
/** Further suspects wait for the next sweep. */
const MAX_LOOKS = 1_000
const MAX_MS = 30_000
/** Of those without suspicion so many are compared as a whole, to find what no list shows. */
const IN_TURN = 30

/**
 * Compares the cluster's one list of guests with the pods. A list may be some minutes old and names no owners: it only
 * raises suspicion. What is concluded comes from reading the guest itself.
 */
async function compare(run: ReconcileRun): Promise<Result> {
  const { clusterId } = run.payload
  const proxmox = await run.read((ctx) => clientOf(ctx, clusterId))
  const asked = await run.read(cloudPodTrafficService.clock)
  const sweptAt = run.root.now().toISOString()
  const listed = await proxmox.guests(run)
  // Nothing is concluded from silence; that the cluster cannot be read is told by its health.
  const nodes = await proxmox.nodes(run)
  if (listed.outcome !== 'ok' || nodes.outcome !== 'ok') return { looks: [], strangers: [], settled: [] }
  const known = await run.read((ctx) => findings.known(ctx, clusterId))
  // What is listed of a node that is away is how it was, or "stopped": nobody knows.
  const away = new Set(nodes.value.filter(({ status }) => status !== 'online').map(({ name }) => name))
  const guests = new Map(
    listed.value.map((guest) => [guest.vmid, away.has(guest.node) ? { ...guest, status: 'unknown' } : guest]),
  )

  const readings = readingsOf(known, guests)
  if (readings.length > 0) await run.tx((ctx) => cloudPodTrafficService.add(ctx, clusterId, asked, readings))

  const [busy, active] = split(
    known.pods.filter((pod) => pod.state === 'active'),
    (pod) => pod.busy,
  )
  const [suspects, others] = split(active, (pod) => isSuspect(pod, guests.get(pod.vmid), known))
  const looks: Look[] = []
  await inTurn([...suspects, ...others.slice(0, IN_TURN)], async (pod) => {
    const look = await lookAt(run, proxmox, pod, guests.get(pod.vmid))
    if (look) looks.push(look)
  })
  const unsure = [...busy, ...suspects].map(({ id }) => id)
  const { all, ...strangers } = await strangersAmong(run, proxmox, guests, known)
  return { looks, unsure, ...strangers, ...(all && { sweptAt }) }
}

/**
 * What the guests of pods have counted, out of the same list. Under a pod's VMID may be a stranger: one that looks like
 * one is left out, and loses nothing, for counters go on.
 */
const readingsOf = (
  { pods, vmidsGone }: Known,
  guests: ReadonlyMap<number, GuestSummary>,
): cloudPodTrafficService.Reading[] =>
  pods.flatMap(({ id: podId, vmid, kind, state, hostname }) => {
    const guest = guests.get(vmid)
    if (state !== 'active' || guest?.kind !== kind || guest.status !== 'running') return []
    if (guest.uptimeSeconds === 0 || vmidsGone.has(vmid)) return []
    if (guest.name !== hostname && !guest.tags.includes(TAG)) return []
    return [{ podId, netIn: guest.netInBytes, netOut: guest.netOutBytes, uptimeS: guest.uptimeSeconds }]
  })

function split<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []]
  for (const one of all) (test(one) ? yes : no).push(one)
  return [yes, no]
}

/**
 * Works through a list, several at once, until it is done or the time is up. What could not be read is left out.
 * @returns whether it came to the end of the list
 */
async function inTurn<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<boolean> {
  const until = Date.now() + MAX_MS
  let isLate = false
  await inLanes(all.slice(0, MAX_LOOKS), AT_ONCE, async (one) => {
    isLate ||= Date.now() > until
    if (isLate) return
    try {
      await work(one)
    } catch (error) {
      if (!(error instanceof JobError)) throw error
    }
  })
  return !isLate && all.length <= MAX_LOOKS
}

/** Whether what the list says of a pod's guest, or what was found before, is a reason to look at it. */
function isSuspect(pod: SweptPod, guest: GuestSummary | undefined, { vmidsWithFindings }: Known): boolean {
  if (!guest || vmidsWithFindings.has(pod.vmid)) return true
  if (guest.kind !== pod.kind || guest.node !== pod.node || guest.name !== pod.hostname) return true
  if (!guest.tags.includes(TAG)) return true
  if (guest.status !== 'running' && guest.status !== 'stopped') return pod.power !== 'unknown'
  if (guest.status !== pod.power || (pod.suspended && guest.status === 'running')) return true
  const sized = guest.cores === pod.cores && guest.maxMemoryMb === pod.memoryMb
  // What waits for a restart differs until then; once it does not, the restart has been.
  return pod.pendingRestart ? sized : !sized
}

/** Reads a pod's guest itself. Null: nothing can be said just now. */
async function lookAt(
  run: ReconcileRun,
  proxmox: Proxmox,
  swept: SweptPod,
  listed: GuestSummary | undefined,
): Promise<Look | null> {
  const { id: podId, tenantId, version, vmid, hostname } = swept
  const look: Look = {
    podId,
    tenantId,
    version,
    vmid,
    whole: false,
    power: null,
    pendingRestart: null,
    differences: [],
  }
  const gone = (label: string, found: string): Look => ({
    ...look,
    whole: true,
    differences: [{ kind: 'gone', label, expected: `guest ${vmid} with the mark of the pod`, found }],
  })
  if (!listed) {
    if (!valueOf(await proxmox.vmidFree(vmid, run))) return null
    return gone(hostname, `no guest has the VMID ${vmid}`)
  }
  const ref = { node: listed.node, kind: listed.kind, vmid }
  if (listed.status !== 'running' && listed.status !== 'stopped') return { ...look, power: 'unknown' }
  const config = valueOf(await proxmox.config(ref, run))
  const { pod, addresses, groups } = await run.read((ctx) => findings.podWithAddresses(ctx, swept))
  if (!pod) return null
  const owner = proxmox.words.parseMarker(config.description)
  const isUnmarked = owner === null && hasCardOf(proxmox.words, pod, config)
  if (owner?.podId !== podId && !isUnmarked) {
    // One that is being made may get its mark only at the end.
    if (config.lock !== null) return null
    return gone(
      config.name ?? hostname,
      `the VMID ${vmid} is held by ${config.name ?? 'a guest'} without the mark of the pod`,
    )
  }
  const differences: Difference[] = [
    ...(isUnmarked ? [unmarked(hostname)] : []),
    ...(listed.node === swept.node ? [] : [moved(swept, listed.node)]),
    ...withCard(driftOf(proxmox.words, pod, addresses, config), hostname, [
      ...linkDeviations(proxmox.words, config),
      ...(pod.firewall_managed
        ? firewallDeviations(wantedOf(addresses, groups), valueOf(await proxmox.firewall(ref, run)))
        : []),
    ]),
  ]
  const { status } = valueOf(await proxmox.status(ref, run))
  const power = status === 'running' ? 'running' : 'stopped'
  const waits = power === 'running' && swept.pendingRestart ? valueOf(await proxmox.pending(ref, run)) : []
  return {
    ...look,
    whole: true,
    power,
    pendingRestart: waits.includes('cores') || waits.includes('memory'),
    differences,
  }
}

const unmarked = (label: string): Difference => ({
  kind: 'unmarked',
  label,
  expected: 'the mark of the pod in the description',
  found: 'no mark, but the MAC of the pod',
})

const moved = ({ hostname, node }: SweptPod, found: string): Difference => ({
  kind: 'moved',
  label: hostname,
  expected: node,
  found,
  facts: { node: found },
})

/** Guests of no pod: with our mark anywhere, without one in the range of VMIDs that is ours. */
async function strangersAmong(
  run: ReconcileRun,
  proxmox: Proxmox,
  guests: ReadonlyMap<number, GuestSummary>,
  { pods, strangers: before, unmade, vmidsKept, vmidMin, vmidMax }: Known,
): Promise<Pick<Result, 'strangers' | 'settled'> & { all: boolean }> {
  const [waiting, made] = split(pods, ({ id }) => unmade.has(id))
  const awaited = new Map(waiting.map(({ vmid, id }) => [vmid, id]))
  const held = new Set([...made.map(({ vmid }) => vmid), ...vmidsKept])
  const mayBeOurs = ({ vmid, tags, template }: GuestSummary): boolean =>
    !template && !held.has(vmid) && ((vmid >= vmidMin && vmid <= vmidMax) || tags.includes(TAG))
  const strangers: Stranger[] = []
  const candidates = [...guests.values()].filter(mayBeOurs)
  // One that is known by name is not read again.
  const [known, unknown] = split(candidates, ({ vmid, name }) => before.get(vmid) === (name ?? String(vmid)))
  const all = await inTurn(unknown, async (guest) => {
    const config = valueOf(await proxmox.config(guest, run))
    if (config.lock !== null) return
    const owner = proxmox.words.parseMarker(config.description)
    const { vmid } = guest
    if (owner !== null && owner.podId === awaited.get(vmid)) return
    const seen = {
      vmid,
      label: config.name ?? String(vmid),
      addresses: fixedAddresses(proxmox.words, guest.kind, config),
    }
    if (owner) strangers.push({ ...seen, kind: 'orphan', ownerId: owner.podId })
    else if (vmid >= vmidMin && vmid <= vmidMax) strangers.push({ ...seen, kind: 'foreign', ownerId: null })
  })
  const still = new Set(known.map(({ vmid }) => vmid))
  const settled = [...before.keys()].filter((vmid) => !still.has(vmid) && !guests.has(vmid))
  return { strangers, settled, all }
}

const CHUNK = 50

/** In pieces, so that no pod stays locked for long. Whatever was changed meanwhile is left for the next sweep. */
async function record(run: ReconcileRun): Promise<void> {
  const { looks, strangers, settled, sweptAt, unsure = [] } = run.output('compare') as Result
  const { clusterId } = run.payload
  const powered = new Set<string>()
  for (let at = 0; at < looks.length; at += CHUNK)
    for (const id of await run.tx((ctx) => findings.recordLooks(ctx, clusterId, looks.slice(at, at + CHUNK))))
      powered.add(id)
  await run.tx((ctx) => findings.recordStrangers(ctx, clusterId, strangers, settled))
  if (sweptAt === undefined) return
  const without = unsure.filter((id) => !powered.has(id))
  await run.tx((ctx) => findings.recordSwept(ctx, clusterId, new Date(sweptAt), without))
}

/** Compares a cluster with the database, and writes down or settles what differs. */
export const provisioningClusterReconcile: JobHandler<ReconcilePayload> = {
  kind: clusterReconcile.kind,
  parse: (payload) => clusterReconcile.payload.parse(payload),
  steps: [
    { name: 'compare', title: 'Comparing the cluster with the pods', run: compare, idempotent: true },
    { name: 'record', title: 'Recording what differs', run: record, idempotent: true },
  ],
}
