import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import * as mailService from '../../src/services/mailService.ts'
import type { Setup } from '../../shared/api/dashboardSetup.ts'
import type { MailTested } from '../../shared/api/mails.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { mailsTo, startSmtp, type TestSmtp } from './mails.ts'
import { person, session } from './people.ts'

let app: TestApp
let smtp: TestSmtp
/** What the server does with the next letters, and then takes them. */
let moods: ('take' | 'refuse' | 'busy' | 'hang up')[] = []
const refusal = (code: number, words: string) => Object.assign(new Error(words), { responseCode: code })

beforeAll(async () => {
  smtp = await startSmtp((_, end, hangUp) => {
    const mood = moods.shift() ?? 'take'
    if (mood === 'take') return end()
    if (mood === 'refuse') return end(refusal(550, 'no such mailbox'))
    if (mood === 'busy') return end(refusal(451, 'try again later'))
    hangUp()
  })
  app = await startApp({
    blueprints: false,
    env: { SMTP_URL: smtp.url, MPANEL_MAIL_FROM: 'panel@example.com' },
  })
})
beforeEach(() => {
  moods = []
  smtp.taken.length = 0
})
afterAll(async () => {
  await app.close()
  await smtp.close()
})

let number = 0
/** Writes a mail and waits until it is settled. */
async function sent(): Promise<{ id: string; email: string; state: string; last_error: string | null }> {
  const email = `reader-${++number}@example.com`
  const facts = { from: { ip: '192.0.2.1', userAgent: 'Test', at: app.root.now() } }
  await app.as((ctx) =>
    mailService.send(ctx, { email, tenantId: null, language: null }, 'passwordChanged', facts),
  )
  const mail = await until(
    async () => (await mailsTo(app, email)).find(({ state }) => state !== 'queued'),
    'the mail to be settled',
  )
  return { ...mail, email }
}
const headerOf = (text: string, name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(text)?.[1]?.trim()

test('a mail is handed to the mail server once, with a Message-ID of its own, and its body is gone then', async () => {
  const mail = await sent()
  expect(mail).toMatchObject({ state: 'sent', last_error: null })
  expect(smtp.taken).toHaveLength(1)
  const [letter] = smtp.taken
  expect(letter).toMatchObject({ from: 'panel@example.com', to: [mail.email] })
  const text = letter?.text ?? ''
  expect(headerOf(text, 'Message-ID')).toBe(`<${mail.id}@example.com>`)
  expect(headerOf(text, 'Subject')).toBe('Your password was changed')
  expect(headerOf(text, 'From')).toBe('mPanel <panel@example.com>')
  expect(headerOf(text, 'Auto-Submitted')).toBe('auto-generated')
  expect(text).toContain('text/plain')
  expect(text).toContain('text/html')
  const bodies = await app.as(async (ctx) => {
    const { rows } = await sql`select 1 from mails where id = ${mail.id} and body is not null`.execute(ctx.tx)
    return rows
  })
  expect(bodies).toEqual([])
})

test('a refused mail has failed, with the words of the mail server', async () => {
  moods = ['refuse']
  const mail = await sent()
  expect(mail.state).toBe('failed')
  expect(mail.last_error).toContain('no such mailbox')
})

test('a busy mail server is asked again, with the same Message-ID', async () => {
  moods = ['busy']
  expect((await sent()).state).toBe('sent')
  const ids = smtp.taken.map(({ text }) => headerOf(text, 'Message-ID'))
  expect(ids).toHaveLength(2)
  expect(new Set(ids).size).toBe(1)
})

test('a mail whose answer was lost may have arrived, and is not sent again', async () => {
  moods = ['hang up']
  const mail = await sent()
  expect(mail.state).toBe('failed')
  expect(mail.last_error).toContain('It is not sent again')
  expect((await sent()).state).toBe('sent')
  expect(smtp.taken.filter(({ to }) => to.includes(mail.email))).toHaveLength(1)
})

test('an operator sends himself a test mail, and its job and the guide say what became of it', async () => {
  const asked = async () => (await app.admin.post<MailTested>('/api/admin/mails/test', {})).body
  const mailStep = async () =>
    (await app.admin.get<Setup>('/api/admin/setup')).body.steps.find(({ step }) => step === 'mail')
  moods = ['refuse']
  const refused = await asked()
  expect((await finished(app.admin, refused.jobId)).error?.message).toContain('no such mailbox')
  expect(await mailStep()).toMatchObject({
    state: 'failing',
    problem: expect.stringContaining('no such mailbox'),
  })
  // One that is tried again says by now why it did not arrive.
  moods = ['busy']
  const waiting = await asked()
  await until(async () => (await mailStep())?.problem?.includes('try again later'), 'the guide to say why')
  await finished(app.admin, waiting.jobId)
  const { to, jobId } = await asked()
  expect(await finished(app.admin, jobId)).toMatchObject({ state: 'succeeded', error: null })
  expect(smtp.taken.at(-1)?.to).toEqual([to])
  expect(smtp.taken.at(-1)?.text).toContain('to see whether mails arrive')
  expect(await mailStep()).toMatchObject({ state: 'connected', problem: null })
})

test('what is in mails is shown to nobody while a mail server is set', async () => {
  const { id } = await sent()
  const { status, body } = await app.admin.get<{ code: string }>(`/api/admin/mails/${id}`)
  expect([status, body.code]).toEqual([409, 'invalid_state'])
  const list = await app.admin.get<{ outbox: boolean; items: { id: string; state: string }[] }>(
    '/api/admin/mails?state=sent',
  )
  expect(list.body.outbox).toBe(false)
  expect(list.body.items.map((mail) => mail.id)).toContain(id)
})

test('a log-in from a new device, another password and the end of a second factor are told by mail', async () => {
  const user = await person(app, 'SUPPORT')
  const { api } = await session(app, user.email)
  await session(app, user.email)
  const change = { current: 'correct-horse-battery', password: 'Gull-Orbit-Teapot-77' }
  expect((await api.post('/api/auth/password', change)).status).toBe(204)
  const told = (await mailsTo(app, user.email)).map(({ template }) => template)
  expect(told).toEqual(['passwordChanged', 'newDevice'])
})
