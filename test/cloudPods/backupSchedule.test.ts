import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BackupSchedule, CloudPodBackup, CloudPodBackups } from '../../shared/api/cloudPodBackups.ts'
import { kept, nextRun } from '../../src/lib/schedule.ts'
import * as cloudPodBackupMarks from '../../src/services/cloudPodBackupMarks.ts'
import * as cloudPodBackupScheduleService from '../../src/services/cloudPodBackupScheduleService.ts'
import * as cloudPodService from '../../src/services/cloudPodService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { activePod } from '../rules/pods.ts'

const PODS = '/api/admin/hosting/cloudpods'
const DAY_MS = 86_400_000

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app.close())

type Own = { tenantId: string; podId: string }
async function newPod(): Promise<Own> {
  const tenantId = await app.tenant()
  const { id = '' } = await activePod(app, tenantId, false)
  return { tenantId, podId: id }
}

const listOf = async ({ podId }: Own): Promise<CloudPodBackup[]> =>
  (await app.admin.get<CloudPodBackups>(`${PODS}/${podId}/backups`)).body.items
const scheduleOf = async ({ podId }: Own): Promise<BackupSchedule> =>
  (await app.admin.get<BackupSchedule>(`${PODS}/${podId}/backup-schedule`)).body
const change = ({ podId }: Own, body: object, headers: Record<string, string> = {}) =>
  app.admin.call<BackupSchedule>('PATCH', `${PODS}/${podId}/backup-schedule`, body, headers)

/** As the job does once it has read the backup back. */
async function isTaken({ tenantId, podId }: Own, backupId: string, takenAt: Date): Promise<void> {
  const volid = `shared:backup/vzdump-qemu-100-${backupId}.vma.zst`
  const seen = { volid, node: 'pve1', shared: true, sizeBytes: 1_000_000, diskGb: 1 }
  await app.as((ctx) =>
    cloudPodBackupMarks.markReady(
      ctx,
      { tenantId, podId, backupId },
      { ...seen, takenAt: takenAt.toISOString() },
    ),
  )
}

/** Sessions would end when the clock of the requests moved as well. */
async function at(time: Date | string, timer: (root: typeof app.root) => Promise<void>): Promise<void> {
  app.clock.offsetMs = new Date(time).getTime() - Date.now()
  await timer(app.root).finally(() => (app.clock.offsetMs = 0))
}
const runAt = (time: Date | string) => at(time, cloudPodBackupScheduleService.beginDue)

/** The time comes: the due backup is made. @returns its id */
async function scheduled(pod: Own): Promise<string> {
  const { nextAt } = await scheduleOf(pod)
  const before = new Set((await listOf(pod)).map(({ id }) => id))
  await runAt(nextAt ?? '')
  const made = (await listOf(pod)).find(({ id }) => !before.has(id))
  if (!made) throw new Error('nothing was begun')
  await isTaken(pod, made.id, new Date(nextAt ?? ''))
  return made.id
}

it.each([
  ['the same day', '2026-06-10T00:00:00Z', 3, 'daily', '2026-06-10T01:30:00.000Z'],
  ['the day after', '2026-06-10T01:30:00Z', 3, 'daily', '2026-06-11T01:30:00.000Z'],
  ['an hour that is left out comes later', '2026-03-28T12:00:00Z', 2, 'daily', '2026-03-29T01:30:00.000Z'],
  ['and is back the day after', '2026-03-29T01:30:00Z', 2, 'daily', '2026-03-30T00:30:00.000Z'],
  ['an hour that comes twice is taken once', '2026-10-24T12:00:00Z', 2, 'daily', '2026-10-25T00:30:00.000Z'],
  ['and not the second time', '2026-10-25T00:30:00Z', 2, 'daily', '2026-10-26T01:30:00.000Z'],
  ['the next Sunday', '2026-06-10T00:00:00Z', 3, 'weekly', '2026-06-14T01:30:00.000Z'],
  ['a week later', '2026-06-14T01:30:00Z', 3, 'weekly', '2026-06-21T01:30:00.000Z'],
] as const)('the next run in Rome at half past: %s', (_, after, hour, frequency, next) => {
  const rule = { frequency, weekday: 7, hour, minute: 30, timeZone: 'Europe/Rome' }
  expect(nextRun(rule, new Date(after)).toISOString()).toBe(next)
})

