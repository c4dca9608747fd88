import { sql } from 'kysely'
import { systemOrigin } from '../../src/context.ts'
import { newId } from '../../src/lib/ids.ts'
import * as authService from '../../src/services/authService.ts'
import * as mailService from '../../src/services/mailService.ts'
import { person } from '../users/people.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'

async function newestJob(app: TestApp, kind: string): Promise<string> {
  const [job] = await rowsOf(
    app,
    sql<{ id: string }>`select id from provisioning_jobs where kind = ${kind} order by id desc limit 1`,
  )
  return job?.id ?? ''
}

async function arrangeSend(app: TestApp): Promise<Arranged> {
  const to = { email: 'ada@example.com', tenantId: null, language: null }
  const from = { ip: null, userAgent: null, at: app.root.now() }
  const { id } = await app.as((ctx) => mailService.send(ctx, to, 'passwordChanged', { from }))
  const world = () => rowsOf(app, sql`select state, body is not null as has_body from mails where id = ${id}`)
  const jobId = await newestJob(app, 'mail.send')
  return { jobId, world, holdings: world, afterPermanent: [{ state: 'failed', has_body: false }] }
}

async function arrangeReset(app: TestApp): Promise<Arranged> {
  const { id, email } = await person(app, 'SUPPORT')
  await authService.requestReset(app.root, systemOrigin('test', newId()), email)
  const world = () =>
    rowsOf(
      app,
      sql`select (select count(*)::int from single_use_tokens where subject_id = ${id}) as links,
        (select count(*)::int from mails where recipient = ${email}) as mails`,
    )
  const jobId = await newestJob(app, 'auth.passwordReset')
  return { jobId, world, holdings: world, afterPermanent: [{ links: 0, mails: 0 }] }
}

/** Without a mail server; what a lost answer of one leads to is told in test/users/mail.test.ts. */
export const mailCases = (handlerOf: (kind: string) => AnyHandler): JobCase[] => [
  { name: 'mail.send', handler: handlerOf('mail.send'), permanent: 'failed', arrange: arrangeSend },
  {
    name: 'auth.passwordReset',
    handler: handlerOf('auth.passwordReset'),
    permanent: 'failed',
    arrange: arrangeReset,
  },
]
