import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
import { sealAll, sealNext } from '../../src/services/audit/sealing.ts'
import { verify } from '../../src/services/audit/verify.ts'
import * as auditService from '../../src/services/auditService.ts'
import { ownerOf, type Owner } from '../rules/rows.ts'
import { startApp, type TestApp } from '../support/app.ts'

let app: TestApp
let owner: Owner
let file: string
let tenantId: string
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  owner = await ownerOf(app.ownerUrl)
  file = app.config.auditCheckpoints
  tenantId = await app.tenant()
})
afterAll(async () => {
  await owner.close()
  await app.close()
})

const record = (label: string) =>
  app.as((ctx) =>
    auditService.record(ctx, {
      action: 'CANARY_SUNG',
      tenantId,
      target: { type: 'canary', id: newId(), label },
      diff: { amount: [1, 2.5] },
      details: { text: 'Grüße \u0001 "x"', big: 2 ** 60 },
    }),
  )
const findings = async (checkpoints: string | undefined = file) =>
  (await verify(app.root, checkpoints)).findings

/** What somebody with the owner's rights can do: the triggers that refuse changes are switched off meanwhile. */
async function tamper(statement: string, values: unknown[] = []): Promise<void> {
  await owner.query(`set session_replication_role = replica`)
  await owner.query(statement, values)
  await owner.query(`set session_replication_role = origin`)
}

const eventNamed = async (label: string): Promise<string> => {
  const [row] = await owner.query<{ id: string }>('select id from audit_events where target_label = $1', [
    label,
  ])
  return row?.id ?? ''
}

/** A small batch of its own with three known events. */
let names: string[]
let lastBatch: bigint
beforeEach(async () => {
  await sealAll(app.root)
  names = [1, 2, 3].map((n) => `${newId()}-${n}`)
  for (const name of names) await record(name)
  await sealAll(app.root)
  const [row] = await owner.query<{ number: string }>('select max(number) as number from audit_batches')
  lastBatch = BigInt(row?.number ?? 0)
})

test('an untouched log is intact, and every event is sealed', async () => {
  const verdict = await verify(app.root, file)
  expect(verdict.findings).toEqual([])
  expect(verdict.unsealed).toBe(0)
  const [row] = await owner.query<{ n: number }>('select count(*)::int as n from audit_events')
  expect(verdict.events).toBe(row?.n)
})

/** Does something, expects the finding, and puts everything back. */
async function expectFound(change: () => Promise<void>, undo: () => Promise<void>, pattern: RegExp) {
  await change()
  try {
    expect((await findings()).join('\n')).toMatch(pattern)
  } finally {
    await undo()
  }
  expect(await findings()).toEqual([])
}

const fields: [string, string][] = [
  ['the action', `action = 'CANARY_SANG'`],
  ['one byte of a label', `target_label = overlay(target_label placing '#' from 1)`],
  ['a microsecond', `at = at + interval '1 microsecond'`],
  ['who did it', `actor = jsonb_set(actor, '{label}', '"mallory"')`],
  ['a value of the diff', `diff = '{"amount": [1, 2.50]}'`],
  ['a field added to the details', `details = details || '{"more": null}'`],
  ['the last digit of a big number', `details = jsonb_set(details, '{big}', '1152921504606847001')`],
  ['its tenant, away', 'tenant_id = null'],
]

test.each(fields)('a change of %s is found and the event is named', async (_, change) => {
  const id = await eventNamed(names[1] ?? '')
  await owner.query('create temp table kept as select * from audit_events where id = $1', [id])
  await expectFound(
    () => tamper(`update audit_events set ${change} where id = $1`, [id]),
    async () => {
      await tamper('delete from audit_events where id = $1', [id])
      await tamper('insert into audit_events select * from kept')
    },
    new RegExp(`^(changed|missing): event ${id}, number 2 of batch ${lastBatch}`, 'm'),
  )
  await owner.query('drop table kept')
})

test('a removed event is named', async () => {
  const id = await eventNamed(names[2] ?? '')
  await owner.query('create temp table kept as select * from audit_events where id = $1', [id])
  await expectFound(
    () => tamper('delete from audit_events where id = $1', [id]),
    () => tamper('insert into audit_events select * from kept'),
    new RegExp(`^missing: event ${id}, number 3 of batch ${lastBatch}`, 'm'),
  )
  await owner.query('drop table kept')
})

