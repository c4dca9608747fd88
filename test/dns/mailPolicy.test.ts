import { expect, test } from 'vitest'
import {
  mailFindings,
  proposeDkim,
  proposeDmarc,
  proposeSilence,
  proposeSpf,
  quoted,
  textOf,
  type MailRecord,
} from '../../shared/mailPolicy.ts'
import { canonicalContent } from '../../src/lib/dns/records.ts'
import { countLookups } from '../../src/services/dnsWatch/spf.ts'

const ZONE = 'example.com.'
const txt = (name: string, text: string): MailRecord => ({ name, type: 'TXT', content: quoted(text) })
const MX: MailRecord = { name: ZONE, type: 'MX', content: '10 mail.example.com.' }
const KEY = txt(`s1._domainkey.${ZONE}`, `v=DKIM1; k=rsa; p=${'A'.repeat(392)}`)
const DMARC = txt(`_dmarc.${ZONE}`, 'v=DMARC1; p=reject; rua=mailto:dmarc@example.com')
const of = (...records: MailRecord[]): string[] => mailFindings(ZONE, records).map(({ code }) => code)
const spf = (text: string): string[] => of(MX, KEY, DMARC, txt(ZONE, text))

test('a zone with sound mail records has no findings, and one without mail is not told to have any', () => {
  expect(spf('v=spf1 mx include:_spf.example.net -all')).toEqual([])
  expect(of()).toEqual([])
  expect(of(MX)).toEqual(['spf_missing', 'dkim_missing', 'dmarc_missing'])
})

test('what is wrong with an SPF record is said', () => {
  expect(spf('v=spf1 mx +all')).toEqual(['spf_all'])
  expect(spf('v=spf1 mx all')).toEqual(['spf_all'])
  expect(spf('v=spf1 mx ?all')).toEqual(['spf_neutral'])
  expect(spf('v=spf1 mx')).toEqual(['spf_open'])
  expect(spf('v=spf1 redirect=example.net')).toEqual([])
  expect(spf('v=spf1 -all mx')).toEqual(['spf_after_all'])
  expect(spf('v=spf1 ptr -all')).toEqual(['spf_ptr'])
  expect(spf('v=spf1 ipv4 -all')).toEqual(['spf_syntax'])
  expect(
    spf(`v=spf1 ${Array.from({ length: 11 }, (_, at) => `include:n${at}.example.net`).join(' ')} -all`),
  ).toEqual(['spf_lookups'])
  expect(of(MX, KEY, DMARC, txt(ZONE, 'v=spf1 -all'), txt(ZONE, 'v=spf1 mx -all'))).toEqual(['spf_many'])
})

test('lookups of included names count, as far as they are known', async () => {
  const zone: Record<string, string[]> = {
    'a.example.net': ['v=spf1 include:b.example.net a mx ~all'],
    'b.example.net': ['other', 'v=spf1 a mx ptr exists:%{i}.example.net ip4:192.0.2.1 ~all'],
    'loop.example.net': ['v=spf1 include:loop.example.net ~all'],
  }
  const known = await countLookups(
    async (name) =>
      name === 'silent.example.net'
        ? { ok: false, fault: 'no answer' }
        : { ok: true, records: zone[name] ?? [] },
    ['a.example.net', 'none.example.net', 'silent.example.net', 'loop.example.net'],
  )
  expect(known).toMatchObject({ 'a.example.net': 7, 'none.example.net': 0, 'silent.example.net': null })
  expect(known['loop.example.net']).toBeGreaterThan(10)
  const record = txt(ZONE, 'v=spf1 include:a.example.net a mx include:silent.example.net -all')
  const [finding, ...others] = mailFindings(ZONE, [MX, KEY, DMARC, record], known)
  expect(finding).toMatchObject({
    code: 'spf_lookups',
    message: expect.stringContaining('at least 11') as unknown,
  })
  expect(others).toEqual([])
})

test('weak keys and policies are said', () => {
  const dkim = (text: string) =>
    of(MX, DMARC, txt(ZONE, 'v=spf1 mx -all'), txt(`s1._domainkey.${ZONE}`, text))
  expect(dkim('v=DKIM1; p=')).toEqual(['dkim_revoked'])
  expect(dkim('v=DKIM1; k=rsa')).toEqual(['dkim_broken'])
  expect(dkim(`v=DKIM1; t=y; p=${'A'.repeat(120)}`)).toEqual(['dkim_short', 'dkim_test'])
  expect(dkim('v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=')).toEqual([])
  const dmarc = (...texts: string[]) =>
    of(MX, KEY, txt(ZONE, 'v=spf1 mx -all'), ...texts.map((text) => txt(`_dmarc.${ZONE}`, text)))
  expect(dmarc('v=DMARC1; p=none')).toEqual(['dmarc_none', 'dmarc_unread'])
  expect(dmarc('v=DMARC1; p=all; rua=mailto:a@example.com')).toEqual(['dmarc_broken'])
  expect(dmarc('v=DMARC1; p=none', 'v=DMARC1; p=reject')).toEqual(['dmarc_many'])
})

test('what is proposed is sound, can be kept, and leaves other texts alone', () => {
  const other = txt(ZONE, 'site-verification=1')
  const there = [MX, other, txt(ZONE, 'v=spf1 +all'), txt(`_dmarc.${ZONE}`, 'v=DMARC1; p=none')]
  const proposals = [
    proposeSpf(ZONE, there, { senders: ['_spf.example.net'], mx: true, strict: false }),
    proposeDmarc(ZONE, there, { policy: 'quarantine', reports: 'dmarc@example.com' }),
    proposeDkim(ZONE, { selector: 's1', key: 'A'.repeat(392) }),
  ]
  const after = proposals.flatMap(({ name, type, contents }) =>
    contents.map((content) => ({ name, type, content: canonicalContent(type, content, ZONE) })),
  )
  expect(mailFindings(ZONE, [MX, ...after])).toEqual([])
  expect(proposals[0]?.contents).toEqual([other.content, '"v=spf1 mx include:_spf.example.net ~all"'])
  const silent = proposeSilence(ZONE, there).flatMap(({ name, type, contents }) =>
    contents.map((content) => ({ name, type, content })),
  )
  expect(mailFindings(ZONE, silent).map(({ code }) => code)).toEqual(['dmarc_unread'])
  expect(textOf(quoted(`a "b" \\ ${'c'.repeat(300)}`))).toBe(`a "b" \\ ${'c'.repeat(300)}`)
})
