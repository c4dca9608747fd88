/** How many addresses a range holds, both ends included; null when it is no range. Exact for IPv6. */
export function rangeSize(first: string, last: string): number | null {
  const from = toNumber(first)
  const to = toNumber(last)
  if (from === null || to === null || to < from) return null
  return Number(to - from + 1n)
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