test('an event that was put in past the writer is named', async () => {
  const id = newId()
  await expectFound(
    () =>
      tamper(
        `insert into audit_events (id, at, action, actor, target_type, target_id) values ($1, now(), 'NEVER_HAPPENED', '{}', 'x', 'y')`,
        [id],
      ),
    () => tamper('delete from audit_events where id = $1', [id]),
    new RegExp(`^inserted: event ${id}`, 'm'),
  )
})

test('two events of a batch that were put in another order are found', async () => {
  const swap = () =>
    tamper(
      `update audit_batches set events = array[events[2], events[1], events[3]],
        leaves = substr(leaves, 33, 32) || substr(leaves, 1, 32) || substr(leaves, 65) where number = $1`,
      [lastBatch.toString()],
    )
  await expectFound(swap, swap, new RegExp(`^changed: the list of events of batch ${lastBatch}`, 'm'))
})

test('a batch that was made to fit a changed event is found by its signature', async () => {
  const number = lastBatch.toString()
  await owner.query('create temp table kept as select * from audit_batches where number = $1', [number])
  await expectFound(
    () =>
      tamper(`update audit_batches set root = sha256('x'), hash = sha256('y') where number = $1`, [number]),
    async () => {
      await tamper('delete from audit_batches where number = $1', [number])
      await tamper('insert into audit_batches select * from kept')
    },
    new RegExp(`^forged: the signature of batch ${lastBatch}`, 'm'),
  )
  await owner.query('drop table kept')
})

test('a log that was cut at its end, batch and all, is found by the checkpoints', async () => {
  const number = lastBatch.toString()
  const ids = await Promise.all(names.map(eventNamed))
  await owner.query('create temp table kept as select * from audit_batches where number = $1', [number])
  await owner.query('create temp table events as select * from audit_events where id = any ($1)', [ids])
  await expectFound(
    async () => {
      await tamper('delete from audit_batches where number = $1', [number])
      await tamper('delete from audit_events where id = any ($1)', [ids])
    },
    async () => {
      await tamper('insert into audit_batches select * from kept')
      await tamper('insert into audit_events select * from events')
    },
    new RegExp(`^cut: batch ${lastBatch} has a checkpoint and is gone`, 'm'),
  )
  await owner.query('drop table kept')
  await owner.query('drop table events')
})

test('an event that commits late, after younger ones were sealed, is sealed in the next batch', async () => {
  const late = await ownerOf(app.ownerUrl)
  const id = newId()
  await late.query('begin')
  await late.query(
    `insert into audit_events (id, at, action, actor, target_type, target_id) values ($1, now(), 'CAME_LATE', '{}', 'x', 'y')`,
    [id],
  )
  await record(newId())
  await sealAll(app.root)
  await late.query('commit')
  await late.close()
  await sealAll(app.root)
  expect(await verify(app.root, file)).toMatchObject({ findings: [], unsealed: 0 })
})

test('a sealer that dies before its commit leaves everything to be sealed, once', async () => {
  await record('dies')
  const dying = app.as(async (ctx) => {
    expect(await sealNext(ctx)).toBeGreaterThan(0)
    throw new Error('killed')
  })
  await expect(dying).rejects.toThrow('killed')
  await Promise.all([sealAll(app.root), sealAll(app.root), sealAll(app.root)])
  expect(await verify(app.root, file)).toMatchObject({ findings: [], unsealed: 0 })
})

test('a checkpoint file that a crash cut off is completed', async () => {
  const whole = await readFile(file, 'utf8')
  await writeFile(file, whole.trimEnd().slice(0, -20))
  await sealAll(app.root)
  expect(await findings()).toEqual([])
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line.endsWith('}'))
  expect(lines.at(-1)).toBe(whole.trimEnd().split('\n').at(-1))
})

test('a checkpoint of another log is a finding', async () => {
  const other = `${file}.other`
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  const last = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>
  await writeFile(other, '')
  await appendFile(other, `${JSON.stringify({ ...last, hash: 'ab'.repeat(32) })}\n`)
  expect(await findings(other)).toEqual([
    `forged: batch ${lastBatch} is another one than its checkpoint says`,
  ])
})

test('batches can be neither changed nor removed by whom the application works as', async () => {
  for (const statement of [
    'update audit_batches set root = root',
    'delete from audit_batches',
    'truncate audit_batches',
  ])
    await expect(app.root.db.pool.query(statement)).rejects.toThrow(/permission denied|append-only/)
  await expect(owner.query('delete from audit_batches')).rejects.toThrow('append-only')
})
