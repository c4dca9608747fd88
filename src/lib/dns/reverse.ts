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

const asNumber = (address: string, bits: number): bigint =>
  labelsOf(address).reduce(
    (sum, label) => (sum << BigInt(bits)) + BigInt(bits === 4 ? `0x${label}` : label),
    0n,
  )

function asAddress(value: bigint, is6: boolean): string {
  if (!is6) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
  const digits = value.toString(16).padStart(32, '0')
  return (digits.match(/.{4}/g) ?? []).join(':')
}

/**
 * The reverse zones of a network, each with the network it is about. Never more than 128 (of an IPv4 network), or 8.
 * @param network such as `192.0.2.0/25`, without bits of hosts
 */
export function reverseZonesOf(network: string): { zone: string; network: string }[] {
  const [address = '', length = ''] = network.split('/')
  const prefix = Number(length)
  const is6 = isIPv6(address)
  const [bits, width] = is6 ? [4, 128] : [8, 32]
  const border =
    !is6 && prefix > 24 && prefix < 32 ? prefix : Math.min(Math.ceil(prefix / bits) * bits, width - bits)
  const first = asNumber(address, bits) & ~((1n << BigInt(width - Math.min(prefix, border))) - 1n)
  return Array.from({ length: 2 ** Math.max(0, border - prefix) }, (_, at) => {
    const start = asAddress(first + (BigInt(at) << BigInt(width - border)), is6)
    return { zone: reversePlace(start, border).zone, network: `${start}/${border}` }
  })
}

/** The mailbox of an SOA from an e-mail address (RFC 1035, 8): dots before the at sign are escaped. */
export function mailboxOf(email: string): string {
  const at = email.lastIndexOf('@')
  return `${email.slice(0, at).replaceAll('.', '\\.')}.${email.slice(at + 1).toLowerCase()}.`
}
