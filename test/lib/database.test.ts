import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newId } from '../../src/lib/ids.ts'
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
})
afterAll(async () => {
  await database.close()
  await owner.end()
  await drop()
})

const backend = async (tx: Tx): Promise<number | undefined> =>
  (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx)).rows[0]?.pid

it('a connection that breaks while a transaction rests on it fails that transaction and nothing else', async () => {
  const broken = database.transaction('platform', async (tx) => {
    await owner.query('select pg_terminate_backend($1)', [await backend(tx)])
    await sleep(100)
    return backend(tx)
  })
  await expect(broken).rejects.toThrow()
  expect(await database.transaction('platform', backend)).toBeGreaterThan(0)
})

it('lists of ids come as they are, none and nulls among them too', async () => {
  const [one, other] = [newId(), newId()]
  const { rows } = await database.transaction('platform', (tx) =>
    sql`select '{}'::uuid[] as none, array[${one}]::uuid[] as one, array[${one}, null, ${other}]::uuid[] as some`.execute(
      tx,
    ),
  )
  expect(rows).toEqual([{ none: [], one: [one], some: [one, null, other] }])
})
