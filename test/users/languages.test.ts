import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Me } from '../../shared/api/auth.ts'
import * as mailNoticeService from '../../src/services/mailNoticeService.ts'
import * as mailService from '../../src/services/mailService.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { startSmtp, type TestSmtp } from './mails.ts'
import { person, session } from './people.ts'

let app: TestApp
let smtp: TestSmtp
beforeAll(async () => {
  smtp = await startSmtp()
  app = await startApp({ env: { SMTP_URL: smtp.url, MPANEL_MAIL_FROM: 'panel@example.com' } })
})
beforeEach(() => {
  smtp.taken.length = 0
})
afterAll(async () => {
  await app.close()
  await smtp.close()
})

async function somebody(role: 'SUPPORT' | 'TENANT_OWNER', tenantId: string | null = null) {
  const user = await person(app, role, tenantId)
  return { user, api: (await session(app, user.email)).api }
}

/** The letter to an address, once it has arrived: its headers, and its parts as they read. */
async function letterTo(email: string) {
  const { text } = await until(
    async () => Promise.resolve(smtp.taken.find((mail) => mail.to.includes(email))),
    `a letter to ${email}`,
  )
  const [head = ''] = text.split('\r\n\r\n')
  const header = (name: string) =>
    new RegExp(`^${name}: ((?:.*\r\n )*.*)`, 'im').exec(head)?.[1]?.replaceAll(/\r\n /g, '') ?? ''
  const parts = text.split(/\r\n--[^\r\n]+/).map((part) => {
    const [headers = '', ...body] = part.split('\r\n\r\n')
    const whole = body.join('\r\n\r\n')
    if (/base64/i.test(headers)) return Buffer.from(whole, 'base64').toString('utf8')
    const bytes = whole
      .replaceAll(/=\r\n/g, '')
      .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    return /quoted-printable/i.test(headers) ? Buffer.from(bytes, 'latin1').toString('utf8') : whole
  })
  return { header, body: parts.join('\n') }
}

/** A header as RFC 2047 lets other letters than those of ASCII into it. */
const decoded = (value: string): string =>
  value.replaceAll(/\?=\s*=\?UTF-8\?Q\?/gi, '').replaceAll(/=\?UTF-8\?Q\?(.*?)\?=/gi, (_, words: string) =>
    Buffer.from(
      words
        .replaceAll('_', ' ')
        .replaceAll(/=([0-9A-F]{2})/gi, (__, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    ).toString('utf8'),
  )

test('a user who has chosen German gets the mails about his account in German, with umlauts in the subject', async () => {
  const { api, user } = await somebody('SUPPORT')
  expect((await api.call('PUT', '/api/auth/language', { language: 'de' })).status).toBe(204)
  expect((await api.get<Me>('/api/auth/me')).body.user.language).toBe('de')
  const from = { ip: '192.0.2.1', userAgent: 'Test', at: new Date('2027-01-31T12:00:00Z') }
  await app.as((ctx) => mailService.sendToUser(ctx, user, 'emailChanged', { to: 'new@example.com', from }))
  const { header, body } = await letterTo(user.email)
  expect(header('Subject')).toMatch(/^[\x20-\x7e]+$/)
  expect(decoded(header('Subject'))).toBe('Ihre E-Mail-Adresse wurde geändert')
  expect(header('Content-Language')).toBe('de')
  expect(body).toContain('<html lang="de">')
  expect(body).toContain('Wann: 31.01.2027, 12:00 UTC. Von: 192.0.2.1, Test.')
  expect(body).toContain('Wenn Sie das nicht waren, geben Sie uns sofort Bescheid.')
  expect((await api.call('PUT', '/api/auth/language', { language: null })).status).toBe(204)
  expect((await api.get<Me>('/api/auth/me')).body.user.language).toBe(null)
})

test('a language that is not spoken is refused', async () => {
  const { api } = await somebody('SUPPORT')
  expect((await api.call('PUT', '/api/auth/language', { language: 'fr' })).status).toBe(422)
})

test('each operator of a tenant is told in his own language, and who has chosen none in that of the tenant', async () => {
  const tenantId = await app.tenant()
  await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, { 'branding.language': 'de' })
  const [english, none] = [await somebody('TENANT_OWNER', tenantId), await somebody('TENANT_OWNER', tenantId)]
  await english.api.call('PUT', '/api/auth/language', { language: 'en' })
  const facts = { registrar: 'Registry', balance: eur('500'), limit: eur('1000') }
  await app.as((ctx) =>
    mailNoticeService.toOperators(ctx, tenantId, 'domains:update', 'registrarBalanceLow', facts),
  )
  const [told, inGerman] = [await letterTo(english.user.email), await letterTo(none.user.email)]
  expect(told.header('Subject')).toBe('The balance at Registry is low')
  expect(told.header('Content-Language')).toBe('en')
  expect(told.body).toContain('5.00 EUR are left in the account at Registry, less than 10.00 EUR.')
  expect(inGerman.header('Subject')).toBe('Das Guthaben bei Registry ist niedrig')
  expect(inGerman.body).toContain(
    'Auf dem Konto bei Registry sind noch 5,00\u00a0€, weniger als 10,00\u00a0€.',
  )
})
const eur = (amount: string) => ({ amount, currency: 'EUR' })

test('what was written by a version that knew no languages is sent as English', async () => {
  const email = 'before@example.com'
  await app.as(async (ctx) => {
    const from = { ip: null, userAgent: null, at: ctx.now() }
    const to = { email, tenantId: null, language: 'de' }
    const { id } = await mailService.send(ctx, to, 'passwordChanged', { from })
    const body = { fromName: 'mPanel', replyTo: null, text: 'Hello\n', html: '<p>Hello</p>' }
    const sealed = ctx.sealer.seal(JSON.stringify(body), `mail:${id}`)
    await ctx.tx.updateTable('mails').set({ body: sealed }).where('id', '=', id).execute()
  })
  expect((await letterTo(email)).header('Content-Language')).toBe('en')
})
