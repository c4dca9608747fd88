/** How many addresses a range holds, both ends included; null when it is no range. Exact for IPv6. */
export function rangeSize(first: string, last: string): number | null {
  const from = toNumber(first)
  const to = toNumber(last)
  if (from === null || to === null || to < from) return null
  return Number(to - from + 1n)
}

/** The address that comes so many after another; IPv6 in the short form of RFC 5952. */
export function addressAfter(first: string, offset: number): string {
  const number = (toNumber(first) ?? 0n) + BigInt(offset)
  if (!first.includes(':')) return [24n, 16n, 8n, 0n].map((bits) => (number >> bits) & 255n).join('.')
  const parts = Array.from({ length: 8 }, (_, at) =>
    ((number >> BigInt(112 - at * 16)) & 65_535n).toString(16),
  )
  const [zeros] = [...parts.join(':').matchAll(/(?:^|(?<=:))0(?::0)+(?=:|$)/g)]
    .map(([run]) => run)
    .toSorted((a, b) => b.length - a.length)
  const text = parts.join(':')
  if (zeros === undefined) return text
  const at = text.search(new RegExp(`(?:^|:)${zeros}(?:$|:)`))
  const start = text[at] === ':' ? at + 1 : at
  const [head, tail] = [
    text.slice(0, start).replace(/:$/, ''),
    text.slice(start + zeros.length).replace(/^:/, ''),
  ]
  return `${head}::${tail}`
}

function toNumber(address: string): bigint | null {
  return address.includes(':') ? fromV6(address) : fromV4(address)
}

function fromV4(address: string): bigint | null {
  const parts = address.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n)
}

const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))

function fromV6(address: string): bigint | null {
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const gap = 8 - before.length - after.length
  if (gap < 0 || (tail === undefined && gap !== 0)) return null
  const all = [...before, ...Array.from({ length: gap }, () => '0'), ...after]
  if (all.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return null
  return all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n)
}
