import { isIP } from 'node:net'
import { isUuid } from './ids.ts'

export type SearchTerms = {
  /** What was typed, in one form of Unicode. */
  text: string
  /** A LIKE pattern for each word. */
  likes: string[]
  /** The words that may also be spelled a little differently. */
  similar: string[]
  id: string | null
  number: number | null
  /** An address, or the network of one or of its beginning. */
  network: string | null
}

const MAX_WORDS = 8
const literal = (word: string): string => word.replace(/[\\%_]/g, '\\$&')

/**
 * A word anywhere; when it is too short for an index of trigrams, only at the beginning of a word. What is searched has
 * a space in front.
 */
function like(word: string): string {
  const anywhere = /[\p{L}\p{N}]{3}/u.test(word) || !/^[\p{L}\p{N}]/u.test(word)
  return anywhere ? `%${literal(word)}%` : `% ${literal(word)}%`
}

/** The words of a text that have a letter or a digit; others say nothing and no index finds them. */
const wordsOf = (text: string): string[] =>
  text
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, MAX_WORDS)

/** Patterns that all must match a text in which `typed` is found. */
export const likesOf = (typed: string): string[] => wordsOf(typed.normalize('NFKC')).map(like)

/** The parts of a word that names are made of; the domain of an e-mail says nothing about who it is. */
const namesIn = (word: string): string[] =>
  (word.split('@')[0] ?? '').split(/[^\p{L}]+/u).filter((name) => name.length >= 4)

/** What somebody who typed this may be looking for. */
export function searchTerms(typed: string): SearchTerms {
  const text = typed.normalize('NFKC').trim()
  const words = wordsOf(text)
  const keys = words.some((word) => /^\d+$/.test(word))
  return {
    text,
    likes: words.map(like),
    similar: keys || isUuid(text) ? [] : words.flatMap(namesIn),
    id: isUuid(text) ? text.toLowerCase() : null,
    number: /^\d{3,9}$/.test(text) ? Number(text) : null,
    network: networkOf(text),
  }
}

/** `192.0.2.7`, `192.0.2.0/24`, `192.0.2.`, `2001:db8::/32` or `2001:db8:` as PostgreSQL's inet; else null. */
export function networkOf(text: string): string | null {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version !== 0 && !address.includes('%') && more.length === 0) {
    if (bits === undefined) return address
    return /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128) ? text : null
  }
  const octets = /^(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?\.?$/
    .exec(text)
    ?.slice(1)
    .filter((octet) => octet !== undefined)
  if (octets)
    return octets.every((octet) => Number(octet) <= 255)
      ? `${[...octets, '0', '0'].slice(0, 4).map(Number).join('.')}/${octets.length * 8}`
      : null
  if (!/^[0-9a-f:]{2,39}:$/i.test(text)) return null
  const groups = text.split(':').filter((group) => group !== '')
  const start = `${groups.join(':')}::`
  return groups.length > 0 && groups.length < 8 && isIP(start) === 6 ? `${start}/${groups.length * 16}` : null
}
