import type { Ctx } from '../../context.ts'
import type { PriceRow } from '../../db/billing.ts'
import { toMoney } from '../../lib/money.ts'
import { addDays } from '../../lib/period.ts'
import { spoken, wordsIn, type Words } from '../../words.ts'
import * as settingsService from '../tenantSettingsService.ts'
import type { Days } from './proration.ts'

/** What stands on the lines of invoices, in the language of who pays them. */

/** For the audit log and for operators. */
export const ENGLISH = wordsIn('en')

/** The words in which a customer is written to. */
export async function wordsFor(
  ctx: Ctx,
  tenantId: string,
  customer: { language: string | null },
): Promise<Words> {
  const { 'branding.language': standard } = await settingsService.effective(ctx, tenantId)
  return wordsIn(spoken(customer.language, String(standard.value)))
}

type Every = Pick<PriceRow, 'interval' | 'interval_count'>

/** `1 month`, `3 months` */
export function everyText({ t, count }: Words, { interval, interval_count: amount }: Every): string {
  if (interval === 'day') return count(amount, t`day`, t`days`)
  if (interval === 'week') return count(amount, t`week`, t`weeks`)
  if (interval === 'month') return count(amount, t`month`, t`months`)
  return count(amount, t`year`, t`years`)
}

/** `9.99 EUR for 1 month`, for the audit log. */
export const priceWords = (price: Every & Pick<PriceRow, 'unit_minor'>, currency: string): string =>
  `${ENGLISH.money(toMoney(price.unit_minor, currency))} for ${everyText(ENGLISH, price)}`

/** `2027-01-10 to 2027-01-31` */
function daysText({ t, date }: Words, { from, to }: Days): string {
  const last = addDays(to, -1)
  return from === last ? date(from) : t`${date(from)} to ${date(last)}`
}

/** For which time something is charged: a first period begins with the delivery, or after the trial. */
export type Span = Days | 'delivery' | 'trial'

export function spanText(words: Words, what: string, span: Span): string {
  const { t } = words
  if (span === 'delivery') return t`${what} from delivery`
  if (span === 'trial') return t`${what} after the trial`
  const days = daysText(words, span)
  return t`${what}: ${days}`
}

export const planText = (words: Words, planName: string, price: Every, span: Span): string =>
  spanText(words, `${planName}, ${everyText(words, price)}`, span)

/** Of what is taken back: billed time that is not used. */
export function unusedText(words: Words, planName: string, span: Days): string {
  const { t } = words
  const days = daysText(words, span)
  return t`${planName}, not used: ${days}`
}

/** Of the disk of a paused pod. */
export function storageText(words: Words, planName: string, span: Days): string {
  const { t } = words
  const days = daysText(words, span)
  return t`${planName}, storage while paused: ${days}`
}

export const couponText = ({ t }: Words, code: string): string => t`Coupon ${code}`
export const setUpText = ({ t }: Words, planName: string): string => t`${planName}, set-up`
