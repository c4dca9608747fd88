import { isIPv4, isIPv6 } from 'node:net'
import { DnsError } from './errors.ts'
import { canonicalName, requireHost, type Bare } from './names.ts'
import { quote, textOf, type Token } from './tokens.ts'

export type Place = { origin: string; bare: Bare }

/** Takes the fields of a record's content one after the other. Each throws a DnsError that names the field. */
export type Reader = {
  number(what: string, max: number): number
  oneOf<T extends number>(what: string, known: readonly T[]): T
  name(what: string): string
  host(what: string): string
  address4(): string
  address6(): string
  /** Hexadecimal digits, in lower case; they may be written in several words. */
  hex(what: string, digits?: number): string
  base64(what: string): string
  /** A word as it stands. */
  word(what: string): string
  /** A text in quotation marks. */
  text(what: string): string
  more(): boolean
  end(): void
}

/** An IPv6 address as it is kept: compressed, in lower case, without dots. */
export const shortest = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1)

export function readerOf(tokens: readonly Token[], { origin, bare }: Place): Reader {
  let next = 0
  const take = (what: string): Token => {
    const token = tokens[next++]
    if (!token) throw new DnsError(`The ${what} is missing.`)
    return token
  }
  const rest = (what: string): string => {
    const words = [textOf(take(what))]
    while (next < tokens.length) words.push(textOf(take(what)))
    return words.join('')
  }
  const number = (what: string, max: number): number => {
    const text = textOf(take(what))
    if (!/^\d{1,10}$/.test(text) || Number(text) > max)
      throw new DnsError(`The ${what} is a number from 0 to ${max}, not ${text}.`)
    return Number(text)
  }
  const name = (what: string): string => {
    const token = take(what)
    if (token.quoted || token.escaped)
      throw new DnsError(`The ${what} is a name: it has no quotation marks and no backslashes.`)
    return canonicalName(textOf(token), origin, bare)
  }
  return {
    number,
    oneOf: (what, known) => {
      const given = number(what, 255)
      const found = known.find((one) => one === given)
      if (found === undefined) throw new DnsError(`The ${what} is one of ${known.join(', ')}, not ${given}.`)
      return found
    },
    name,
    host: (what) => requireHost(name(what)),
    address4: () => {
      const text = textOf(take('address'))
      if (!isIPv4(text)) throw new DnsError(`${text} is no IPv4 address, such as 192.0.2.1.`)
      return text
    },
    address6: () => {
      const text = textOf(take('address'))
      if (!isIPv6(text) || text.includes('%'))
        throw new DnsError(`${text} is no IPv6 address, such as 2001:db8::1.`)
      return shortest(text)
    },
    hex: (what, digits) => {
      const text = rest(what).toLowerCase()
      if (!/^(?:[0-9a-f]{2})+$/.test(text))
        throw new DnsError(`The ${what} is written in hexadecimal digits.`)
      if (digits !== undefined && text.length !== digits)
        throw new DnsError(`The ${what} has ${digits} hexadecimal digits here, not ${text.length}.`)
      return text
    },
    base64: (what) => {
      const text = rest(what)
      if (text === '' || Buffer.from(text, 'base64').toString('base64') !== text)
        throw new DnsError(`The ${what} is written in base64.`)
      return text
    },
    word: (what) => textOf(take(what)),
    text: (what) => {
      const { bytes } = take(what)
      if (bytes.length > 255) throw new DnsError(`The ${what} is longer than 255 bytes.`)
      return quote(bytes)
    },
    more: () => next < tokens.length,
    end: () => {
      if (next < tokens.length)
        throw new DnsError(`There is more than belongs there: ${tokens.slice(next).map(textOf).join(' ')}.`)
    },
  }
}
