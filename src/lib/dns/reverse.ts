import { isIPv6 } from 'node:net'

const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))

/** An IPv6 address as its 32 hexadecimal digits, an IPv4 one as its four numbers: the labels of its reverse name. */
function labelsOf(address: string): string[] {
  if (!isIPv6(address)) return address.split('.')
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].flatMap((group) => group.padStart(4, '0').split(''))
}

const nameOf = (labels: readonly string[], root: string): string => `${labels.toReversed().join('.')}.${root}`

/**
 * Where the name of an address stands. A network that ends within an octet (within a hexadecimal digit, of IPv6) has several
 * zones, by the next such border; one that is smaller than a /24 has a zone of its own below it, as RFC 2317 has it.
 * @param address in the canonical form of its family, without dots in an IPv6 one
 * @param prefix how long the network's is in which the address lies
 */
export function reversePlace(address: string, prefix: number): { zone: string; name: string } {
  const labels = labelsOf(address)
  const [bits, root] = isIPv6(address) ? [4, 'ip6.arpa.'] : [8, 'in-addr.arpa.']
  const whole = Math.min(Math.ceil(prefix / bits), labels.length - 1)
  const above = nameOf(labels.slice(0, whole), root)
  if (bits === 4 || prefix <= 24 || prefix === 32) return { zone: above, name: nameOf(labels, root) }
  const last = Number(labels[3])
  const zone = `${last - (last % 2 ** (32 - prefix))}/${prefix}.${above}`
  return { zone, name: `${last}.${zone}` }
}

/** The mailbox of an SOA from an e-mail address (RFC 1035, 8): dots before the at sign are escaped. */
export function mailboxOf(email: string): string {
  const at = email.lastIndexOf('@')
  return `${email.slice(0, at).replaceAll('.', '\\.')}.${email.slice(at + 1).toLowerCase()}.`
}
