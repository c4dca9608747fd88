/** What was read of a provider's books, as a step of a job keeps it: amounts are text there, by the names of their fields. */
export const packed = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one))

export const unpacked = (text: string): unknown =>
  JSON.parse(text, (key, one: unknown) =>
    key.endsWith('Minor') && typeof one === 'string' ? BigInt(one) : one,
  )
