import { COUNTRIES } from '../../../shared/countries.ts'
import { locale } from './language.ts'

const names = new Intl.DisplayNames(locale, { type: 'region' })

/** A country in the page's language. @param code of ISO 3166, such as IT */
export const countryName = (code: string): string => names.of(code) ?? code

/** All of them, by their names. */
export const countries: readonly (readonly [code: string, name: string])[] = [...COUNTRIES]
  .map((code) => [code, countryName(code)] as const)
  .toSorted(([, one], [, other]) => one.localeCompare(other, locale))
