import { FormatError } from './formats.ts'
import type { Properties, PropertyFormat } from './schemaTypes.ts'

export function splitProperties(format: PropertyFormat, text: string): Properties {
  const found: Properties = {}
  const put = (key: string, value: string) => {
    if (key in found) throw new FormatError(`duplicate key in comma-separated list property: ${key}\n`)
    found[key] = value
  }
  for (const part of text.split(',')) {
    if (/^\s*$/.test(part)) continue
    const pair = /^([^=]+)=(.+)$/s.exec(part)
    if (pair) {
      const [, key = '', value = ''] = pair
      const prop = format.keys[key]
      if (!prop) {
        throw new FormatError(`invalid key in comma-separated list property: ${key}\n`)
      }
      put(key, prop.type === 'boolean' ? perlBool(value) : value)
    } else if (!part.includes('=')) {
      const key = format.defaultKey
      if (!key) throw new FormatError('value without key, but schema does not define a default key\n')
      put(key, format.keys[key]?.type === 'boolean' ? perlBool(part) : part)
    } else {
      throw new FormatError('missing key in comma-separated list property\n')
    }
  }
  return format.normalize ? format.normalize(found) : found
}

function perlBool(value: string): string {
  if (/^(1|on|yes|true)$/i.test(value)) return '1'
  if (/^(0|off|no|false)$/i.test(value)) return '0'
  return value
}

/** Default key first and bare, the rest in alphabetical order. */
export function printProperties(format: PropertyFormat, values: Properties, first: string[] = []): string {
  const head = format.defaultKey === undefined ? [] : [format.defaultKey]
  const keys = [...head, ...first, ...Object.keys(values).toSorted()]
  const parts = [...new Set(keys)]
    .filter((key) => values[key] !== undefined)
    .map((key) => (key === format.defaultKey ? String(values[key]) : `${key}=${values[key]}`))
  return parts.join(',')
}
