import type { Ctx } from '../../context.ts'
import type { DomainRow } from '../../db/domains.ts'
import * as registrars from '../../db/domainRegistrars.ts'
import type { PaidOperation } from '../../db/domainRegistrars.ts'
import * as premium from '../../db/domainPremium.ts'
import type { PremiumPrices } from '../../db/domainPremium.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Price } from '../../integrations/registrars/types.ts'
import { formatMoney, toMoney } from '../../lib/money.ts'

/** Names at prices of their own: what the registry asks, and a margin. Nobody pays another price than he has agreed to. */

/** Kept with an order: what the registry is paid, and what is known of the years after it. All of it minor units. */
export type AgreedPremium = {
  cost: string
  currency: string
  renew: string | null
  restore: string | null
  /** What the customer has seen that a year's renewal costs him. */
  seen: string | null
}
/** Kept with a domain: what its registry asks for a year and a restore, without margin. */
export type DomainPremium = Pick<AgreedPremium, 'renew' | 'restore' | 'seen'>
export const premiumOf = (row: Pick<DomainRow, 'premium'>): DomainPremium | null =>
  row.premium as DomainPremium | null

/** What a deed is sold for. */
export type Sale = { accountId: string; minor: bigint; premium?: AgreedPremium }

/** How long what a search has shown is sold at. */
const GOOD_MS = 3_600_000

/** A margin is rounded up. */
export const withMargin = (cost: bigint, percent: number): bigint =>
  cost + (cost * BigInt(percent) + 99n) / 100n
const minorOf = (text: string | null, percent: number): bigint | null =>
  text === null ? null : withMargin(BigInt(text), percent)

/** As it is asked of a registrar. */
export const agreedPrice = (of: AgreedPremium | undefined): Price | null =>
  of === undefined ? null : { amountMinor: BigInt(of.cost), currency: of.currency }

const priceChanged = (message: string, minor: bigint | null, currency: string): AppError =>
  new AppError('price_changed', message, {
    errors: [{ path: 'agreedMinor', message }],
    details: { price: minor === null ? null : toMoney(minor, currency) },
  })

/** @param agreed what was shown; undefined: nothing was said @throws AppError price_changed */
export function requireAgreed(
  name: string,
  price: { minor: bigint; currency: string },
  agreed: bigint | undefined,
): void {
  if (agreed === price.minor) return
  const costs = formatMoney(price.minor, price.currency)
  throw priceChanged(
    agreed === undefined
      ? `${name} is a premium name and costs ${costs}: say that you agree to it.`
      : `${name} costs ${costs} now, and not ${formatMoney(agreed, price.currency)}: nothing was ordered.`,
    price.minor,
    price.currency,
  )
}

const oneYear = (years: number): void => {
  if (years === 1) return
  const message = 'Premium names are bought for one year at a time: their registry says what one costs.'
  throw new AppError('invalid_input', message, { errors: [{ path: 'years', message }] })
}

/**
 * What a premium name is sold for that is not ours yet, as a search has seen it of late; null: none has seen that it is one.
 * @throws AppError price_changed, invalid_input
 */
export async function saleOf(
  ctx: Ctx,
  of: { operation: 'register' | 'transferIn'; name: string; years: number; currency: string },
  agreed: bigint | undefined,
): Promise<Sale | null> {
  const since = ctx.now().getTime() - GOOD_MS
  const quotes = (await premium.of(ctx.tx, of.name, of.currency)).flatMap((quote) => {
    const cost = quote.prices[of.operation]
    const percent = quote.marginPercent ?? 0
    return cost === null || quote.seenAt.getTime() < since
      ? []
      : [{ ...quote, cost, percent, minor: withMargin(BigInt(cost), percent) }]
  })
  const [best] = quotes.toSorted((a, b) => (a.minor < b.minor ? -1 : 1))
  if (!best) return null
  oneYear(of.years)
  requireAgreed(of.name, { minor: best.minor, currency: of.currency }, agreed)
  const { renew, restore } = best.prices
  const seen = minorOf(renew, best.percent)?.toString() ?? null
  const agreement = { cost: best.cost, currency: of.currency, renew, restore, seen }
  return { accountId: best.accountId, minor: best.minor, premium: agreement }
}

/** What a deed about a premium name of ours costs; null: nobody can say, or it is not sold in that currency. */
export async function renewalOf(
  ctx: Ctx,
  domain: Pick<DomainRow, 'premium' | 'registrar_account_id'>,
  operation: 'renew' | 'restore',
  currency: string,
): Promise<{ minor: bigint; cost: string } | null> {
  const of = premiumOf(domain)
  const account =
    domain.registrar_account_id === null
      ? undefined
      : await registrars.find(ctx.tx, domain.registrar_account_id)
  const cost = of?.[operation] ?? null
  const percent = account?.premium_margin_percent ?? null
  if (cost === null || percent === null || account?.currency !== currency) return null
  return { minor: withMargin(BigInt(cost), percent), cost }
}

/**
 * What a premium name of ours is renewed or restored for.
 * @param agreed what was shown; `seen`: nobody is there, so no more than was seen before
 * @throws AppError price_changed, invalid_state, invalid_input
 */
export async function renewalSale(
  ctx: Ctx,
  domain: DomainRow,
  of: { operation: 'renew' | 'restore'; years: number; currency: string },
  agreed: bigint | 'seen' | undefined,
): Promise<Sale> {
  const { unicode_name: name, registrar_account_id: accountId } = domain
  const known = premiumOf(domain)
  if (!known || accountId === null) throw notFound('premium price')
  oneYear(of.years)
  const sale = await renewalOf(ctx, domain, of.operation, of.currency)
  if (!sale)
    throw new AppError(
      'invalid_state',
      `${name} is a premium name, and its price is not told in ${of.currency}, or such names are not sold: do it at the registrar.`,
    )
  if (agreed !== 'seen') requireAgreed(name, { minor: sale.minor, currency: of.currency }, agreed)
  else if (known.seen === null || sale.minor > BigInt(known.seen)) {
    const before = known.seen === null ? 'no price' : formatMoney(BigInt(known.seen), of.currency)
    const message = `The registry asks for more: renewing ${name} costs ${formatMoney(sale.minor, of.currency)}, and ${before} was agreed to. Renew it by hand if it is to be kept.`
    throw priceChanged(message, sale.minor, of.currency)
  }
  const agreement = {
    cost: sale.cost,
    currency: of.currency,
    renew: known.renew,
    restore: known.restore,
    seen: of.operation === 'renew' ? sale.minor.toString() : known.seen,
  }
  return { accountId, minor: sale.minor, premium: agreement }
}

/** What a look at the registry has found: undefined where it did not say. */
export type PremiumSeen = Pick<DomainPremium, 'renew' | 'restore'> | null

/** What is known of a domain after that. What was agreed to stays. */
export const afterLook = (before: DomainPremium | null, seen: PremiumSeen): DomainPremium | null =>
  seen && { renew: seen.renew, restore: seen.restore, seen: before?.seen ?? null }

export const pricesFrom = (prices: Record<PaidOperation, Price | null>): PremiumPrices => ({
  register: prices.register?.amountMinor.toString() ?? null,
  renew: prices.renew?.amountMinor.toString() ?? null,
  transferIn: prices.transferIn?.amountMinor.toString() ?? null,
  restore: prices.restore?.amountMinor.toString() ?? null,
})
