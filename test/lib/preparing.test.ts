import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openDatabase, type Database, type Tx } from '../../src/db/index.ts'
import { freshDatabase } from '../support/postgres.ts'

let drop: () => Promise<void>
let database: Database
let owner: Client
beforeAll(async () => {
  const fresh = await freshDatabase()
  drop = fresh.drop
  database = openDatabase(fresh.url, { poolSize: 1 })
  owner = new Client({ connectionString: fresh.ownerUrl })
  await owner.connect()
  await owner.query(`create table gulls (id int, name text); grant select, insert on gulls to mpanel_app;
    insert into gulls values (1, 'Ada')`)
})
afterAll(async () => {
  await database.close()
  await owner.end()
  await drop()
})

const read = (id = 1) =>
  database.transaction(
    'platform',
    async (tx) => (await sql`select * from gulls where id = ${id}`.execute(tx)).rows,
  )
const keptBy = (tx: Tx) =>
  sql<{ statement: string }>`select statement from pg_prepared_statements`
    .execute(tx)
    .then(({ rows }) => rows.map(({ statement }) => statement))
const kept = () => database.transaction('platform', keptBy)

it('a statement that comes again is kept by its connection, one that came once is not', async () => {
  await read()
  expect((await kept()).filter((text) => text.includes('gulls'))).toEqual([])
  expect(await read()).toEqual([{ id: 1, name: 'Ada' }])
  expect(await read(2)).toEqual([])
  expect((await kept()).filter((text) => text.includes('gulls'))).toHaveLength(1)
})

it('a statement with a list is planned for its own list each time, however often it comes', async () => {
  await database.transaction('platform', async (tx) => {
    for (let time = 0; time < 8; time++)
      await sql`select * from gulls where id = any (${[1, time]}::int[])`.execute(tx)
    expect((await keptBy(tx)).filter((text) => text.includes('any ('))).toEqual([])
  })
})

it('a migration that changes what a kept statement returns fails nobody', async () => {
  for (let time = 0; time < 3; time++) await read()
  await owner.query(`alter table gulls add column colour text default 'grey'`)
  expect(await read()).toEqual([{ id: 1, name: 'Ada', colour: 'grey' }])
  expect(await read()).toEqual([{ id: 1, name: 'Ada', colour: 'grey' }])
})

it('a connection keeps a bounded number of statements, however many different ones it is sent', async () => {
  await database.transaction('platform', async (tx) => {
    for (let number = 0; number < 400; number++)
      for (let time = 0; time < 2; time++)
        await sql`select ${sql.lit(number)} as number, ${'a value'} as value`.execute(tx)
    expect((await keptBy(tx)).length).toBeLessThanOrEqual(301)
    const { rows } = await sql`select ${sql.lit(399)} as number, ${'a value'} as value`.execute(tx)
    expect(rows).toEqual([{ number: 399, value: 'a value' }])
  })
})
