import type { z } from 'zod'
import type { Customer, customerCreate } from '../../../shared/api/customers.ts'
import type { CustomerField } from '../../../shared/api/customerSettings.ts'
import { AppError, type FieldError } from '../../errors.ts'

type Values = z.infer<typeof customerCreate>['custom']
type Definition = Pick<CustomerField, 'key' | 'label' | 'type' | 'choices' | 'required'>

const EXPECTED: Record<CustomerField['type'], (value: unknown, field: Definition) => boolean> = {
  text: (value) => typeof value === 'string' && value.trim() !== '',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  date: (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}$/.test(value) &&
    isDate(new Date(`${value}T00:00Z`), value),
  choice: (value, field) => field.choices.some((choice) => choice === value),
}
const WANTED: Record<CustomerField['type'], (field: Definition) => string> = {
  text: () => 'a text',
  number: () => 'a number',
  boolean: () => 'true or false',
  date: () => 'a date such as 2026-05-31',
  choice: (field) => `one of: ${field.choices.join(', ')}`,
}

const isDate = (date: Date, text: string): boolean =>
  !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)

/**
 * The values of a customer after a change. Values that are not named stay; null takes one away.
 * @throws AppError invalid_input that names each value that does not fit its definition
 */
export function applyFields(
  fields: readonly Definition[],
  before: Customer['custom'],
  given: Values,
): Customer['custom'] {
  const known = new Map(fields.map((field) => [field.key, field]))
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(given)) {
    const field = known.get(key)
    if (!field) errors.push({ path: `custom.${key}`, message: 'no such field is defined' })
    else if (value !== null && !EXPECTED[field.type](value, field))
      errors.push({ path: `custom.${key}`, message: `${field.label} must be ${WANTED[field.type](field)}` })
  }
  const after = Object.fromEntries(
    Object.entries({ ...before, ...given }).filter(
      (entry): entry is [string, string | number | boolean] => entry[1] !== null,
    ),
  )
  for (const field of fields)
    if (field.required && after[field.key] === undefined)
      errors.push({ path: `custom.${field.key}`, message: `${field.label} is needed` })
  if (errors.length > 0)
    throw new AppError('invalid_input', 'A field of the tenant’s own does not fit its definition.', {
      errors,
    })
  return after
}
