import type { PriceRow } from '../../db/billing.ts'
import { formatMoney } from '../../lib/money.ts'

export const everyText = (price: Pick<PriceRow, 'interval' | 'interval_count'>): string =>
  `1 ${price.interval_count === 1 ? price.interval : `${price.interval_count} ${price.interval}s`}`

/** `9.99 EUR for 1 month` */
export const priceWords = (
  price: Pick<PriceRow, 'interval' | 'interval_count' | 'unit_minor'>,
  currency: string,
): string => `${formatMoney(price.unit_minor, currency)} for ${everyText(price)}`

/** What a coupon takes off, and which one. */
export type Off = { code: string; minor: bigint }

export const couponWords = (code: string): string => `Coupon ${code}`

/** The lines of a period: its price, what a coupon takes off it, add-ons, and a set-up fee. */
export function linesOfPeriod(of: {
  planName: string
  price: Pick<PriceRow, 'interval' | 'interval_count' | 'unit_minor'>
  setupMinor: bigint
  off: Off | null
  addons?: readonly { description: string; minor: bigint }[]
  /** Of which days. */
  days: string
}): { kind: 'recurring' | 'discount' | 'addon' | 'setup'; description: string; minor: bigint }[] {
  const { planName, price, setupMinor, off, addons = [], days } = of
  return [
    { kind: 'recurring', description: `${planName}, ${everyText(price)}${days}`, minor: price.unit_minor },
    ...(off !== null && off.minor > 0n
      ? [{ kind: 'discount' as const, description: couponWords(off.code), minor: -off.minor }]
      : []),
    ...addons.map((addon) => ({ kind: 'addon' as const, ...addon, description: addon.description + days })),
    ...(setupMinor > 0n
      ? [{ kind: 'setup' as const, description: `${planName}, set-up`, minor: setupMinor }]
      : []),
  ]
}

/** As the first invoice of an order says it: its period begins with the delivery. */
export const FROM_DELIVERY = ' from delivery'
