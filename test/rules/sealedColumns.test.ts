import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/db/index.ts'
import { lostIn, markLost, namesOf, SEALED } from '../../src/db/provisioningSealed.ts'
import { wordsOf } from '../../src/services/provisioning/lostSecrets.ts'
import { freshDatabase } from '../support/postgres.ts'
import { ROOT } from './tree.ts'

/** Bytes that nobody has to seal: hashes, public keys, signatures, and files that are no secrets of ours. */
const NO_SECRET = [
  /(^|[._])hash$/,
  /^audit_(archived|archives|batches)\./,
  /^billing_(events\.raw|pdfs\.content)$/,
  /^customer_import_chunks\.data$/,
  /^login_failures\.account$/,
  /^ssl_issuers\.crl$/,
  /^tenant_(export_chunks|logos)\.data$/,
  /^user_passkeys\.(credential_id|public_key)$/,
]

/** `table.column` of all bytes in the database. */
function columnsOfBytes(): string[] {
  const found: string[] = []
  let table = ''
  for (const line of readFileSync(join(ROOT, 'migrations/schema.sql'), 'utf8').split('\n')) {
    table = /^create table (\S+) \(/.exec(line)?.[1] ?? table
    const column = /^ {2}(\w+) bytea\b/.exec(line)?.[1]
    if (column !== undefined) found.push(`${table}.${column}`)
  }
  return found
}

it('every column of bytes is sealed, and so sealed anew with a new key, or known to be no secret', () => {
  const sealed = SEALED.map(({ table, column }) => `${table}.${column}`)
  const columns = columnsOfBytes()
  expect(columns.length).toBeGreaterThan(40)
  const secret = columns.filter((column) => !NO_SECRET.some((pattern) => pattern.test(column)))
  expect(secret.toSorted()).toEqual(sealed.toSorted())
})

it('the purposes are those that the services seal with', () => {
  const source = globSync('src/services/**/*.ts', { cwd: ROOT })
    .filter((path) => !path.endsWith('secretKey.ts'))
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n')
  for (const { purpose } of SEALED) {
    const [before = '', after = ''] = purpose('#').split('#')
    const pattern = new RegExp(`\`${before.replace('.', '\\.')}\\$\\{[\\w.]+\\}${after}\``)
    expect(source).toMatch(pattern)
  }
})

it('the application may replace each of them', async () => {
  const database = await freshDatabase()
  const client = new Client({ connectionString: database.ownerUrl })
  await client.connect()
  for (const { table, column } of SEALED) {
    const { rows } = await client.query<{ may: boolean }>(
      `select has_column_privilege('mpanel_app', $1, $2, 'update') as may`,
      [table, column],
    )
    expect(rows[0]?.may, `${table}.${column}`).toBe(true)
  }
  await client.end()
  await database.drop()
})

it('what is lost with the secret key has words, and is counted and named for every column', async () => {
  const database = await freshDatabase()
  const db = openDatabase(database.url, { poolSize: 1, isAhead: false })
  await db.transaction('platform', async (tx) => {
    for (const column of SEALED) {
      expect(wordsOf(column).what).not.toBe('')
      expect(await lostIn(tx, column)).toEqual({ n: 0, names: [] })
      expect(await namesOf(tx, column, [])).toEqual([])
      await markLost(tx, column, [], 'lost')
    }
  })
  await db.close()
  await database.drop()
})
