import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditHold, AuditRetention } from '../../shared/api/auditRetention.ts'
import { newId } from '../../src/lib/ids.ts'
import { sealAll } from '../../src/services/audit/sealing.ts'
import { verify } from '../../src/services/audit/verify.ts'
import { verifyFile } from '../../src/services/audit/verifyFile.ts'
import { archiveDue } from '../../src/services/auditRetentionService.ts'
import * as auditService from '../../src/services/auditService.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'

const DAY_MS = 86_400_000
let app: TestApp
let owner: Owner
let tenantId: string
let other: string

beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  owner = await ownerOf(app.ownerUrl)
  tenantId = await app.tenant()
  other = await app.tenant()
})
afterAll(async () => {
  await owner.close()
  await app.close()
})

/** The first day of the month that many months before this one. */
const monthsAgo = (n: number): Date => {
  const now = new Date()
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - n, 1))
}
const nameOf = (month: Date): string => `audit_events_${month.toISOString().slice(0, 7).replace('-', '_')}`

/** A month with events at its begin and (a minute before, since the clock goes on) its end, the last of which share a batch with the first of the next month. */
async function oldMonth(n: number, of: string): Promise<void> {
  const [begin, end] = [monthsAgo(n), monthsAgo(n - 1)]
  await owner.query(`create table if not exists ${nameOf(begin)} partition of audit_events
    for values from ('${begin.toISOString()}') to ('${end.toISOString()}')`)
  for (const at of [begin.getTime() + 1, begin.getTime() + DAY_MS, end.getTime() - 60_000]) {
    app.clock.offsetMs = at - Date.now()
    await app.as((ctx) =>
      auditService.record(ctx, {
        action: 'THING_DONE',
        tenantId: of,
        target: { type: 'thing', id: `in-${n}` },
      }),
    )
  }
  app.clock.offsetMs = 0
}
const isThere = async (n: number): Promise<boolean> => {
  const [row] = await owner.query<{ there: boolean }>(
    `select to_regclass('${nameOf(monthsAgo(n))}') is not null as there`,
  )
  return row?.there ?? false
}
const retention = async (): Promise<AuditRetention> =>
  (await app.admin.get<AuditRetention>('/api/admin/audit/retention')).body
const hold = async (more: object): Promise<AuditHold> => {
  const { status, body } = await app.admin.post<AuditHold>('/api/admin/audit/holds', {
    reason: 'court',
    ...more,
  })
  expect(status).toBe(201)
  return body
}
const release = ({ id }: AuditHold) => app.admin.post(`/api/admin/audit/holds/${id}/release`, {})
const intact = async () =>
  expect(await verify(app.root, app.config.auditCheckpoints)).toMatchObject({ findings: [] })

test('a month that is old enough goes into a file that can be checked, and the log stays verifiable', async () => {
  await oldMonth(16, tenantId)
  await oldMonth(15, tenantId)
  await oldMonth(13, tenantId)
  await sealAll(app.root)
  await archiveDue(app.root)
  expect([await isThere(16), await isThere(15), await isThere(13)]).toEqual([false, false, true])
  const { archives, days } = await retention()
  expect(days).toBe(400)
  expect(archives.map(({ events }) => events)).toEqual(['3', '3'])
  for (const { file } of archives) {
    const verdict = await verifyFile(join(app.config.auditArchives, file), {
      checkpoints: app.config.auditCheckpoints,
    })
    expect(verdict).toMatchObject({ findings: [], events: 3 })
  }
  expect(await verify(app.root, app.config.auditCheckpoints)).toMatchObject({ findings: [], archived: 6 })
  const { body } = await app.admin.get<{ items: unknown[] }>(
    '/api/admin/audit/events?action=AUDIT_MONTH_ARCHIVED',
  )
  expect(body.items).toHaveLength(2)
})

test('a month that was archived and is made again, empty, is left alone, and its file stays as it is', async () => {
  await oldMonth(24, tenantId)
  await sealAll(app.root)
  await archiveDue(app.root)
  const before = await retention()
  // As the maintenance does where time is simulated: partitions begin with the month before the machine's.
  await owner.query(`create table ${nameOf(monthsAgo(24))} partition of audit_events
    for values from ('${monthsAgo(24).toISOString()}') to ('${monthsAgo(23).toISOString()}')`)
  await archiveDue(app.root)
  expect(await retention()).toEqual(before)
  await intact()
  await owner.query(`drop table ${nameOf(monthsAgo(24))}`)
})

