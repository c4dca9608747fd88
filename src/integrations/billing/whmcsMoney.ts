import { decimalOf, exponentOf } from '../../lib/money.ts'
import { Unreadable } from './whmcsErrors.ts'

const AMOUNT = /(?<![\d.])(-?)(\d{1,15})(?:\.(\d{1,10}))?(?![\d.])/

/**
 * Money as WHMCS writes it, in minor units: `12.95`, `$-8.67 USD`. It knows two digits after the point: of a currency that has
 * none they are noughts, and of one with three the last is one.
 */
export function minorOf(text: string, currency: string): bigint {
  const bare = text.replaceAll(',', '')
  const found = AMOUNT.exec(bare)
  if (!found) throw new Unreadable('an amount is no number')
  const [, sign = '', whole = '', fraction = ''] = found
  const exponent = exponentOf(currency)
  if (/[1-9]/.test(fraction.slice(exponent))) throw new Unreadable(`an amount is finer than ${currency} is`)
  const size = BigInt(whole + fraction.slice(0, exponent).padEnd(exponent, '0'))
  return sign === '-' ? -size : size
}

/** Null: WHMCS does not take this very amount. */
export function toWhmcs(minor: bigint, currency: string): string | null {
  const text = decimalOf(minor, currency)
  const [whole, fraction = ''] = text.split('.')
  if (/[1-9]/.test(fraction.slice(2))) return null
  return `${whole}.${fraction.slice(0, 2).padEnd(2, '0')}`
}