it('kept are the newest, and of each day and week of the tenant the newest', () => {
  const one = (text: string) => ({ id: text, at: new Date(text) })
  const all = [
    one('2026-06-14T22:30:00Z'), // Monday in Rome
    one('2026-06-14T02:00:00Z'),
    one('2026-06-13T02:00:00Z'),
    one('2026-06-06T02:00:00Z'),
    one('2026-05-30T02:00:00Z'),
  ]
  const keep = (keepLast: number, keepDaily: number, keepWeekly: number) =>
    all.flatMap(({ id }, index) =>
      kept(all, { keepLast, keepDaily, keepWeekly }, 'Europe/Rome').has(id) ? [index] : [],
    )
  expect(keep(1, 0, 0)).toEqual([0])
  expect(keep(2, 0, 0)).toEqual([0, 1])
  expect(keep(1, 3, 0)).toEqual([0, 1, 2])
  expect(keep(1, 0, 3)).toEqual([0, 1, 3])
})

it('a schedule is off until somebody sets it, is changed by one at a time, and keeps fewer than the pod may have', async () => {
  const pod = await newPod()
  expect(await scheduleOf(pod)).toMatchObject({ enabled: false, nextAt: null, version: 0 })
  const set = await change(pod, { enabled: true, hour: 4 }, { 'if-match': '"v0"' })
  expect(set).toMatchObject({ status: 200, body: { enabled: true, hour: 4, keepLast: 3, version: 1 } })
  expect(new Date(set.body.nextAt ?? 0).getTime()).toBeGreaterThan(Date.now())
  const stale = await change(pod, { hour: 5 }, { 'if-match': '"v0"' })
  expect(stale).toMatchObject({ status: 412, body: { code: 'precondition_failed' } })
  const tooMany = await change(pod, { keepDaily: 7 })
  expect(tooMany).toMatchObject({ status: 422, body: { errors: [{ path: 'keepLast' }] } })
  expect(await change(pod, { enabled: false })).toMatchObject({ status: 200, body: { nextAt: null } })
})

it('what was missed is made up for by one backup, and one that is still being made is not ordered twice', async () => {
  const pod = await newPod()
  const { body } = await change(pod, { enabled: true, hour: 3 })
  const due = new Date(body.nextAt ?? '')
  await runAt(new Date(due.getTime() - 1_000))
  expect(await listOf(pod)).toEqual([])
  const late = new Date(due.getTime() + 5 * DAY_MS)
  await runAt(late)
  await runAt(late)
  expect(await listOf(pod)).toMatchObject([{ kind: 'scheduled', state: 'creating' }])
  const after = await scheduleOf(pod)
  expect(new Date(after.nextAt ?? '').getTime()).toBeGreaterThan(late.getTime())
  expect(new Date(after.nextAt ?? '').getTime()).toBeLessThanOrEqual(late.getTime() + DAY_MS + 3_600_000)
  await runAt(after.nextAt ?? '')
  expect(await listOf(pod)).toHaveLength(1)
})

it('pods that are not active, and those of a suspended tenant, are not backed up until they are again', async () => {
  const pod = await newPod()
  const { body } = await change(pod, { enabled: true })
  const later = new Date(new Date(body.nextAt ?? '').getTime() + 3 * DAY_MS)
  await rowsOf(app, sql`update tenants set state = 'suspended' where id = ${pod.tenantId}`)
  await runAt(later)
  expect(await listOf(pod)).toEqual([])
  await rowsOf(app, sql`update tenants set state = 'active' where id = ${pod.tenantId}`)
  await rowsOf(app, sql`update cloud_pods set state = 'deleting' where id = ${pod.podId}`)
  await runAt(later)
  expect(await listOf(pod)).toEqual([])
  const refused = await change(pod, { hour: 1 })
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  await rowsOf(app, sql`update cloud_pods set state = 'active' where id = ${pod.podId}`)
  await runAt(later)
  expect(await listOf(pod)).toHaveLength(1)
})

it('a run for which there is no room is left out and said, and the next one is tried', async () => {
  const pod = await newPod()
  await change(pod, { enabled: true, keepLast: 1 })
  const settings = `/api/admin/tenants/${pod.tenantId}/settings`
  await app.admin.call('PATCH', settings, { 'cloudPods.maxBackups': 0 })
  await runAt((await scheduleOf(pod)).nextAt ?? '')
  const skipped = await scheduleOf(pod)
  expect(skipped.problem).toContain('not offered')
  await app.admin.call('PATCH', settings, { 'cloudPods.maxBackups': 5 })
  await scheduled(pod)
  expect((await scheduleOf(pod)).problem).toBeNull()
})