test('an event that was removed and made to look archived is found', async () => {
  await owner.query('set session_replication_role = replica')
  await owner.query('create temp table kept as select * from audit_archived')
  await owner.query(`update audit_archived set positions = positions || '\\xff'::bytea`)
  const { findings } = await verify(app.root, app.config.auditCheckpoints)
  await owner.query(
    'update audit_archived a set positions = k.positions from kept k where k.batch = a.batch and k.month = a.month',
  )
  await owner.query('drop table kept')
  await owner.query('set session_replication_role = origin')
  expect(findings[0]).toMatch(/^forged: the archive of \d{4}-\d\d is not what was signed/)
  await intact()
})

test('one changed byte of an archive is found', async () => {
  const [archive] = (await retention()).archives
  const path = join(app.config.auditArchives, archive?.file ?? '')
  const copy = join(app.config.dataDir, 'copy.jsonl.gz')
  await copyFile(path, copy)
  const bytes = await readFile(copy)
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  await writeFile(copy, bytes)
  const verdict = await verifyFile(copy).catch((error: Error) => error)
  if (!(verdict instanceof Error)) expect(verdict.findings.length).toBeGreaterThan(0)
})

test('a hold on everything, a tenant or a target keeps a month until it is released', async () => {
  await oldMonth(17, tenantId)
  await sealAll(app.root)
  for (const scope of [{}, { tenantId }, { targetId: 'in-17' }]) {
    const placed = await hold(scope)
    await archiveDue(app.root)
    expect(await isThere(17)).toBe(true)
    // Nor can somebody with the application's rights take it away.
    await expect(
      app.root.db.pool.query(`select remove_audit_month('${monthsAgo(17).toISOString().slice(0, 10)}')`),
    ).rejects.toThrow()
    expect((await release(placed)).status).toBe(200)
    expect((await release(placed)).status).toBe(409)
  }
  const elsewhere = await hold({ tenantId: other })
  await archiveDue(app.root)
  expect(await isThere(17)).toBe(false)
  await release(elsewhere)
  await intact()
  expect((await app.admin.post('/api/admin/audit/holds', { reason: 'x', tenantId: newId() })).status).toBe(
    404,
  )
  expect((await app.admin.post(`/api/admin/audit/holds/${newId()}/release`, {})).status).toBe(404)
})

test('what was interrupted between file and removal is finished by the next run', async () => {
  await oldMonth(18, other)
  await sealAll(app.root)
  const dying = {
    ...app.root,
    now: () => {
      throw new Error('killed')
    },
  }
  await expect(archiveDue(dying)).rejects.toThrow('killed')
  await owner.query(
    `create function stop_drop() returns event_trigger language plpgsql as $$ begin raise exception 'killed'; end $$`,
  )
  await owner.query(
    `create event trigger stop_drop on ddl_command_start when tag in ('DROP TABLE') execute function stop_drop()`,
  )
  await expect(archiveDue(app.root)).rejects.toThrow('killed')
  await owner.query('drop event trigger stop_drop')
  expect(await isThere(18)).toBe(true)
  expect((await retention()).archives[0]).toBeDefined()
  await intact()
  await archiveDue(app.root)
  expect(await isThere(18)).toBe(false)
  await intact()
})

test('events that are not sealed yet are not archived', async () => {
  await oldMonth(19, other)
  await archiveDue(app.root)
  expect(await isThere(19)).toBe(true)
  await sealAll(app.root)
  await archiveDue(app.root)
  expect(await isThere(19)).toBe(false)
})

test('how long events stay is a setting of the platform', async () => {
  await app.admin.call('PATCH', '/api/admin/tenants/settings', { 'audit.retentionDays': 3660 })
  expect(
    (await app.admin.call('PATCH', '/api/admin/tenants/settings', { 'audit.retentionDays': 7 })).status,
  ).toBe(422)
})

test('whom the application works as can remove no event, and no month without an archive', async () => {
  for (const statement of [
    'delete from audit_events',
    'truncate audit_events',
    'update audit_events set action = action',
  ])
    await expect(app.root.db.pool.query(statement)).rejects.toThrow(/permission denied|append-only/)
  for (const statement of [
    'delete from audit_events',
    'truncate audit_events',
    'update audit_events set action = action',
  ])
    await expect(owner.query(statement)).rejects.toThrow(/append-only|foreign key/)
  const month = monthsAgo(13).toISOString().slice(0, 10)
  await expect(app.root.db.pool.query(`select remove_audit_month('${month}')`)).rejects.toThrow(
    'does not hold its 3 events',
  )
})
