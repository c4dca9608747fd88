/** Shape of money on the wire: integer minor units as a string, ISO 4217 currency. */
export type Money = { amount: string; currency: string }

/** ISO 4217 minor-unit exponents that are not 2. `Intl` is no source for these: it answers with customary digits. */
const EXPONENTS: Record<string, number> = Object.fromEntries([
  ...[
    'BIF',
    'CLP',
    'DJF',
    'GNF',
    'ISK',
    'JPY',
    'KMF',
    'KRW',
    'PYG',
    'RWF',
    'UGX',
    'VND',
    'VUV',
    'XAF',
    'XOF',
    'XPF',
  ].map((code) => [code, 0]),
  ...['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'].map((code) => [code, 3]),
  ...['CLF', 'UYW'].map((code) => [code, 4]),
])

export const toMoney = (minor: bigint, currency: string): Money => ({ amount: minor.toString(), currency })

export const exponentOf = (currency: string): number => EXPONENTS[currency] ?? 2

/** `4.99 EUR`, for messages; pages format by locale. */
export const formatMoney = (minor: bigint, currency: string): string =>
  `${decimalOf(minor, currency)} ${currency}`

/** The same of money as the API says it. */
export const moneyOf = ({ amount, currency }: Money): string => formatMoney(BigInt(amount), currency)

/** `4.99`, `-0.05` */
export function decimalOf(minor: bigint, currency: string): string {
  const exponent = exponentOf(currency)
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, '0')
  const whole = digits.slice(0, digits.length - exponent)
  const fraction = exponent > 0 ? `.${digits.slice(-exponent)}` : ''
  return `${minor < 0n ? '-' : ''}${whole}${fraction}`
}

/** `amount · part / whole` in whole minor units, half away from zero: rounded once. @param whole more than 0 */
export function mulDiv(amount: bigint, part: bigint, whole: bigint): bigint {
  const product = amount * part
  const half = product < 0n ? -whole : whole
  return (2n * product + half) / (2n * whole)
}
