import { t } from './text.ts'
/**
 * What a zone says about its mail (SPF, RFC 7208; DKIM, RFC 6376; DMARC, RFC 7489), and what is doubtful in that. The server warns
 * with it, and the pages as well, about what is not saved yet.
 */

/** Names in full with their last dot, contents as in a zone file. */
export type MailRecord = { name: string; type: string; content: string }
export type MailFinding = { about: 'spf' | 'dkim' | 'dmarc'; name: string; code: string; message: string }

/** How many lookups an included name takes itself; null: that is not known. */
export type KnownLookups = Readonly<Record<string, number | null>>

const MOST_LOOKUPS = 10
const MECHANISMS = new Set(['all', 'include', 'a', 'mx', 'ptr', 'ip4', 'ip6', 'exists'])
const ASKING = new Set(['include', 'a', 'mx', 'ptr', 'exists', 'redirect'])
/** Shorter RSA keys can be found out; in characters of base64. */
const SHORT_KEY = 200

/** The strings of a TXT record, still with their escapes; what is not quoted is one by itself. */
function stringsOf(content: string): string[] {
  const quoted: string[] = []
  let begin: number | null = null
  for (let at = 0; at < content.length; at++) {
    if (content[at] === '\\') at++
    else if (content[at] === '"') {
      if (begin !== null) quoted.push(content.slice(begin, at))
      begin = begin === null ? at + 1 : null
    }
  }
  return quoted.length > 0 ? quoted : [content]
}

/** The text of a TXT record: its strings without their quotes, one after another. */
export function textOf(content: string): string {
  return stringsOf(content)
    .join('')
    .replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replace(/\\(.)/g, '$1')
}

export const isSpf = (text: string): boolean => /^v=spf1(?: |$)/i.test(text)

type Term = { qualifier: string; name: string; value: string }

/** The terms of an SPF record after its version. */
function spfTerms(text: string): Term[] {
  return text
    .split(/ +/)
    .slice(1)
    .filter((term) => term !== '')
    .map((term) => {
      const [, qualifier = '', name = '', value = ''] = /^([+?~-]?)([^:=/]*)([:=/][^]*)?$/.exec(term) ?? []
      return { qualifier: qualifier || '+', name: name.toLowerCase(), value: value.replace(/^[:=]/, '') }
    })
}

/** What an SPF record refers to elsewhere: its includes and its redirect. */
export const spfReferences = (text: string): string[] =>
  spfTerms(text)
    .filter(({ name }) => name === 'include' || name === 'redirect')
    .map(({ value }) => value.toLowerCase().replace(/\.$/, ''))
    .filter((value) => value !== '' && !value.includes('%'))

/** How many lookups the terms of a record take, without those of what it refers to. */
export const ownLookups = (text: string): number =>
  spfTerms(text).filter(({ name }) => ASKING.has(name)).length

/** How many lookups a record takes, with those of what it refers to; `atLeast`: of some that is not known. */
function spfLookups(text: string, known: KnownLookups): { lookups: number; atLeast: boolean } {
  const nested = spfReferences(text).map((name) => known[name] ?? null)
  return {
    lookups: ownLookups(text) + nested.reduce<number>((sum, one) => sum + (one ?? 0), 0),
    atLeast: nested.includes(null),
  }
}

const tagsOf = (text: string): Map<string, string> =>
  new Map(
    text.split(';').flatMap((part) => {
      const at = part.indexOf('=')
      return at === -1 ? [] : [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const]
    }),
  )

/** What is doubtful in a zone's mail records. @param known of what SPF records include, as it was seen last */
export function mailFindings(
  zone: string,
  records: readonly MailRecord[],
  known: KnownLookups = {},
): MailFinding[] {
  const texts = records
    .filter(({ type }) => type === 'TXT')
    .map(({ name, content }) => ({ name, text: textOf(content) }))
  const mx = records.filter(({ name, type }) => name === zone && type === 'MX')
  const receives = mx.some(({ content }) => !content.endsWith(' .'))
  const spf = texts.filter(({ name, text }) => name === zone && isSpf(text))
  const isSilent = spf.some(({ text }) => /^v=spf1 +-all *$/i.test(text))
  return [
    ...ofSpf(zone, spf, receives, known),
    ...ofDkim(zone, records, receives && !isSilent),
    ...ofDmarc(zone, texts, receives || spf.length > 0),
  ]
}

