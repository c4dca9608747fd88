import * as fc from 'fast-check'

type JsonSchema = {
  type?: string
  const?: unknown
  enum?: unknown[]
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  items?: JsonSchema
  maxItems?: number
  properties?: Record<string, JsonSchema>
  required?: string[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
}

const NASTY = [
  '',
  '\u0000',
  '\ud800',
  '\u202e',
  '\r\nX-Injected: 1',
  "'; drop table users; --",
  '$(id)',
  '../../etc/passwd',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '=cmd|x',
  '-1',
  '1e308',
  '9'.repeat(40),
  'a'.repeat(70_000),
  '%00',
  '%',
  'null',
  '__proto__',
  'ﬁ\u0301',
]
const nasty = fc.constantFrom(...NASTY)

/** Anything JSON can say, and what has broken parsers before. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  nasty,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, -1, 0.1, 2 ** 53, 1e308, true, ['__proto__'], { constructor: {} }),
)

const FORMATS: Record<string, fc.Arbitrary<string>> = {
  uuid: fc.uuid(),
  email: fc.constantFrom('ada@example.com', 'x@example.org'),
  'date-time': fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  date: fc.constantFrom('2026-02-28', '2024-02-29'),
}

const text = ({ format = '', pattern, minLength = 0, maxLength = 100 }: JsonSchema): fc.Arbitrary<unknown> =>
  FORMATS[format] ??
  // fast-check cannot make what looks ahead; anything is then mostly refused, which is an answer as well.
  (pattern === undefined || pattern.includes('(?')
    ? fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 100), unit: 'grapheme' })
    : fc.stringMatching(new RegExp(pattern)))

function plain(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { type, minimum: min = -1e9, maximum: max = 1e9 } = schema
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return fc.oneof(...choices.map(fitting))
  if (type === 'string') return text(schema)
  if (type === 'integer')
    return fc.integer({ min: Math.max(min, -(2 ** 31)), max: Math.min(max, 2 ** 31 - 1) })
  if (type === 'number') return fc.double({ min, max, noNaN: true })
  if (type === 'boolean') return fc.boolean()
  if (type === 'null') return fc.constant(null)
  if (type === 'array')
    return fc.array(fitting(schema.items ?? {}), { maxLength: Math.min(schema.maxItems ?? 4, 4) })
  if (type !== 'object') return anything
  const fields = Object.entries(schema.properties ?? {}).map(
    ([name, field]) => [name, fitting(field)] as const,
  )
  return fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] })
}

/** Values of a schema; now and then, at any place, something else. */
export const fitting = (schema: JsonSchema): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 12, arbitrary: plain(schema) }, { weight: 1, arbitrary: anything })

/** A good body in which single fields are replaced, added or left out. */
export const spoilt = (body: Record<string, unknown>): fc.Arbitrary<unknown> =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...Object.keys(body), 'tenantId', 'id', 'isAdmin'),
        fc.option(anything, { nil: undefined }),
      ),
      { maxLength: 3 },
    )
    .map((changes) => ({ ...body, ...Object.fromEntries(changes) }))
