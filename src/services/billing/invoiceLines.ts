import type { PriceRow } from '../../db/billing.ts'
import type { Words } from '../../words.ts'
import { couponText, planText, setUpText, spanText, type Span } from './lineWords.ts'

/** What a coupon takes off, and which one. */
export type Off = { code: string; minor: bigint }

/** The lines of a period: its price, what a coupon takes off it, add-ons, and a set-up fee. */
export function linesOfPeriod(of: {
  words: Words
  planName: string
  price: Pick<PriceRow, 'interval' | 'interval_count' | 'unit_minor'>
  setupMinor: bigint
  off: Off | null
  addons?: readonly { description: string; minor: bigint }[]
  span: Span
}): { kind: 'recurring' | 'discount' | 'addon' | 'setup'; description: string; minor: bigint }[] {
  const { words, planName, price, setupMinor, off, addons = [], span } = of
  return [
    { kind: 'recurring', description: planText(words, planName, price, span), minor: price.unit_minor },
    ...(off !== null && off.minor > 0n
      ? [{ kind: 'discount' as const, description: couponText(words, off.code), minor: -off.minor }]
      : []),
    ...addons.map(({ description, minor }) => ({
      kind: 'addon' as const,
      description: spanText(words, description, span),
      minor,
    })),
    ...(setupMinor > 0n
      ? [{ kind: 'setup' as const, description: setUpText(words, planName), minor: setupMinor }]
      : []),
  ]
}
