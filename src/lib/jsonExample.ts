export type JsonSchema = {
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  default?: unknown
  examples?: unknown[]
  format?: string
  pattern?: string
  minLength?: number
  minimum?: number
  exclusiveMinimum?: number
  minItems?: number
  properties?: Record<string, JsonSchema>
  required?: string[]
  items?: JsonSchema | boolean
  prefixItems?: JsonSchema[]
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
}

const BY_FORMAT: Record<string, string> = {
  uuid: '01920000-0000-7000-8000-000000000001',
  'date-time': '2027-01-31T12:00:00Z',
  date: '2027-01-31',
  email: 'someone@example.com',
  uri: 'https://www.example.com/',
  ipv4: '192.0.2.10',
  ipv6: '2001:db8::10',
  cidrv4: '192.0.2.0/24',
  cidrv6: '2001:db8::/64',
}

/**
 * A value that a JSON Schema describes: what the schema gives as its example, or else the simplest that its type allows. Optional
 * properties are left out unless they have an example of their own. A pattern is not understood: its schema names an example.
 */
export function exampleOf(schema: JsonSchema): unknown {
  if (schema.examples !== undefined) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return schema.enum[0]
  if (schema.default !== undefined) return schema.default
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives?.[0] !== undefined) return exampleOf(alternatives[0])
  if (schema.allOf !== undefined) return Object.assign({}, ...schema.allOf.map(exampleOf)) as unknown
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return BY_FORMAT[schema.format ?? ''] ?? 'example'.padEnd(schema.minLength ?? 0, ' example')
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? (schema.exclusiveMinimum ?? 0) + 1, 1)
    case 'boolean':
      return true
    case 'array':
      return arrayOf(schema)
    case 'object':
      return objectOf(schema)
    case undefined:
    default:
      return null
  }
}

function arrayOf({ items, prefixItems, minItems = 1 }: JsonSchema): unknown[] {
  if (prefixItems !== undefined) return prefixItems.map(exampleOf)
  return typeof items === 'object'
    ? Array.from({ length: Math.max(minItems, 1) }, () => exampleOf(items))
    : []
}

function objectOf({ properties = {}, required = [] }: JsonSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(properties)
      .filter(([name, { examples }]) => required.includes(name) || examples !== undefined)
      .map(([name, schema]) => [name, exampleOf(schema)]),
  )
}
