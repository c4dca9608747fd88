import { checkFormat, FormatError } from './formats.ts'

import { splitProperties } from './property.ts'
import type { Prop, Properties, PropertyFormat } from './schemaTypes.ts'

export const str = (more: Partial<Prop> = {}): Prop => ({ type: 'string', ...more })
export const int = (more: Partial<Prop> = {}): Prop => ({ type: 'integer', ...more })
export const num = (more: Partial<Prop> = {}): Prop => ({ type: 'number', ...more })
export const bool = (more: Partial<Prop> = {}): Prop => ({ type: 'boolean', ...more })
export const req = (prop: Prop): Prop => ({ ...prop, required: true })

export function checkProp(
  prop: Prop,
  value: string | undefined,
  path: string,
  errors: Record<string, string>,
) {
  if (value === undefined) {
    if (prop.required) errors[path] = 'property is missing and it is not optional'
    return
  }
  const fault = typeFault(prop, value) ?? formatFault(prop, value, path) ?? boundsFault(prop, value)
  if (fault !== undefined) errors[path] = fault
}

function typeFault(prop: Prop, value: string): string | undefined {
  const good =
    prop.type === 'string' ||
    prop.type === 'array' ||
    (prop.type === 'boolean' && /^[01]$/.test(value)) ||
    (prop.type === 'integer' && /^[+-]?\d+$/.test(value)) ||
    (prop.type === 'number' && isNumber(value))
  return good ? undefined : `type check ('${prop.type}') failed - got '${value}'`
}

const isNumber = (value: string) => /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value)

function formatFault(prop: Prop, value: string, path: string): string | undefined {
  if (prop.format === undefined) return undefined
  try {
    if (typeof prop.format === 'string') checkFormat(prop.format, value, path)
    else parseProperties(prop.format, value, path)
    return undefined
  } catch (error) {
    if (error instanceof FormatError) return `invalid format - ${error.message}`
    throw error
  }
}

function boundsFault(prop: Prop, value: string): string | undefined {
  if (prop.pattern && !new RegExp(`^(?:${prop.pattern.source})$`, prop.pattern.flags).test(value)) {
    return 'value does not match the regex pattern'
  }
  if (prop.maxLength !== undefined && value.length > prop.maxLength) {
    return `value may only be ${prop.maxLength} characters long`
  }
  if (prop.minLength !== undefined && value.length < prop.minLength) {
    return `value must be at least ${prop.minLength} characters long`
  }
  if (isNumber(value)) {
    if (prop.max !== undefined && Number(value) > prop.max)
      return `value must have a maximum value of ${prop.max}`
    if (prop.min !== undefined && Number(value) < prop.min)
      return `value must have a minimum value of ${prop.min}`
  }
  if (prop.enum && !prop.enum.includes(value)) {
    return `value '${value}' does not have a value in the enumeration '${prop.enum.join(', ')}'`
  }
  return undefined
}

/** Parses and checks; nested faults are named `path.key`. */
function parseProperties(format: PropertyFormat, text: string, path: string): Properties {
  const found = splitProperties(format, text)
  const errors: Record<string, string> = {}
  for (const [key, prop] of Object.entries(format.keys)) {
    checkProp(prop, found[key], path ? `${path}.${key}` : key, errors)
  }
  const lines = Object.entries(errors).map(([where, what]) => `${where}: ${what}\n`)
  if (lines.length > 0) throw new FormatError(`format error\n${lines.join('')}`)
  return found
}
