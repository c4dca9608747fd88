import { DnsError } from './errors.ts'

/**
 * A word of a record's content. `bytes` has one character for each byte (`latin1`), since a text may hold any; what was
 * written in other letters than ASCII is in UTF-8.
 */
export type Token = { bytes: string; quoted: boolean; escaped: boolean }

const isAscii = (bytes: string): boolean => /^[\x20-\x7e]*$/.test(bytes)

/** A word as people write it. Nearly all are in ASCII, where a byte is a character. */
export const textOf = ({ bytes }: Token): string =>
  isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')

/** What ends a word that is not quoted. */
const ENDS = new Set([' ', '\t', '\n', ';', '"', '(', ')'])

/** A run of characters that mean nothing but themselves, quoted or not. */
const PLAIN = /[!#-'*-:<-[\]-~]+/y

/** Reads one word. @returns it and where the next begins */
export function readToken(text: string, from: number): { token: Token; end: number } {
  const quoted = text[from] === '"'
  let at = quoted ? from + 1 : from
  let bytes = ''
  let escaped = false
  for (;;) {
    PLAIN.lastIndex = at
    const run = PLAIN.exec(text)?.[0] ?? ''
    bytes += run
    at += run.length
    const char = text[at]
    if (char === undefined || (quoted && char === '\n')) {
      if (quoted) throw new DnsError('A text in quotation marks has no end.')
      break
    }
    if (quoted ? char === '"' : ENDS.has(char)) break
    if (char === '\\') {
      const one = readEscape(text, at)
      bytes += one.byte
      at = one.end
      escaped = true
      continue
    }
    const code = text.codePointAt(at) ?? 0
    bytes += code < 0x80 ? char : Buffer.from(String.fromCodePoint(code), 'utf8').toString('latin1')
    at += code > 0xffff ? 2 : 1
  }
  return { token: { bytes, quoted, escaped }, end: quoted ? at + 1 : at }
}

/** `\DDD` is a byte by its decimal number, `\X` the character itself (RFC 1035, 5.1). */
function readEscape(text: string, at: number): { byte: string; end: number } {
  const digits = text.slice(at + 1, at + 4)
  if (/^\d{3}$/.test(digits)) {
    const code = Number(digits)
    if (code > 255) throw new DnsError(`\\${digits} is no byte.`)
    return { byte: String.fromCharCode(code), end: at + 4 }
  }
  const char = text[at + 1]
  if (char === undefined || char === '\n' || /\d/.test(char))
    throw new DnsError('A backslash is followed by three digits or by one character.')
  return { byte: char, end: at + 2 }
}

/** The words of one record's content, as it is written into a form. @throws DnsError */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const char = text[at] ?? ''
    if (char === ' ' || char === '\t') at += 1
    else if (char === '\n' || char === '(' || char === ')')
      throw new DnsError('The content of a record is one line, without brackets.')
    else {
      // In a form it hardly begins a comment: it is common in texts that nobody put into quotation marks.
      if (char === ';') throw new DnsError('Put a text with a semicolon into quotation marks.')
      const { token, end } = readToken(text, at)
      tokens.push(token)
      at = end
    }
  }
  return tokens
}

/** Bytes as a text in quotation marks that any server reads the same way. */
export const quote = (bytes: string): string =>
  `"${bytes
    .replace(/["\\]/g, '\\$&')
    .replace(/[^\x20-\x7e]/g, (char) => `\\${String(char.charCodeAt(0)).padStart(3, '0')}`)}"`
