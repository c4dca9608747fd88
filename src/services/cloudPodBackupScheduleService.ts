import { createHash } from 'node:crypto'
import type { BackupSchedule, BackupScheduleUpdate } from '../../shared/api/cloudPodBackups.ts'
import { canBackup } from '../../shared/states/cloudPodBackup.ts'
import { systemOrigin, transaction, type Ctx, type Root } from '../context.ts'
import * as schedules from '../db/cloudPodBackupSchedules.ts'
import type { ScheduleRow } from '../db/cloudPodBackupSchedules.ts'
import * as backups from '../db/cloudPodBackups.ts'
import * as pods from '../db/cloudPods.ts'
import * as tenants from '../db/tenants.ts'
import { AppError, notFound } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import { kept, nextRun } from '../lib/schedule.ts'
import * as auditService from './auditService.ts'
import { emit, lockPod, requireAllowed } from './cloudPods/changes.ts'
import * as cloudPodBackupService from './cloudPodBackupService.ts'
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

const asSystem = <T>(root: Root, scope: 'platform' | string[], work: (ctx: Ctx) => Promise<T>): Promise<T> =>
  transaction(root, systemOrigin('backups', newId()), scope, work)

/** Begins what is due, each in a transaction of its own. What was missed is made up for by one backup. */
export async function beginDue(root: Root): Promise<void> {
  const due = await asSystem(root, 'platform', (ctx) => schedules.due(ctx.tx, ctx.now(), BATCH))
  for (const { pod_id: podId, tenant_id: tenantId } of due) {
    await asSystem(root, [tenantId], (ctx) => beginOne(ctx, tenantId, podId)).catch((error: unknown) =>
      root.log.error({ err: error, podId }, 'a scheduled backup could not be ordered'),
    )
  }
}

async function beginOne(ctx: Ctx, tenantId: string, podId: string): Promise<void> {
  const pod = await lockPod(ctx, tenantId, podId)
  const row = await schedules.find(ctx.tx, tenantId, podId)
  // Another worker was faster, or somebody has switched it off meanwhile.
  if (!row?.next_at || row.next_at > ctx.now() || pod.state !== 'active') return
  const next_at = nextOf(row, podId, await timeZoneOf(ctx, tenantId), ctx.now())
  const existing = await backups.ofPod(ctx.tx, tenantId, podId)
  // One that is still waiting or being made is this one as well.
  const isGoingOn = existing.some(({ kind, state }) => kind === 'scheduled' && state === 'creating')
  const problem = isGoingOn ? row.problem : await begin(ctx, pod)
  await schedules.setNext(ctx.tx, tenantId, podId, { next_at, problem })
  if (problem !== null && problem !== row.problem)
    await emit(ctx, pod, 'CLOUDPOD_BACKUP_SKIPPED', {}, { problem })
}

/** @returns why it was not begun */
async function begin(ctx: Ctx, pod: pods.PodRow): Promise<string | null> {
  try {
    await cloudPodBackupService.begin(ctx, pod, 'scheduled')
    return null
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid_state') return error.message
    throw error
  }
}

type Doomed = { id: string; tenant_id: string; pod_id: string; why: 'retention' | 'the pod is gone' }

/**
 * Deletes what no schedule keeps any more, and what has outlived its pod long enough. Protected backups stay, and so do
 * those that a person has made while the pod exists. Of what outlived its pod, unusually many wait until a person has
 * confirmed it; retention always leaves the newest ones.
 */
export async function tidy(root: Root): Promise<void> {
  const doomed = await asSystem(root, 'platform', async (ctx) => {
    const outlived = await expired(ctx)
    const counts = { wanted: outlived.length, total: await backups.countReady(ctx.tx) }
    const may = await provisioningService.mayTouch(ctx, 'backups.expire', counts)
    return [...(await surplus(ctx)), ...(may ? outlived : [])]
  })
  for (const one of doomed) {
    await asSystem(root, [one.tenant_id], (ctx) => cloudPodBackupService.retire(ctx, one, one.why)).catch(
      (error: unknown) => root.log.error({ err: error, backupId: one.id }, 'a backup could not be retired'),
    )
  }
}

async function surplus(ctx: Ctx): Promise<Doomed[]> {
  const doomed: Doomed[] = []
  for (const row of await schedules.overfull(ctx.tx)) {
    const ready = (await backups.ofPod(ctx.tx, row.tenant_id, row.pod_id)).filter(
      ({ kind, state, protected: isProtected }) => kind === 'scheduled' && state === 'ready' && !isProtected,
    )
    const dated = ready.map(({ id, taken_at, created_at }) => ({ id, at: taken_at ?? created_at }))
    const rules = { keepLast: row.keep_last, keepDaily: row.keep_daily, keepWeekly: row.keep_weekly }
    const keep = kept(dated, rules, row.time_zone)
    const left = ready.filter(({ id }) => !keep.has(id))
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
