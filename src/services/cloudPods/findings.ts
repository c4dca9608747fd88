import type { FindingKind } from '../../../shared/states/finding.ts'
import type { Ctx } from '../../context.ts'
import * as pods from '../../db/cloudPods.ts'
import type { PodRow } from '../../db/cloudPods.ts'
import * as reservations from '../../db/cloudPodReservations.ts'
import * as findings from '../../db/provisioningFindings.ts'
import type { Difference, FindingRow } from '../../db/provisioningFindings.ts'
import * as jobs from '../../db/provisioningJobs.ts'
import { isUuid, newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as provisioningService from '../provisioningService.ts'
import * as tenantSuspensionService from '../tenantSuspensionService.ts'
import { emit } from './changes.ts'
import { carryOutByItself, policyOf } from './policies.ts'
import * as strangerAddresses from './strangerAddresses.ts'

/** What was read of a pod's guest. */
export type Look = {
  podId: string
  tenantId: string
  /** The pod's version when it was compared: one that has changed since is left for the next sweep. */
  version: number
  vmid: number
  /** Everything was compared, so what is not among the differences is as it should be. */
  whole: boolean
  power: 'running' | 'stopped' | 'unknown' | null
  /** Whether the running guest still waits for a restart; null: it was not read. */
  pendingRestart: boolean | null
  differences: Difference[]
}

/** A guest of no pod. `ownerId`: what its mark says. `addresses`: those that it is told. */
export type Stranger = {
  vmid: number
  label: string
  kind: 'orphan' | 'foreign'
  ownerId: string | null
  addresses: string[]
}

/**
 * Writes down what was read of pods: their power at once, what differs as findings, and ends findings that are over.
 * @returns the pods whose power is what was read
 */
export async function recordLooks(ctx: Ctx, clusterId: string, looks: readonly Look[]): Promise<string[]> {
  const checked: string[] = []
  const powered: string[] = []
  for (const look of looks.toSorted((a, b) => (a.podId < b.podId ? -1 : 1))) {
    const pod = await pods.lock(ctx.tx, look.tenantId, look.podId)
    if (!pod || pod.version !== look.version || pod.state !== 'active') continue
    if (await jobs.hasUnfinished(ctx.tx, pod.tenant_id, pod.id)) continue
    const live = await findings.liveAt(ctx.tx, clusterId, look.vmid)
    const seen = [...look.differences, ...(await powerDifferences(ctx, pod, look, live))]
    await notePower(ctx, pod, look)
    if (look.power !== null) powered.push(pod.id)
    if (!look.whole) continue
    checked.push(pod.id)
    for (const difference of seen) await note(ctx, { clusterId, vmid: look.vmid, pod }, difference, live)
    const kinds = new Set<FindingKind>(seen.map(({ kind }) => kind))
    for (const finding of live) if (!kinds.has(finding.kind)) await close(ctx, finding)
  }
  await findings.noteChecked(ctx.tx, checked, ctx.now())
  return powered
}

/** What was compared when. @param without the pods of which it is not known whether they are as they were */
export const recordSwept = (
  ctx: Ctx,
  clusterId: string,
  at: Date,
  without: readonly string[],
): Promise<void> => findings.noteSwept(ctx.tx, clusterId, at, without)

/** A pod that should not run, and one that ran and does not any more, if that is to be reported. */
async function powerDifferences(
  ctx: Ctx,
  pod: PodRow,
  { power }: Look,
  live: readonly FindingRow[],
): Promise<Difference[]> {
  const suspended = await tenantSuspensionService.isStopping(ctx, pod)
  if (suspended)
    return power === 'running' ? [powerDifference('suspended_running', pod, 'stopped', 'running')] : []
  if (power !== 'stopped') return []
  const isReported = live.some(({ kind }) => kind === 'stopped')
  const fell = pod.power_state === 'running' && (await policyOf(ctx, 'stopped')) !== 'adopt'
  return isReported || fell ? [powerDifference('stopped', pod, 'running', 'stopped')] : []
}

const powerDifference = (kind: FindingKind, pod: PodRow, expected: string, found: string): Difference => ({
  kind,
  label: pod.hostname,
  expected,
  found,
})

/** The power that was read is the power, whoever has switched it. */
async function notePower(ctx: Ctx, pod: PodRow, { power, pendingRestart }: Look): Promise<void> {
  if (power === null) return
  const pending_restart = power === 'running' && (pendingRestart ?? pod.pending_restart)
  if (power === pod.power_state && pending_restart === pod.pending_restart) return
  await pods.update(ctx.tx, pod.id, {
    power_state: power,
    pending_restart,
    power_checked_at: ctx.now(),
    updated_at: ctx.now(),
  })
  if (power !== pod.power_state)
    await emit(ctx, pod, 'CLOUDPOD_POWER_NOTED', { powerState: [pod.power_state, power] })
}

type Place = findings.About & { clusterId: string; pod: Pick<PodRow, 'id'> | null }

/** Opens a finding, or brings the one that is known up to date. What has a policy is carried out at once. */
export async function note(
  ctx: Ctx,
  place: Place,
  seen: Difference,
  live: readonly FindingRow[],
): Promise<void> {
  const { pod, ...about } = place
  const known = live.find(({ kind }) => kind === seen.kind)
  if (!known) {
    const row = { ...seen, ...about, id: newId(), podId: pod?.id ?? null, at: ctx.now() }
    const finding = await findings.insert(ctx.tx, row)
    await say(ctx, finding, 'FINDING_OPENED')
    return carryOutByItself(ctx, finding)
  }
  const changed = known.found !== seen.found || known.expected !== seen.expected
  // Its job is over, for the pod is not busy, and the difference is still there.
  const failed = known.state === 'repairing'
  await findings.update(ctx.tx, known.id, {
    expected: seen.expected,
    found: seen.found,
    facts: JSON.stringify(seen.facts ?? {}),
    last_seen_at: ctx.now(),
    ...(failed || (known.state === 'ignored' && changed) ? { state: 'open' } : {}),
    ...(failed ? { problem: 'The repair has ended, and the difference is still there.' } : {}),
  })
}

export async function close(ctx: Ctx, finding: FindingRow): Promise<void> {
  const outcome = finding.state === 'repairing' ? 'repaired' : 'vanished'
  await findings.update(ctx.tx, finding.id, { state: 'closed', outcome, closed_at: ctx.now() })
  await say(ctx, finding, 'FINDING_CLOSED', { outcome })
}

const say = (
  ctx: Ctx,
  { id, kind, label, vmid, address, expected, found }: FindingRow,
  action: string,
  details: Record<string, unknown> = {},
): Promise<void> =>
  auditService.record(ctx, {
    action,
    tenantId: null,
    target: { type: 'finding', id, label: `${kind} ${label}` },
    details: { ...(vmid === null ? { address } : { vmid }), expected, found, ...details },
  })

/**
 * Writes down guests that belong to no pod.
 * @param settled VMIDs of those that are not there any more
 */
export async function recordStrangers(
  ctx: Ctx,
  clusterId: string,
  strangers: readonly Stranger[],
  settled: readonly number[],
): Promise<void> {
  if (strangers.length > 0) await reservations.lockCluster(ctx.tx, clusterId)
  const uncompared = await provisioningService.isUncompared(ctx, clusterId)
  for (const stranger of strangers) {
    const { vmid, label, kind, ownerId } = stranger
    const owner = ownerId !== null && isUuid(ownerId) ? await findings.ownerOf(ctx.tx, ownerId) : undefined
    // A pod has taken the VMID since the sweep began. Of an uncompared cluster that proves nothing: no guest of it is made yet.
    if (!uncompared && (await findings.isHeld(ctx.tx, clusterId, vmid))) continue
    const live = await findings.liveAt(ctx.tx, clusterId, vmid)
    for (const other of live) if (other.kind !== kind || other.label !== label) await close(ctx, other)
    const contested = await strangerAddresses.keep(ctx, clusterId, stranger)
    const difference = {
      kind,
      label,
      expected: 'no such guest',
      found: [
        kind === 'foreign'
          ? `${label}, without a mark of mPanel`
          : `${label}, with the mark of ${owner ? `the pod ${owner.hostname}` : 'a pod that is not known here'}`,
        ...contested.map((address) => `it uses ${address}, which a pod has been given`),
      ].join('; '),
    }
    const same = live.filter((one) => one.kind === kind && one.label === label)
    await note(ctx, { clusterId, vmid, pod: owner ?? null }, difference, same)
  }
  for (const vmid of settled) {
    for (const finding of await findings.liveAt(ctx.tx, clusterId, vmid)) await close(ctx, finding)
    await strangerAddresses.giveBack(ctx, clusterId, vmid)
  }
}

/** The job that was to repair it has failed: a person decides anew. */
export async function markRepairFailed(ctx: Ctx, findingId: string, problem: string): Promise<void> {
  const finding = await findings.lock(ctx.tx, findingId)
  if (finding?.state !== 'repairing') return
  await findings.update(ctx.tx, findingId, { state: 'open', problem })
  await say(ctx, finding, 'FINDING_REPAIR_FAILED', { problem })
}