type Text = { name: string; text: string }

function ofSpf(zone: string, spf: readonly Text[], receives: boolean, known: KnownLookups): MailFinding[] {
  const say = (code: string, message: string): MailFinding => ({ about: 'spf', name: zone, code, message })
  const [first] = spf
  if (!first)
    return receives
      ? [say('spf_missing', t`There is no SPF record: anybody may send mail under this name.`)]
      : []
  if (spf.length > 1)
    return [
      say('spf_many', t`There are ${spf.length} SPF records: receivers then believe none. Make one of them.`),
    ]
  const terms = spfTerms(first.text)
  const all = terms.findIndex(({ name }) => name === 'all')
  const redirect = terms.some(({ name }) => name === 'redirect')
  const unknown = terms.filter(
    ({ name, value }) => !MECHANISMS.has(name) && name !== 'redirect' && name !== 'exp' && value === '',
  )
  const { lookups, atLeast } = spfLookups(first.text, known)
  const qualifier = terms[all]?.qualifier
  return [
    ...unknown.map(({ name }) =>
      say('spf_syntax', t`SPF knows no "${name}": receivers take the whole record for broken.`),
    ),
    ...(qualifier === '+'
      ? [say('spf_all', t`The SPF record ends in +all: it lets everybody send. Write ~all or -all.`)]
      : []),
    ...(qualifier === '?'
      ? [
          say(
            'spf_neutral',
            t`The SPF record ends in ?all: it says nothing about others. Write ~all or -all.`,
          ),
        ]
      : []),
    ...(all === -1 && !redirect
      ? [say('spf_open', t`The SPF record does not say what is with all others: end it with ~all or -all.`)]
      : []),
    ...(all !== -1 && all < terms.length - 1
      ? [say('spf_after_all', t`What stands after "all" in the SPF record is not read.`)]
      : []),
    ...(terms.some(({ name }) => name === 'ptr')
      ? [say('spf_ptr', t`The SPF record uses ptr, which receivers are told not to follow: name addresses.`)]
      : []),
    ...(lookups > MOST_LOOKUPS
      ? [
          say(
            'spf_lookups',
            atLeast
              ? t`The SPF record takes at least ${lookups} lookups; receivers give up after ${MOST_LOOKUPS}. Take includes out, or write addresses.`
              : t`The SPF record takes ${lookups} lookups; receivers give up after ${MOST_LOOKUPS}. Take includes out, or write addresses.`,
          ),
        ]
      : []),
  ]
}

function ofDkim(zone: string, records: readonly MailRecord[], sends: boolean): MailFinding[] {
  const under = `._domainkey.${zone}`
  const keys = records.filter(
    ({ name, type }) => name.endsWith(under) && (type === 'TXT' || type === 'CNAME'),
  )
  if (keys.length === 0)
    return sends
      ? [
          {
            about: 'dkim',
            name: zone,
            code: 'dkim_missing',
            message: t`No DKIM key is published (selector._domainkey): receivers cannot check who has signed a mail.`,
          },
        ]
      : []
  return keys
    .filter(({ type }) => type === 'TXT')
    .flatMap(({ name, content }) => {
      const selector = name.slice(0, -under.length)
      const say = (code: string, message: string): MailFinding => ({ about: 'dkim', name, code, message })
      const tags = tagsOf(textOf(content))
      const key = tags.get('p')?.replace(/\s/g, '')
      return [
        ...(key === undefined
          ? [say('dkim_broken', t`The DKIM record of the selector ${selector} has no key (p=).`)]
          : key === ''
            ? [say('dkim_revoked', t`The DKIM key of the selector ${selector} is empty: it is taken back.`)]
            : tags.get('k') !== 'ed25519' && key.length < SHORT_KEY
              ? [
                  say(
                    'dkim_short',
                    t`The DKIM key of the selector ${selector} is too short: make one of 2048 bits.`,
                  ),
                ]
              : []),
        ...(tags.get('t')?.split(':').includes('y')
          ? [say('dkim_test', t`The DKIM key of the selector ${selector} is marked as a test (t=y).`)]
          : []),
      ]
    })
}

