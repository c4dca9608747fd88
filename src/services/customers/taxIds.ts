import * as jsvat from 'jsvat'
import type { Customer } from '../../../shared/api/customers.ts'
import { AppError, type FieldError } from '../../errors.ts'

type TaxId = Customer['taxIds'][number]

const COUNTRIES = Object.values(jsvat).filter(
  (value): value is jsvat.Country => typeof value === 'object' && value !== null && 'codes' in value,
)
const byCode = new Map(
  COUNTRIES.flatMap((country) => country.codes.slice(0, 1).map((code) => [code, country])),
)
/** Greek VAT numbers begin with EL, which is no ISO code. */
const PREFIX: Record<string, string> = { GR: 'EL' }

/**
 * VAT numbers in capitals without separators, with their country in front. Form and check digits are proven where
 * the country's rules are known; whether the number was ever given out is not.
 * @throws AppError invalid_input
 */
export function checkTaxIds(given: readonly TaxId[]): TaxId[] {
  const errors: FieldError[] = []
  const checked = given.map((one, at): TaxId => {
    if (one.type !== 'vat') return one
    const rules = byCode.get(one.country)
    const bare = one.value.toUpperCase().replaceAll(/[\s.-]/g, '')
    const prefix = PREFIX[one.country] ?? one.country
    const value = rules && !bare.startsWith(prefix) ? prefix + bare : bare
    const fits = rules ? jsvat.checkVAT(value, [rules]).isValid : /^[0-9A-Z/+]{2,40}$/.test(value)
    if (!fits) errors.push({ path: `taxIds.${at}.value`, message: `is no VAT number of ${one.country}` })
    return { ...one, value }
  })
  if (new Set(checked.map((one) => `${one.country} ${one.value}`)).size < checked.length)
    errors.push({ path: 'taxIds', message: 'names the same tax id twice' })
  if (errors.length > 0) throw new AppError('invalid_input', 'A tax id is not valid.', { errors })
  return checked
}
