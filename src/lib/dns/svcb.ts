import { isIPv4, isIPv6 } from 'node:net'
import { DnsError } from './errors.ts'
import { shortest, type Reader } from './reader.ts'

/** The parameters of SVCB and HTTPS by their numbers (RFC 9460, 14.3.2), in whose order they stand. */
const KEYS = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint']

const numberOf = (key: string): number => {
  const known = KEYS.indexOf(key)
  const given = known === -1 ? Number(/^key(\d{1,5})$/.exec(key)?.[1] ?? Number.NaN) : known
  if (!(given < 65_535)) throw new DnsError(`${key} is no parameter of such a record.`)
  return given
}

const list = (text: string): string[] => text.split(',').map((one) => one.trim())

/** A value in the form in which it is kept, by its key. */
function valueOf(key: string, value: string): string | null {
  const wrong = (what: string): DnsError => new DnsError(`${key} is ${what}, not ${value || 'empty'}.`)
  switch (key) {
    case 'no-default-alpn':
      if (value !== '') throw new DnsError('no-default-alpn has no value.')
      return null
    case 'port':
      if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw wrong('a number up to 65535')
      return String(Number(value))
    case 'ipv4hint':
      if (!list(value).every((one) => isIPv4(one))) throw wrong('a list of IPv4 addresses')
      return list(value).join(',')
    case 'ipv6hint':
      if (!list(value).every((one) => isIPv6(one) && !one.includes('%')))
        throw wrong('a list of IPv6 addresses')
      return list(value)
        .map((one) => shortest(one))
        .join(',')
    case 'mandatory':
      return list(value)
        .toSorted((one, other) => numberOf(one) - numberOf(other))
        .join(',')
    default:
      if (!/^[\x21-\x7e]+$/.test(value) || /["\\;()]/.test(value)) throw wrong('written in plain characters')
      return value
  }
}

/** The parameters, sorted, in the form in which servers print them. */
export function parameters(read: Reader): string[] {
  const found = new Map<string, string | null>()
  while (read.more()) {
    const word = read.word('parameter')
    const at = word.indexOf('=')
    const key = (at === -1 ? word : word.slice(0, at)).toLowerCase()
    numberOf(key)
    // `alpn="h2,h3"` comes as two words, the second of them in quotation marks.
    const value = at === -1 ? '' : at === word.length - 1 ? read.word(`value of ${key}`) : word.slice(at + 1)
    if (found.has(key)) throw new DnsError(`${key} is there twice.`)
    found.set(key, valueOf(key, value))
  }
  for (const key of found.get('mandatory')?.split(',') ?? [])
    if (!found.has(key)) throw new DnsError(`${key} is mandatory, and is not there.`)
  if (found.has('no-default-alpn') && !found.has('alpn'))
    throw new DnsError('no-default-alpn goes with alpn.')
  return [...found]
    .toSorted(([one], [other]) => numberOf(one) - numberOf(other))
    .map(([key, value]) => (value === null ? key : `${key}=${value}`))
}