function ofDmarc(zone: string, texts: readonly Text[], isUsed: boolean): MailFinding[] {
  const name = `_dmarc.${zone}`
  const say = (code: string, message: string): MailFinding => ({ about: 'dmarc', name, code, message })
  const found = texts.filter((one) => one.name === name && /^v=DMARC1\b/.test(one.text))
  const [first] = found
  if (!first)
    return isUsed
      ? [
          say(
            'dmarc_missing',
            t`There is no DMARC record: receivers decide by themselves what to do with forged mail.`,
          ),
        ]
      : []
  if (found.length > 1)
    return [say('dmarc_many', t`There are ${found.length} DMARC records: receivers then believe none.`)]
  const tags = tagsOf(first.text)
  const policy = tags.get('p')?.toLowerCase()
  return [
    ...(policy === 'none'
      ? [say('dmarc_none', t`DMARC has p=none: forged mail is only reported. Go on to quarantine or reject.`)]
      : policy === 'quarantine' || policy === 'reject'
        ? []
        : [
            say(
              'dmarc_broken',
              t`The DMARC record has no policy that is known (p=none, quarantine or reject).`,
            ),
          ]),
    ...(tags.has('rua')
      ? []
      : [say('dmarc_unread', t`DMARC reports go to nobody: name an address (rua=mailto:…).`)]),
  ]
}

/** A set of records as the editor stages it. */
export type MailProposal = { name: string; type: 'TXT' | 'MX'; contents: string[] }

/** A text as a zone file has it: in strings of at most 255 octets. */
export const quoted = (text: string): string =>
  (text.match(/[^]{1,255}/g) ?? ['']).map((part) => `"${part.replace(/(["\\])/g, '\\$1')}"`).join(' ')

/** The texts at a name with another one instead of those of its kind; others there stay. */
const instead = (
  records: readonly MailRecord[],
  name: string,
  isKind: (text: string) => boolean,
  text: string,
): MailProposal => ({
  name,
  type: 'TXT',
  contents: [
    ...records
      .filter((one) => one.name === name && one.type === 'TXT' && !isKind(textOf(one.content)))
      .map(({ content }) => content),
    quoted(text),
  ],
})

/** @param senders names of services that send for the domain @param strict others are refused, and not only marked */
export const proposeSpf = (
  zone: string,
  records: readonly MailRecord[],
  { senders, mx, strict }: { senders: readonly string[]; mx: boolean; strict: boolean },
): MailProposal => {
  const terms = [...(mx ? ['mx'] : []), ...senders.map((name) => `include:${name}`), strict ? '-all' : '~all']
  return instead(records, zone, isSpf, `v=spf1 ${terms.join(' ')}`)
}

export const proposeDmarc = (
  zone: string,
  records: readonly MailRecord[],
  { policy, reports }: { policy: 'none' | 'quarantine' | 'reject'; reports: string },
): MailProposal => {
  const tags = ['v=DMARC1', `p=${policy}`, ...(reports === '' ? [] : [`rua=mailto:${reports}`])]
  return instead(records, `_dmarc.${zone}`, (text) => /^v=DMARC1\b/.test(text), tags.join('; '))
}

/** @param key as base64, without its header */
export const proposeDkim = (
  zone: string,
  { selector, key }: { selector: string; key: string },
): MailProposal => ({
  name: `${selector}._domainkey.${zone}`,
  type: 'TXT',
  contents: [quoted(`v=DKIM1; k=rsa; p=${key.replace(/\s/g, '')}`)],
})

/** A name that neither sends nor receives (RFC 7505). */
export const proposeSilence = (zone: string, records: readonly MailRecord[]): MailProposal[] => [
  { name: zone, type: 'MX', contents: ['0 .'] },
  proposeSpf(zone, records, { senders: [], mx: false, strict: true }),
  proposeDmarc(zone, records, { policy: 'reject', reports: '' }),
]