const quotaOf = ({ tenantId }: Own) => `/api/admin/tenants/${tenantId}/quotas`

it('over the tenant’s quota the oldest goes first and the run is made up for, unless it is the last usable one', async () => {
  const pod = await newPod()
  await app.admin.call('PATCH', quotaOf(pod), { maxBackups: 2 })
  await change(pod, { enabled: true, keepLast: 2 })
  const [oldest, newer] = [await scheduled(pod), await scheduled(pod)]
  const due = (await scheduleOf(pod)).nextAt ?? ''
  await runAt(due)
  const states = async () => new Map((await listOf(pod)).map(({ id, state }) => [id, state]))
  expect(await states()).toEqual(
    new Map([
      [newer, 'ready'],
      [oldest, 'deleting'],
    ]),
  )
  const waiting = await scheduleOf(pod)
  expect(waiting).toMatchObject({
    nextAt: due,
    problem: expect.stringContaining('backups 2 + 1 > 2') as string,
  })
  await runAt(due)
  expect(await states()).toHaveLength(2)
  await app.as((ctx) => cloudPodBackupMarks.markDeleted(ctx, { ...pod, backupId: oldest }))
  const third = await scheduled(pod)
  expect([...(await states()).keys()]).toEqual([third, newer])
  expect((await scheduleOf(pod)).problem).toBeNull()

  await app.admin.call('PATCH', quotaOf(pod), { maxBackups: 1 })
  await app.as((ctx) => cloudPodBackupMarks.markDeleted(ctx, { ...pod, backupId: newer }))
  await change(pod, { keepLast: 1 })
  const last = (await scheduleOf(pod)).nextAt ?? ''
  await runAt(last)
  expect(await states()).toEqual(new Map([[third, 'ready']]))
  const skipped = await scheduleOf(pod)
  expect(skipped.problem).toContain('backups 1 + 1 > 1')
  expect(new Date(skipped.nextAt ?? '').getTime()).toBeGreaterThan(new Date(last).getTime())
})

it('retention deletes what the schedule does not keep: never what is protected, made by a person, or the last one', async () => {
  const pod = await newPod()
  await change(pod, { enabled: true, keepLast: 1 })
  const byHand = await app.admin.post<{ backup: { id: string } }>(`${PODS}/${pod.podId}/backups`)
  await isTaken(pod, byHand.body.backup.id, new Date(0))
  const ids = [await scheduled(pod), await scheduled(pod), await scheduled(pod)]
  await app.admin.call('PATCH', `${PODS}/${pod.podId}/backups/${ids[0]}`, { protected: true })
  await cloudPodBackupScheduleService.tidy(app.root)
  const states = new Map((await listOf(pod)).map(({ id, state }) => [id, state]))
  expect(ids.map((id) => states.get(id))).toEqual(['ready', 'deleting', 'ready'])
  expect(states.get(byHand.body.backup.id)).toBe('ready')
  await cloudPodBackupScheduleService.tidy(app.root)
  expect((await listOf(pod)).filter(({ state }) => state === 'deleting')).toHaveLength(1)
})

it('backups of a pod that is gone are deleted when they have outlived it long enough, protected ones are not', async () => {
  const pod = await newPod()
  await change(pod, { enabled: true })
  const ids = [await scheduled(pod), await scheduled(pod)]
  await app.admin.call('PATCH', `${PODS}/${pod.podId}/backups/${ids[1]}`, { protected: true })
  await app.as((ctx) => cloudPodService.markDeleted(ctx, pod.tenantId, pod.podId, {}))
  expect(await scheduleOf(pod)).toMatchObject({ enabled: false, version: 0 })
  const [, first] = await listOf(pod)
  const expiry = new Date(first?.expiresAt ?? '')
  expect(Math.round((expiry.getTime() - Date.now()) / DAY_MS)).toBe(14)
  for (const [days, state] of [
    [13, 'ready'],
    [15, 'deleting'],
  ] as const) {
    await at(new Date(Date.now() + days * DAY_MS), cloudPodBackupScheduleService.tidy)
    expect((await listOf(pod)).map((one) => one.state)).toEqual(['ready', state])
  }
})
