type Source = { source?: string }
type Raw = { rawJSON: string }
// In Node since 21 and 24; TypeScript's library does not name them yet.
const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: Source) => unknown): unknown
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): value is Raw
}

/** Numbers that JavaScript might write differently: fractions, exponents, more digits than a double holds. */
const DELICATE = /\d[.eE]|\d{16}/

/** Parses JSON without changing how a number is written, so that no two texts with different numbers look alike. */
export function parseExactly(text: string): unknown {
  if (!DELICATE.test(text)) return JSON.parse(text)
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? json.rawJSON(source)
      : value,
  )
}

/** One text for one value: no blanks, keys in the order of their UTF-16 code units (RFC 8785). */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object' || json.isRawJSON(value)) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1))
  return `{${sorted.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(',')}}`
}
