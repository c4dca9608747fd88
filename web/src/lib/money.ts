import { locale } from './language.ts'
import type { Money } from '../../../shared/api/common.ts'

/** ISO 4217: digits after the point, where they are not 2. `Intl` answers with customary digits, which differ. */
const EXPONENTS: Record<string, number> = {
  ...each('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF', 0),
  ...each('BHD IQD JOD KWD LYD OMR TND', 3),
  ...each('CLF UYW', 4),
}

function each(codes: string, exponent: number): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, exponent]))
}

const exponentOf = (currency: string): number => EXPONENTS[currency] ?? 2

/** Minor units to a plain decimal: `499` → `4.99`. Pure string work: amounts never become floats. */
export function toMajor({ amount, currency }: Money): string {
  const exponent = exponentOf(currency)
  const negative = amount.startsWith('-')
  const digits = amount.replace('-', '').padStart(exponent + 1, '0')
  const whole = digits.slice(0, digits.length - exponent)
  return `${negative ? '-' : ''}${whole}${exponent > 0 ? `.${digits.slice(-exponent)}` : ''}`
}

/** What a person typed (`4.99`, `4,99`, `5`) in minor units; null when it is no amount of that currency. */
export function toMinor(typed: string, currency: string): string | null {
  const exponent = exponentOf(currency)
  const match = /^(\d{1,13})(?:[.,](\d+))?$/.exec(typed.trim())
  if (!match) return null
  const [, whole = '', fraction = ''] = match
  if (fraction.length > exponent) return null
  return (whole + fraction.padEnd(exponent, '0')).replace(/^0+(?=\d)/, '')
}

export function formatMoney(money: Money): string {
  const exponent = exponentOf(money.currency)
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  }).format(toMajor(money) as `${number}`)
}

export const isZero = (money: Money): boolean => /^-?0+$/.test(money.amount)

const minus = (from: Money, ...parts: Money[]): Money => ({
  amount: parts.reduce((rest, part) => rest - BigInt(part.amount), BigInt(from.amount)).toString(),
  currency: from.currency,
})

/** What an invoice still asks for. */
export const openAmount = (invoice: { total: Money; paid: Money; credited: Money }): Money =>
  minus(invoice.total, invoice.paid, invoice.credited)
