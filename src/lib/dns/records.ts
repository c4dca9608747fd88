import { DnsError } from './errors.ts'
import { readerOf, type Place, type Reader } from './reader.ts'
import { parameters } from './svcb.ts'
import { quote, tokensOf, type Token } from './tokens.ts'

const U8 = 255
const U16 = 65_535
const MAX_TEXT = 4_000
/** Hexadecimal digits of a digest by the number of its algorithm. */
const DS_DIGITS: Record<number, number> = { 1: 40, 2: 64, 4: 96 }
const TLSA_DIGITS: Record<number, number> = { 1: 64, 2: 128 }
const SSHFP_DIGITS: Record<number, number> = { 1: 40, 2: 64 }

const certificateOf = (read: Reader): string => {
  const usage = read.oneOf('usage', [0, 1, 2, 3])
  const selector = read.oneOf('selector', [0, 1])
  const matching = read.oneOf('matching type', [0, 1, 2])
  return `${usage} ${selector} ${matching} ${read.hex('data', TLSA_DIGITS[matching])}`
}

const serviceOf = (read: Reader): string => {
  const priority = read.number('priority', U16)
  const target = read.name('target')
  const given = parameters(read)
  if (priority === 0 && given.length > 0)
    throw new DnsError('With the priority 0 the record is an alias: it has a target and no parameters.')
  return [priority, target, ...given].join(' ')
}

/** Texts as they were written, those that are too long for one string in pieces. */
const textsOf = (tokens: readonly Pick<Token, 'bytes'>[]): string => {
  if (tokens.length === 0) throw new DnsError('The text is missing.')
  const texts = tokens.map(({ bytes }) => bytes)
  if (texts.reduce((sum, { length }) => sum + length, 0) > MAX_TEXT)
    throw new DnsError(`The text is longer than ${MAX_TEXT} bytes.`)
  return texts
    .flatMap((text) => text.match(/[^]{1,255}/g) ?? [''])
    .map(quote)
    .join(' ')
}

const mailOf = (read: Reader): string => {
  const preference = read.number('preference', U16)
  const host = read.host('mail server')
  if (host === '.' && preference !== 0)
    throw new DnsError('A domain that takes no mail has the record 0 . (RFC 7505).')
  return `${preference} ${host}`
}

const CAA_TAGS = ['issue', 'issuewild', 'issuemail', 'iodef', 'contactemail', 'contactphone']

const authorityOf = (read: Reader): string => {
  const flags = read.oneOf('flags', [0, 128])
  const tag = read.word('tag').toLowerCase()
  if (!CAA_TAGS.includes(tag)) throw new DnsError(`The tag is one of ${CAA_TAGS.join(', ')}, not ${tag}.`)
  return `${flags} ${tag} ${read.text('value')}`
}

/** By type, what its content is made of: the form in which it is kept, compared and sent. */
const CODECS = {
  A: (read) => read.address4(),
  AAAA: (read) => read.address6(),
  CAA: authorityOf,
  CNAME: (read) => read.name('target'),
  DNAME: (read) => read.name('target'),
  DS: (read) => {
    const keyTag = read.number('key tag', U16)
    const algorithm = read.number('algorithm', U8)
    const digestType = read.oneOf('digest type', [1, 2, 4])
    return `${keyTag} ${algorithm} ${digestType} ${read.hex('digest', DS_DIGITS[digestType])}`
  },
  HTTPS: serviceOf,
  MX: mailOf,
  NAPTR: (read) =>
    [
      read.number('order', U16),
      read.number('preference', U16),
      read.text('flags'),
      read.text('service'),
      read.text('regular expression'),
      read.name('replacement'),
    ].join(' '),
  NS: (read) => read.host('name server'),
  OPENPGPKEY: (read) => read.base64('key'),
  PTR: (read) => read.name('name'),
  SMIMEA: certificateOf,
  SRV: (read) =>
    [
      read.number('priority', U16),
      read.number('weight', U16),
      read.number('port', U16),
      read.host('target'),
    ].join(' '),
  SSHFP: (read) => {
    const algorithm = read.oneOf('algorithm', [1, 2, 3, 4, 6])
    const type = read.oneOf('type of the fingerprint', [1, 2])
    return `${algorithm} ${type} ${read.hex('fingerprint', SSHFP_DIGITS[type])}`
  },
  SVCB: serviceOf,
  TLSA: certificateOf,
  TXT: null,
  URI: (read) => `${read.number('priority', U16)} ${read.number('weight', U16)} ${read.text('target')}`,
} satisfies Record<string, ((read: Reader) => string) | null>

export type RecordType = keyof typeof CODECS
export const RECORD_TYPES = Object.keys(CODECS) as RecordType[]

export const isRecordType = (text: string): text is RecordType => Object.hasOwn(CODECS, text)

/** @throws DnsError */
export function contentOf(type: RecordType, tokens: readonly Token[], place: Place): string {
  const codec = CODECS[type]
  if (codec === null) return textsOf(tokens)
  const read = readerOf(tokens, place)
  const content = codec(read)
  read.end()
  return content
}

/**
 * The content of a record as it is kept: two that mean the same are equal.
 * @param text as in a zone file, on one line; names without a last dot are meant in full
 * @param zone what `@` stands for
 * @throws DnsError that says what is wrong
 */
export const canonicalContent = (type: RecordType, text: string, zone: string): string =>
  type === 'TXT' && text !== '' && !text.trimStart().startsWith('"')
    ? // As people paste it: all of it is the text, with its semicolons and blanks.
      textsOf([{ bytes: Buffer.from(text.trim(), 'utf8').toString('latin1') }])
    : contentOf(type, tokensOf(text), { origin: zone, bare: 'full' })
