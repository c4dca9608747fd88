import { BlockList, isIP } from 'node:net'

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** `192.0.2.7/24`, or null for what is none. */
export function withLength(text: unknown): { address: string; length: number } | null {
  if (typeof text !== 'string') return null
  const [address = '', length, more] = text.split('/')
  if (isIP(address) === 0 || more !== undefined) return null
  const most = isIP(address) === 4 ? 32 : 128
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1
  return bits < 0 || bits > most ? null : { address: compressed(address), length: bits }
}

/** As NetBox writes it: IPv6 in lower case and short. */
export function compressed(address: string): string {
  if (isIP(address) !== 6) return address
  return new URL(`http://[${address}]/`).hostname.slice(1, -1)
}

export function isInside(address: string, network: string): boolean {
  const [first = '', bits] = network.split('/')
  if (isIP(first) !== isIP(address)) return false
  const list = new BlockList()
  list.addSubnet(first, Number(bits), familyOf(first))
  return list.check(address, familyOf(address))
}

export function isBetween(address: string, first: string, last: string): boolean {
  if (isIP(first) !== isIP(address)) return false
  const list = new BlockList()
  list.addRange(first, last, familyOf(first))
  return list.check(address, familyOf(address))
}

const parts = (text: string): string[] => (text === '' ? [] : text.split(':'))

/** Sorts as the addresses do. */
export function orderOf(address: string): string {
  if (isIP(address) === 4)
    return `4${address
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('')}`
  const [head = '', tail] = address.split('::')
  const left = parts(head)
  const right = tail === undefined ? [] : parts(tail)
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0')
  return `6${[...left, ...zeros, ...right].map((part) => part.padStart(4, '0')).join('')}`
}
