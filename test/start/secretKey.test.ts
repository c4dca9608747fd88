import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createSealer } from '../../src/lib/crypto.ts'
import * as audit from '../../src/services/audit/key.ts'
import { requireSecretKey } from '../../src/services/provisioningService.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { enrol } from '../users/factors.ts'
import { person, session } from '../users/people.ts'
import { dataFolder, mpanel } from './process.ts'

const [OLD, NEW] = [randomBytes(32), randomBytes(32)]
let app: TestApp
let folder = ''
beforeAll(async () => {
  app = await startApp({ worker: false, env: { MPANEL_SECRET_KEY: OLD.toString('base64') } })
  await app.as(requireSecretKey)
  await app.as((ctx) => audit.sign(ctx, Buffer.alloc(32)))
  folder = await dataFolder()
})
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

const run = async (args: string[], key: Buffer, before?: Buffer): Promise<{ code: number; text: string }> => {
  const made = mpanel(args, {
    DATABASE_URL: app.databaseUrl,
    MPANEL_DATA_DIR: folder,
    MPANEL_SECRET_KEY: key.toString('base64'),
    ...(before && { MPANEL_SECRET_KEY_BEFORE: before.toString('base64') }),
  })
  return { code: (await made.ended) ?? -1, text: made.output() }
}
const secretOf = (userId: string): Promise<Buffer> =>
  app.as(async ({ tx }) => {
    const { rows } = await sql<{
      secret: Buffer
    }>`select secret from user_totp where user_id = ${userId}`.execute(tx)
    return rows[0]?.secret ?? Buffer.alloc(0)
  })

it('secrets are sealed anew with a new key, also after it was broken off, and the old key is worth nothing then', async () => {
  const user = await person(app, 'SUPPORT')
  const { secret } = await enrol(app, (await session(app, user.email)).api)
  const former = await secretOf(user.id)

  expect((await run(['secrets', 'rotate'], NEW)).text).toContain('MPANEL_SECRET_KEY_BEFORE is not set')
  expect((await run(['doctor'], NEW)).text).toMatch(/FAIL +secret key: .*not the one of this database/)
  expect((await run(['doctor'], NEW, OLD)).text).toMatch(
    /FAIL +secret key: [1-9]\d* stored secrets .*mpanel secrets rotate/,
  )

  const first = await run(['secrets', 'rotate'], NEW, OLD)
  expect(first.text).toMatch(/^[4-9] secrets were sealed anew/m)
  expect(first.code).toBe(0)
  expect(createSealer(NEW).open(await secretOf(user.id), `totp:${user.id}`)).toBe(secret)

  // As if it had been broken off before this one.
  await app.as(({ tx }) =>
    sql`update user_totp set secret = ${former} where user_id = ${user.id}`.execute(tx),
  )
  expect((await run(['secrets', 'rotate'], NEW, OLD)).text).toMatch(/^1 secrets were sealed anew/m)
  expect((await run(['secrets', 'rotate'], NEW, OLD)).text).toMatch(/^0 secrets were sealed anew/m)

  expect((await run(['doctor'], NEW, OLD)).text).toMatch(
    /ok +secret key: .*take MPANEL_SECRET_KEY_BEFORE away/,
  )
  expect((await run(['doctor'], NEW)).text).toMatch(/ok +secret key: it opens/)
  expect((await run(['doctor'], OLD)).text).toMatch(/FAIL +secret key: .*not the one of this database/)

  const { rows } = await app.as(({ tx }) =>
    sql<{
      details: unknown
    }>`select details from audit_events where action = 'SECRETS_SEALED_ANEW' order by at, id`.execute(tx),
  )
  expect(rows.map(({ details }) => details)).toMatchObject([
    { before: 0, none: 0 },
    { sealed: 1 },
    { sealed: 0 },
  ])
}, 300_000)

it('a secret that neither key opens is told, and nothing is lost of the others', async () => {
  const user = await person(app, 'SUPPORT')
  await app.as(({ tx }) =>
    sql`insert into user_totp (user_id, secret, created_at) values (${user.id}, ${randomBytes(60)}, now())`.execute(
      tx,
    ),
  )
  const told = await run(['secrets', 'rotate'], NEW, OLD)
  expect(told.text).toContain('1 open with neither key')
  expect(told.code).toBe(1)
  expect((await run(['doctor'], NEW)).text).toMatch(/FAIL +secret key: 1 stored secrets open with no key/)
}, 300_000)
