import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createMail } from '../../src/integrations/mail/client.ts'
import type { Letter } from '../../src/integrations/mail/types.ts'
import { oneLine, render } from '../../src/services/mail/render.ts'
import { messageOf } from '../../src/services/mail/templates.ts'
import { wordsIn } from '../../src/words.ts'
import { startSmtp, type TestSmtp } from '../users/mails.ts'

let smtp: TestSmtp
beforeAll(async () => {
  smtp = await startSmtp()
})
beforeEach(() => {
  smtp.taken.length = 0
})
afterAll(() => smtp.close())

const NASTY = [
  '\r\nBcc: evil@example.com',
  '\nBcc: evil@example.com',
  '\rX: 1',
  '\u2028X: 1',
  '\u2029X: 1',
  '\0',
]
const letter = (change: Partial<Letter> = {}): Letter => ({
  id: 'mail-1',
  fromName: 'Example Hosting',
  to: 'ada@example.com',
  replyTo: 'help@example.com',
  subject: 'Grüße “from” mPanel',
  language: 'de-AT',
  text: 'Plain\r\n.\r\nQUIT\r\n',
  files: [],
  html: '<p>Plain</p>',
  ...change,
})
const send = (change: Partial<Letter>) =>
  createMail(smtp.url, 'panel@example.com').send(letter(change), async () => {})

test.each(['to', 'fromName', 'replyTo', 'subject'] as const)(
  'a line end in "%s" is refused before anything is said to the mail server',
  async (field) => {
    for (const nasty of NASTY) {
      const outcome = await send({ [field]: `${letter()[field]}${nasty}` })
      expect(outcome, JSON.stringify(nasty)).toMatchObject({ outcome: 'rejected', code: 'invalid' })
    }
    expect(smtp.taken).toEqual([])
  },
)

test('more than one recipient, or a recipient with a name, is no recipient', async () => {
  for (const to of [
    'a@example.com,b@example.com',
    'A <a@example.com>',
    'a@example.com b@example.com',
    '@',
    '',
  ])
    expect(await send({ to }), to).toMatchObject({ outcome: 'rejected', code: 'invalid' })
  expect(smtp.taken).toEqual([])
})

test('other characters are encoded, and a body cannot end the letter or speak to the server', async () => {
  expect(await send({})).toMatchObject({ outcome: 'ok' })
  expect(smtp.taken).toHaveLength(1)
  const [head = ''] = smtp.taken[0]?.text.split('\r\n\r\n') ?? []
  expect(smtp.taken[0]?.to).toEqual(['ada@example.com'])
  expect(head).toMatch(/^Subject: =\?UTF-8\?/m)
  expect(head).toMatch(/^Content-Language: de-AT\r?$/m)
  expect(head.match(/^Subject:/gm)).toHaveLength(1)
  expect(head).not.toMatch(/^Bcc:/im)
})

test('what people have typed into names stays on one line and is no HTML', () => {
  const nasty = `Ada${NASTY.join('')}<script>alert(1)</script>`
  const link = { url: 'https://panel.example.com/invitation#t=x', expiresAt: new Date(0) }
  const words = wordsIn('de')
  const message = messageOf(words, 'invitation', { link, by: nasty, role: nasty, tenant: nasty })
  const mail = render(words, message, { name: nasty, colour: null, supportAddress: null, logo: null })
  expect(mail.subject).toBe(oneLine(mail.subject))
  expect(mail.text.split('\n').some((line) => /^(Bcc|X):/.test(line))).toBe(false)
  expect(mail.html).not.toContain('<script>')
})

test('a mail server that cannot be reached has taken nothing', async () => {
  const closed = await startSmtp()
  await closed.close()
  const outcome = await createMail(closed.url, 'panel@example.com').send(letter(), async () => {})
  expect(outcome).toMatchObject({ outcome: 'rejected', code: 'unreachable', retryable: true })
})
