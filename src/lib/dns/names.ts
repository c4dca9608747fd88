import { domainToASCII, domainToUnicode } from 'node:url'
import { DnsError } from './errors.ts'

const MAX_LABEL = 63
/** With the dots; 255 bytes on the wire (RFC 1035, 2.3.4) are 254 characters with the last dot. */
const MAX_NAME = 254

/** A label as zones hold it: letters, digits and hyphens, with `_` of services and `/` of RFC 2317. */
const LABEL = /^[a-z0-9_/-]+$/
const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

/**
 * A name without a last dot is below the origin, as in a zone file (`relative`), or is meant in full, as people write
 * into a form (`full`).
 */
export type Bare = 'relative' | 'full'

/**
 * A name in the form in which it is kept and compared: in full, in lower case, with its last dot, other scripts as A-labels.
 * `@` is the origin.
 * @throws DnsError
 */
export function canonicalName(text: string, origin: string, bare: Bare): string {
  if (text === '@') return origin
  if (text === '.') return '.'
  if (text === '') throw new DnsError('A name is missing.')
  const isFull = text.endsWith('.')
  const labels = (isFull ? text.slice(0, -1) : text).split('.').map(canonicalLabel)
  if (!isFull && bare === 'full' && labels.length === 1)
    throw new DnsError(
      `Write ${text} in full, such as ${labels[0]}.${origin === '.' ? 'example.com.' : origin}`,
    )
  const name = `${labels.join('.')}.${isFull || bare === 'full' || origin === '.' ? '' : origin}`
  if (name.length > MAX_NAME) throw new DnsError(`${name} is longer than a name may be.`)
  if (name.lastIndexOf('*') > 0 || (name.startsWith('*') && !name.startsWith('*.')))
    throw new DnsError(`${text}: an asterisk stands alone, as the first part of a name.`)
  return name
}

function canonicalLabel(given: string): string {
  if (given === '') throw new DnsError('A name has two dots after one another, or begins with one.')
  if (given === '*') return given
  const label = /^[\x20-\x7e]*$/.test(given) ? given.toLowerCase() : aLabel(given)
  if (!LABEL.test(label))
    throw new DnsError(`${given} cannot be a part of a name: use letters, digits, hyphens and underscores.`)
  if (label.length > MAX_LABEL)
    throw new DnsError(`${given} is longer than the ${MAX_LABEL} characters of a part of a name.`)
  return label
}

/** The parser of URLs does more than IDNA: what it would take for something else than a label is refused before. */
function aLabel(given: string): string {
  const label = /[\s%/@:?#\\[\]]/.test(given) ? '' : domainToASCII(given)
  if (!label.startsWith('xn--') || label.includes('.') || domainToUnicode(label) === '')
    throw new DnsError(`${given} cannot be written as an internationalised name.`)
  return label
}

/** @throws DnsError for a name that no host can have (RFC 1123, 2.1): one with an underscore, or an address */
export function requireHost(name: string): string {
  if (name === '.') return name
  if (/(?:^|\.)\d+\.$/.test(name)) throw new DnsError(`${name} is an address: write the name of the host.`)
  const wrong = name
    .slice(0, -1)
    .split('.')
    .find((label) => !HOST_LABEL.test(label))
  if (wrong !== undefined)
    throw new DnsError(`${name} is no name of a host: ${wrong} has more than letters, digits and hyphens.`)
  return name
}

/** Whether a name is the zone's own or below it. */
export const isWithin = (name: string, zone: string): boolean =>
  zone === '.' || name === zone || name.endsWith(`.${zone}`)

/** As people read it: other scripts in their own letters, without the last dot. */
export const displayName = (name: string): string =>
  name
    .replace(/\.$/, '')
    .split('.')
    .map((label) => (label.startsWith('xn--') ? domainToUnicode(label) || label : label))
    .join('.')
