import { createHash } from 'node:crypto'
import type { BackupSchedule, BackupScheduleUpdate } from '../../shared/api/cloudPodBackups.ts'
import { canBackup } from '../../shared/states/cloudPodBackup.ts'
import { asSystem, eachAsSystem, type Ctx, type Root } from '../context.ts'
import * as schedules from '../db/cloudPodBackupSchedules.ts'
import type { ScheduleRow } from '../db/cloudPodBackupSchedules.ts'
import * as backups from '../db/cloudPodBackups.ts'
import type { BackupRow } from '../db/cloudPodBackups.ts'
import * as pods from '../db/cloudPods.ts'
import * as tenants from '../db/tenants.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { kept, nextRun } from '../lib/schedule.ts'
import * as auditService from './auditService.ts'
import { emit, lockPod } from './cloudPods/changes.ts'
import * as cloudPodBackupService from './cloudPodBackupService.ts'
import * as cloudPodQuotas from './cloudPodQuotas.ts'
import * as provisioningService from './provisioningService.ts'

/** Off, and what the page proposes. */
const UNSET: Omit<BackupSchedule, 'timeZone'> = {
  enabled: false,
  frequency: 'daily',
  weekday: 7,
  hour: 3,
  keepLast: 3,
  keepDaily: 0,
  keepWeekly: 0,
  nextAt: null,
  problem: null,
  version: 0,
}

const present = (row: ScheduleRow, timeZone: string): BackupSchedule => ({
  enabled: row.enabled,
  frequency: row.frequency,
  weekday: row.weekday,
  hour: row.hour,
  keepLast: row.keep_last,
  keepDaily: row.keep_daily,
  keepWeekly: row.keep_weekly,
  timeZone,
  nextAt: row.next_at?.toISOString() ?? null,
  problem: row.problem,
  version: row.version,
})

async function timeZoneOf(ctx: Ctx, tenantId: string): Promise<string> {
  const tenant = await tenants.find(ctx.tx, tenantId)
  if (!tenant) throw notFound('tenant')
  return tenant.billing_tz
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, tenantId: string, podId: string): Promise<BackupSchedule> {
  if (!(await pods.find(ctx.tx, tenantId, podId))) throw notFound('CloudPod')
  const timeZone = await timeZoneOf(ctx, tenantId)
  const row = await schedules.find(ctx.tx, tenantId, podId)
  return row ? present(row, timeZone) : { ...UNSET, timeZone }
}

/** Pods of one hour begin in different minutes, each always in the same. */
const minuteOf = (podId: string): number => createHash('sha256').update(podId).digest().readUInt16BE(0) % 60

type Times = Pick<ScheduleRow, 'frequency' | 'weekday' | 'hour'>

const nextOf = ({ frequency, weekday, hour }: Times, podId: string, timeZone: string, after: Date): Date =>
  nextRun({ frequency, weekday, hour, minute: minuteOf(podId), timeZone }, after)

/**
 * Changes when the pod is backed up, and what is kept. One backup more than what is kept must fit, for the new one is made
 * before an old one goes.
 * @throws AppError not_found; invalid_state when the pod is not active; precondition_failed; invalid_input when more is
 *   to be kept than a pod may have
 */
export async function update(
  ctx: Ctx,
  tenantId: string,
  podId: string,
  change: BackupScheduleUpdate,
  version?: number,
): Promise<BackupSchedule> {
  const pod = await lockPod(ctx, tenantId, podId)
  const before = await get(ctx, tenantId, podId)
  if (version !== undefined && version !== before.version)
    throw new AppError('precondition_failed', 'The schedule was changed meanwhile. Load it again.')
  const { maxBackups } = await cloudPodBackupService.limitsOf(ctx, tenantId)
  requireAllowed(canBackup.schedule(pod, maxBackups))
  const body = { ...before, ...change }
  const most = body.keepLast + body.keepDaily + body.keepWeekly
  if (body.enabled && most >= maxBackups) {
    const message = `At most ${maxBackups - 1} can be kept of the ${maxBackups} that the pod may have: the new one is made before an old one goes.`
    throw new AppError('invalid_input', message, { errors: [{ path: 'keepLast', message }] })
  }
  const row = await schedules.put(ctx.tx, tenantId, podId, {
    enabled: body.enabled,
    frequency: body.frequency,
    weekday: body.weekday,
    hour: body.hour,
    keep_last: body.keepLast,
    keep_daily: body.keepDaily,
    keep_weekly: body.keepWeekly,
    next_at: body.enabled ? nextOf(body, podId, before.timeZone, ctx.now()) : null,
    problem: null,
    updated_at: ctx.now(),
  })
  const after = present(row, before.timeZone)
  await emit(
    ctx,
    pod,
    'CLOUDPOD_BACKUP_SCHEDULE_SET',
    auditService.diffOf<Record<string, unknown>>(before, after),
  )
  return after
}

const BATCH = 200

/** Begins what is due, each in a transaction of its own. What was missed is made up for by one backup. */
export async function beginDue(root: Root): Promise<void> {
  const due = await asSystem(root, 'backups', 'platform', (ctx) => schedules.due(ctx.tx, ctx.now(), BATCH))
  await eachAsSystem(root, {
    label: 'backups',
    rows: due,
    fault: 'a scheduled backup could not be ordered',
    work: (ctx, row) => beginOne(ctx, row.tenant_id, row.pod_id),
  })
}

