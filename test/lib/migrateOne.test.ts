import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { applyMigration } from '../../src/db/migrateOne.ts'
import { migrate } from '../../src/db/migrate.ts'
import { freshDatabase } from '../support/postgres.ts'

// What an upgrade does to the database while the version before still serves.

let database: Awaited<ReturnType<typeof freshDatabase>>
let owner: Client
let user: Client
beforeAll(async () => {
  database = await freshDatabase()
  ;[owner, user] = [new Client(database.ownerUrl), new Client(database.ownerUrl)]
  await Promise.all([owner.connect(), user.connect()])
  await owner.query('create table one (n int); create table other (n int)')
})
afterAll(async () => {
  await Promise.all([owner.end(), user.end()])
  await database.drop()
})

const applied = async (name: string): Promise<number | null> =>
  (await user.query('select from schema_migrations where name = $1', [name])).rowCount

/** Applies a migration. @returns what it said meanwhile */
async function apply(name: string, sql: string): Promise<string[]> {
  const lines: string[] = []
  await applyMigration(owner, { name, sql, checksum: 'x' }, (line) => lines.push(line))
  return lines
}

test('a table that is in use makes a change begin anew, and whoever comes after it is not kept waiting', async () => {
  await user.query('begin; insert into one values (1)')
  const applying = apply('in_use', 'alter table one add column m int')
  await sleep(500)
  const other = new Client(database.ownerUrl)
  await other.connect()
  // It stands behind the change, which gives way.
  await other.query('insert into one values (2)')
  await other.end()
  expect(await applied('in_use')).toBe(0)
  await user.query('commit')
  expect(await applying).toContain('in_use waits for tables that are in use')
  expect(await applied('in_use')).toBe(1)
  expect((await user.query('select n, m from one order by n')).rows).toEqual([
    { n: 1, m: null },
    { n: 2, m: null },
  ])
})

test('a change that meets a transaction crosswise is applied in the end, and the transaction goes through', async () => {
  await user.query('begin; insert into other values (1)')
  const applying = apply('crosswise', 'create index one_n on one (n); create index other_n on other (n)')
  await sleep(500)
  const going = user.query('insert into one values (3)').then(() => user.query('commit'))
  await Promise.all([applying, going])
  expect(await applied('crosswise')).toBe(1)
})

test('a wrong change leaves nothing behind', async () => {
  await expect(apply('wrong', 'create table third (n int); select 1 / 0')).rejects.toThrow('division by zero')
  expect((await user.query(`select to_regclass('third') as there`)).rows).toEqual([{ there: null }])
  expect(await applied('wrong')).toBe(0)
})

test('an index is built beside those who write, also while another process waits for its turn', async () => {
  // As `migrate` does; the database has names that it does not know.
  await owner.query('select pg_advisory_lock(724031001)')
  await user.query('begin; insert into one values (4)')
  const applying = apply(
    'beside',
    '-- one by one: the table is large\ncreate index concurrently if not exists one_m on one (m);',
  )
  await sleep(300)
  const third = new Client(database.ownerUrl)
  await third.connect()
  await third.query('insert into one values (5)')
  await third.end()
  const waiting = expect(migrate(database.ownerUrl)).rejects.toThrow('newer than this version')
  await sleep(300)
  await user.query('commit')
  await applying
  await owner.query('select pg_advisory_unlock(724031001)')
  await waiting
  expect(await applied('beside')).toBe(1)
})

test('an index of a table in partitions is built beside those who write, for all partitions there are and will be', async () => {
  await owner.query(`create table parts (n int) partition by range (n);
    create table parts_low partition of parts for values from (0) to (10);
    create table parts_high partition of parts for values from (10) to (30) partition by list (n);
    create table parts_ten partition of parts_high for values in (10);
    insert into parts values (1), (10)`)
  const sql =
    '-- one by one: the table is large\ncreate unique index concurrently if not exists parts_once on parts (n);'
  const parents = `select i.indrelid::regclass::text as table, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relname like 'parts%' order by 1`
  await user.query('begin; insert into parts_low values (1)')
  const applying = apply('parts', sql)
  await sleep(500)
  const third = new Client(database.ownerUrl)
  await third.connect()
  await third.query('insert into parts_low values (2)')
  await third.end()
  await user.query('commit')
  await expect(applying).rejects.toThrow('could not create unique index')
  expect(await applied('parts')).toBe(0)
  await owner.query(
    'delete from parts where n = 1; create table parts_last partition of parts for values from (30) to (40)',
  )
  await apply('parts', sql)
  const all = ['parts', 'parts_high', 'parts_last', 'parts_low', 'parts_ten']
  expect((await user.query(parents)).rows).toEqual(all.map((table) => ({ table, valid: true })))
  await owner.query('create table parts_eleven partition of parts_high for values in (11)')
  expect((await user.query(parents)).rows).toContainEqual({ table: 'parts_eleven', valid: true })
})

test('an index whose building was broken off is built anew', async () => {
  await owner.query('insert into other values (7), (7)')
  const sql =
    '-- one by one: the table is large\ncreate unique index concurrently if not exists other_once on other (n);'
  await expect(apply('twice', sql)).rejects.toThrow('could not create unique index')
  expect(await applied('twice')).toBe(0)
  await owner.query('delete from other where n = 7')
  await apply('twice', sql)
  const { rows } = await user.query(
    `select indisvalid from pg_index where indexrelid = 'other_once'::regclass`,
  )
  expect(rows).toEqual([{ indisvalid: true }])
})
