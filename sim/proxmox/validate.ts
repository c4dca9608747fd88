import { checkProp } from './schema.ts'
import type { Prop, Schema } from './schemaTypes.ts'

export function findProp(schema: Schema, key: string): Prop | undefined {
  const exact = schema[key]
  if (exact) return exact
  const match = /^([a-z]+)(\d+)$/.exec(key)
  if (!match) return undefined
  for (const [pattern, prop] of Object.entries(schema)) {
    const numbered = /^([a-z]+)\[(\d+)\]$/.exec(pattern)
    if (numbered?.[1] === match[1] && Number(match[2]) < Number(numbered?.[2])) return prop
  }
  return undefined
}

/** Checks raw request parameters and gives them back as the strings Perl would see. All faults are collected. */
export function validate(schema: Schema, raw: Record<string, unknown>) {
  const errors: Record<string, string> = {}
  const params: Record<string, string> = {}
  for (const [key, prop] of Object.entries(schema)) {
    // A name without a value is there: the recordings say so.
    if (prop.required && !(key in raw)) errors[key] = 'property is missing and it is not optional'
  }
  for (const [key, given] of Object.entries(raw)) {
    const prop = findProp(schema, key)
    if (!prop) {
      errors[key] = 'property is not defined in schema and the schema does not allow additional properties'
      continue
    }
    const value = scalar(prop, given, key, errors)
    if (value === undefined) continue
    checkProp(prop, value, key, errors)
    if (prop.requires && raw[prop.requires] === undefined) {
      errors[prop.requires] = `missing property required by '${key}'`
    }
    params[key] = value
  }
  return { params, errors }
}

/** JSON numbers and booleans become Perl scalars; an array only suits a `-list` format. */
function scalar(prop: Prop, given: unknown, key: string, errors: Record<string, string>): string | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given === 'string') return given
  if (typeof given === 'number') return String(given)
  const isList = typeof prop.format === 'string' && prop.format.endsWith('-list')
  if (isList && Array.isArray(given)) return given.map(String).join(',')
  if (prop.type === 'boolean' && typeof given === 'boolean') return given ? '1' : '0'
  const perlType = Array.isArray(given) ? 'ARRAY' : typeof given === 'boolean' ? 'JSON::PP::Boolean' : 'HASH'
  errors[key] = `type check ('${prop.type}') failed - got ${perlType}`
  return undefined
}
