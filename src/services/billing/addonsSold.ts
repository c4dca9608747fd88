import type { z } from 'zod'
import type { addonWish } from '../../../shared/api/billingAddons.ts'
import type { Ctx } from '../../context.ts'
import type { PriceRow } from '../../db/billing.ts'
import * as addons from '../../db/billingAddons.ts'
import type { Resources } from '../../db/cloudPodReservations.ts'
import { notFound } from '../../errors.ts'
import { formatMoney } from '../../lib/money.ts'
import { ENGLISH, everyText } from './lineWords.ts'

/** An add-on of a subscription with its terms, as they were sold. */
export type Sold = {
  id: string
  priceId: string
  name: string
  quantity: number
  /** Of one piece, as JSON has it. */
  unitMinor: string
  cores: number
  memoryMb: number
  diskGb: number
}

/** What a row has, as JSON wrote it. */
export const soldIn = (stored: unknown): Sold[] => stored as Sold[]

export const minorOf = ({ unitMinor, quantity }: Sold): bigint => BigInt(unitMinor) * BigInt(quantity)

/** What add-ons come to for a period. */
export const sumOfSold = (sold: readonly Sold[]): bigint => sold.reduce((sum, one) => sum + minorOf(one), 0n)

/** `3 × Disk` */
export const soldWords = ({ name, quantity }: Sold): string => `${quantity} × ${name}`

/** What stands on the invoice of a whole period. */
export const linesOf = (sold: readonly Sold[]): { description: string; minor: bigint }[] =>
  sold.map((one) => ({ description: soldWords(one), minor: minorOf(one) }))

/** How large a pod of a plan is with its add-ons. */
export function sizeWith(
  plan: { cores: number; memory_mb: number; disk_gb: number },
  sold: readonly Sold[],
): Resources {
  const more = (part: 'cores' | 'memoryMb' | 'diskGb'): number =>
    sold.reduce((sum, one) => sum + one.quantity * one[part], 0)
  return {
    cores: plan.cores + more('cores'),
    memoryMb: plan.memory_mb + more('memoryMb'),
    diskGb: plan.disk_gb + more('diskGb'),
  }
}

type Wish = z.infer<typeof addonWish>
type Buyer = { tenantId: string; planName: string; price: PriceRow; present: readonly Sold[] }

/**
 * The add-ons that a subscription shall have, by the terms of the price that it shall have, and what stands against them.
 * @param wished undefined: those that it has
 * @throws AppError not_found
 */
export async function chosen(
  ctx: Ctx,
  { tenantId, planName, price, present }: Buyer,
  wished: readonly Wish[] | undefined,
): Promise<{ sold: Sold[]; problems: string[] }> {
  const wishes = wished ?? present.map(({ id, quantity }) => ({ addonId: id, quantity }))
  const ids = [...new Set(wishes.map(({ addonId }) => addonId))]
  const rows = await addons.byIds(ctx.tx, ids)
  const prices = await addons.pricesOf(ctx.tx, ids)
  const problems: string[] = []
  if (ids.length < wishes.length) problems.push('Name each add-on once.')
  const sold = wishes.flatMap(({ addonId, quantity }): Sold[] => {
    const row = rows.find((one) => one.id === addonId)
    if (!row || (row.tenant_id ?? tenantId) !== tenantId) throw notFound('add-on')
    const had = present.find((one) => one.id === addonId)?.quantity ?? 0
    const { name } = row
    if (row.state !== 'active' && quantity > had) problems.push(`The add-on ${name} is not sold any more.`)
    if (quantity > row.max_quantity)
      problems.push(`A subscription has at most ${row.max_quantity} of the add-on ${name}.`)
    if (row.plan_ids.length > 0 && !row.plan_ids.includes(price.plan_id))
      problems.push(`The add-on ${name} is not sold beside the plan ${planName}.`)
    const its = prices.find(
      (one) =>
        one.addon_id === addonId &&
        one.currency === price.currency &&
        one.interval === price.interval &&
        one.interval_count === price.interval_count,
    )
    if (!its) {
      problems.push(`The add-on ${name} has no price in ${price.currency} for ${everyText(ENGLISH, price)}.`)
      return []
    }
    const { cores, memory_mb: memoryMb, disk_gb: diskGb } = row
    return [
      {
        id: addonId,
        priceId: its.id,
        name,
        quantity,
        unitMinor: String(its.unit_minor),
        cores,
        memoryMb,
        diskGb,
      },
    ]
  })
  return { sold, problems }
}

export const isSame = (one: readonly Sold[], other: readonly Sold[]): boolean => {
  const keys = (sold: readonly Sold[]) =>
    sold.map(({ id, priceId, quantity }) => `${id} ${priceId} ${quantity}`).toSorted()
  return keys(one).join() === keys(other).join()
}

/** For the audit log: `2 × Disk at 5.00 EUR`. */
export const inWords = (sold: readonly Sold[], currency: string): string[] =>
  sold.map((one) => `${soldWords(one)} at ${formatMoney(BigInt(one.unitMinor), currency)}`)