async function beginOne(ctx: Ctx, tenantId: string, podId: string): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  const row = await schedules.find(ctx.tx, tenantId, podId)
  // Another worker was faster, or somebody has switched it off meanwhile.
  if (!row?.next_at || row.next_at > ctx.now() || pod.state !== 'active') return
  const timeZone = await timeZoneOf(ctx, tenantId)
  const existing = await backups.ofPod(ctx.tx, tenantId, podId)
  // One that is still waiting or being made is this one as well.
  const isGoingOn = existing.some(({ kind, state }) => kind === 'scheduled' && state === 'creating')
  const { problem, isSoon }: Begun = isGoingOn
    ? { problem: row.problem }
    : await begin(ctx, pod, existing, { ...row, timeZone })
  const next_at = isSoon === true ? row.next_at : nextOf(row, podId, timeZone, ctx.now())
  await schedules.setNext(ctx.tx, tenantId, podId, { next_at, problem })
  if (problem !== null && problem !== row.problem)
    await emit(ctx, pod, 'CLOUDPOD_BACKUP_SKIPPED', {}, { problem })
}

/** Why it was not begun; `isSoon`: room is being made for it, so it stays due. */
type Begun = { problem: string | null; isSoon?: boolean }
type Rules = Pick<ScheduleRow, 'keep_last' | 'keep_daily' | 'keep_weekly'> & { timeZone: string }

async function begin(
  ctx: Ctx,
  pod: pods.PodRow,
  existing: readonly BackupRow[],
  rules: Rules,
): Promise<Begun> {
  try {
    await cloudPodBackupService.begin(ctx, pod, 'scheduled')
    return { problem: null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'invalid_state') return { problem: error.message }
    if (error.code !== 'quota_exceeded') throw error
    return (await makeRoom(ctx, pod.tenant_id, existing, rules))
      ? { problem: `${error.message} The oldest one is deleted first, then this one is made.`, isSoon: true }
      : { problem: error.message }
  }
}

/**
 * Where the quota has no room for one more, the oldest goes before the new one is made: only one that goes anyway once that
 * is there, and never the last usable one.
 * @returns whether room comes
 */
async function makeRoom(
  ctx: Ctx,
  tenantId: string,
  existing: readonly BackupRow[],
  rules: Rules,
): Promise<boolean> {
  if (existing.some(({ kind, state }) => kind === 'scheduled' && state === 'deleting')) return true
  const share = await cloudPodQuotas.limitOf(ctx, tenantId, 'backups')
  // One less would not be room enough.
  if (share !== null && share.used > share.limit) return false
  const oldest = unkept(existing, rules, ctx.now()).at(-1)
  if (!oldest || existing.filter(({ state }) => state === 'ready').length < 2) return false
  await cloudPodBackupService.retire(ctx, oldest, 'retention')
  return true
}

/**
 * The scheduled backups that a schedule does not keep, the newest first: no protected ones.
 * @param comingAt when one more is made; it is counted as if it was there
 */
function unkept(existing: readonly BackupRow[], rules: Rules, comingAt?: Date): BackupRow[] {
  const ready = existing.filter(
    ({ kind, state, protected: isProtected }) => kind === 'scheduled' && state === 'ready' && !isProtected,
  )
  const dated = [
    ...ready.map(({ id, taken_at, created_at }) => ({ id, at: taken_at ?? created_at })),
    ...(comingAt === undefined ? [] : [{ id: 'the new one', at: comingAt }]),
  ]
  const { keep_last: keepLast, keep_daily: keepDaily, keep_weekly: keepWeekly } = rules
  const keep = kept(dated, { keepLast, keepDaily, keepWeekly }, rules.timeZone)
  return ready.filter(({ id }) => !keep.has(id))
}

type Doomed = { id: string; tenant_id: string; pod_id: string; why: 'retention' | 'the pod is gone' }

/**
 * Deletes what no schedule keeps any more, and what has outlived its pod long enough. Protected backups stay, and so do
 * those that a person has made while the pod exists. Of what outlived its pod, unusually many wait until a person has
 * confirmed it; retention always leaves the newest ones.
 */
export async function tidy(root: Root): Promise<void> {
  const doomed = await asSystem(root, 'backups', 'platform', async (ctx) => {
    const outlived = await expired(ctx)
    const counts = { wanted: outlived.length, total: await backups.countReady(ctx.tx) }
    const may = await provisioningService.mayTouch(ctx, 'backups.expire', counts)
    return [...(await surplus(ctx)), ...(may ? outlived : [])]
  })
  await eachAsSystem(root, {
    label: 'backups',
    rows: doomed,
    fault: 'a backup could not be retired',
    work: (ctx, row) => cloudPodBackupService.retire(ctx, row, row.why),
  })
}

async function surplus(ctx: Ctx): Promise<Doomed[]> {
  const doomed: Doomed[] = []
  for (const row of await schedules.overfull(ctx.tx)) {
    const existing = await backups.ofPod(ctx.tx, row.tenant_id, row.pod_id)
    const left = unkept(existing, { ...row, timeZone: row.time_zone })
    doomed.push(
      ...left.map(({ id, tenant_id, pod_id }) => ({ id, tenant_id, pod_id, why: 'retention' as const })),
    )
  }
  return doomed
}

/** How many backups of pods that are gone are looked at in one go. */
const PAGE = 1_000

async function expired(ctx: Ctx): Promise<Doomed[]> {
  const limits = new Map<string, cloudPodBackupService.Limits>()
  const doomed: Doomed[] = []
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<typeof backups.ofGonePods>> = await backups.ofGonePods(ctx.tx, PAGE, after)
    for (const { id, tenant_id, pod_id, gone_at } of page) {
      const own = limits.get(tenant_id) ?? (await cloudPodBackupService.limitsOf(ctx, tenant_id))
      limits.set(tenant_id, own)
      if (cloudPodBackupService.expiryOf(gone_at, own) <= ctx.now())
        doomed.push({ id, tenant_id, pod_id, why: 'the pod is gone' })
    }
    if (page.length < PAGE) return doomed
    after = page.at(-1)?.id ?? null
  }
}
