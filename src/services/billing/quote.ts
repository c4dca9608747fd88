import type { z } from 'zod'
import type { changePreviewBody } from '../../../shared/api/billingChanges.ts'
import { canSubscription } from '../../../shared/states/billingSubscription.ts'
import type { Ctx } from '../../context.ts'
import * as billing from '../../db/billing.ts'
import type { PriceRow } from '../../db/billing.ts'
import * as changes from '../../db/billingChanges.ts'
import * as contracts from '../../db/billingContracts.ts'
import type { ContractRow } from '../../db/billingContracts.ts'
import * as customers from '../../db/customers.ts'
import type { InvoiceRow } from '../../db/billingInvoices.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Words } from '../../words.ts'
import { instantOf, localDate } from '../../lib/period.ts'
import { factsOf } from './contracts.ts'
import { chosen, isSame, sizeWith, soldIn, type Sold } from './addonsSold.ts'
import {
  couponText,
  ENGLISH,
  everyText,
  planText,
  setUpText,
  spanText,
  unusedText,
  wordsFor,
} from './lineWords.ts'
import type { Days } from './proration.ts'
import { podOutlook, type Blocker, type PodOutlook } from './quotePod.ts'
import { boundary, presentOf, type Contract } from './contractPeriods.ts'
import { atPeriodEnd, fromToday, setupOf, type NewTerms } from './quoteTerms.ts'
import { sumOf, taxLines, type Amounts, type Treatment } from './taxRules.ts'
import { taxationOf } from './taxing.ts'

export type Wish = z.infer<typeof changePreviewBody>
type PricedLine = {
  kind: 'recurring' | 'discount' | 'addon' | 'setup' | 'credit' | 'carried'
  description: string
  days: Days | null
  /** As in the price list. */
  minor: bigint
  tax: Treatment | null
}
type QuoteLine = PricedLine & Amounts
type PlanRow = NonNullable<Awaited<ReturnType<typeof billing.findPlan>>>

/** What a change comes to, to the cent: what is shown, and what is charged. */
export type Quote = {
  when: Wish['when']
  plan: PlanRow
  price: PriceRow
  addons: Sold[]
  /** The first day by the new terms. */
  day: string
  begins: Date
  lines: QuoteLine[]
  /** Those of its lines. */
  words: Words
  totalMinor: bigint
  taxMinor: bigint
  /** Why it is taxed as it is. */
  taxedBecause: string
  carriedMinor: bigint
  /** What the customer has in hand before it, with what is taken back. */
  creditMinor: bigint
  takenBack: InvoiceRow[]
  /** The contract in its present period without what was billed beyond, and once the change is made. */
  present: Contract
  after: Contract
  pod: PodOutlook | null
  blockers: Blocker[]
}

/** Counts what a change of a contract comes to now. The caller holds it. @throws AppError invalid_input, not_found, conflict */
export async function quoteOf(ctx: Ctx, row: ContractRow, wish: Wish): Promise<Quote> {
  const { plan, price } = await wished(ctx, row, wish)
  const had = soldIn(row.addons)
  const buyer = { tenantId: row.tenant_id, planName: plan.name, price, present: had }
  const { sold: addons, problems } = await chosen(ctx, buyer, wish.addons)
  const facts = factsOf(row)
  const customer = await customers.find(ctx.tx, row.tenant_id, row.customer_id)
  if (!customer) throw new Error(`subscription ${row.id} has lost its customer`)
  const taxation = await taxationOf(ctx, row.tenant_id, customer, localDate(ctx.now(), row.billing_tz))
  const tax = taxation.treatment
  const present: Contract = { ...presentOf(facts, ctx.now()), tax, change: null }
  const ids = await contracts.invoicesFrom(ctx.tx, row.id, boundary(present, present.periodsBilled))
  const takenBack = await changes.invoicesById(ctx.tx, ids)
  const inHand = await contracts.creditOf(ctx.tx, row.tenant_id, row.customer_id, row.currency)
  const back = takenBack.reduce((sum, invoice) => sum + invoice.paid_minor, 0n)
  const terms =
    wish.when === 'now'
      ? await fromToday(ctx, row, present, price, addons)
      : atPeriodEnd(row, present, price, addons)
  const words = await wordsFor(ctx, row.tenant_id, customer)
  const lines = linesOf(row, plan, price, { ...terms, tax, words })
  const sum = sumOf(lines)
  const { pod, blockers } = await podOutlook(ctx, row, withAddons(plan, addons), wish.when)
  return {
    when: wish.when,
    plan,
    price,
    addons,
    day: terms.days.from,
    begins: instantOf(terms.days.from, row.billing_tz),
    lines,
    words,
    totalMinor: sum.grossMinor,
    taxMinor: sum.taxMinor,
    taxedBecause: taxation.why,
    carriedMinor: lines.find(({ kind }) => kind === 'carried')?.minor ?? 0n,
    creditMinor: (inHand > 0n ? inHand : 0n) + back,
    takenBack,
    present,
    after: terms.after,
    pod,
    blockers: [
      ...againstIt(ctx, row, { plan, price, present, isSame: isSame(had, addons) }),
      ...problems.flatMap((message) => no(true, message)),
      ...blockers,
    ],
  }
}

/** @throws AppError invalid_input, not_found, conflict */
async function wished(ctx: Ctx, row: ContractRow, { planId, priceId: named, addons }: Wish) {
  if (planId === undefined && named === undefined && addons === undefined)
    throw new AppError('invalid_input', 'Name the plan, the price or the add-ons that it shall have.')
  // Other add-ons alone leave it its price.
  const priceId = planId === undefined ? (named ?? row.price_id) : named
  const found = priceId === undefined ? undefined : await billing.findPrice(ctx.tx, priceId)
  if (priceId !== undefined && (!found || (planId !== undefined && found.plan_id !== planId)))
    throw notFound('price of this plan')
  const plan = await billing.findPlan(ctx.tx, planId ?? found?.plan_id ?? '')
  if (!plan || (plan.tenant_id ?? row.tenant_id) !== row.tenant_id) throw notFound('plan')
  if (found) return { plan, price: found }
  const { currency, interval, interval_count: intervalCount } = row
  const like = await changes.priceLike(ctx.tx, plan.id, { currency, interval, intervalCount })
  const price = like === undefined ? undefined : await billing.findPrice(ctx.tx, like)
  if (!price)
    throw new AppError(
      'conflict',
      `The plan ${plan.name} has no price in ${currency} for ${everyText(ENGLISH, row)}: name one of its prices.`,
    )
  return { plan, price }
}

/** A plan as large as it is with its add-ons. */
function withAddons(plan: PlanRow, addons: readonly Sold[]) {
  const { cores, memoryMb, diskGb } = sizeWith(plan, addons)
  return { ...plan, cores, memory_mb: memoryMb, disk_gb: diskGb }
}

const no = (is: boolean, message: string): Blocker[] => (is ? [{ code: 'invalid_state', message }] : [])

function againstIt(
  ctx: Ctx,
  row: ContractRow,
  of: { plan: PlanRow; price: PriceRow; present: Contract; isSame: boolean },
): Blocker[] {
  const { plan, price, present } = of
  const isKept = price.id === row.price_id
  const verdict = canSubscription.change({
    state: row.state,
    cancelAt: row.cancel_at,
    provider: row.provider,
    change: row.open_change === null ? null : { state: row.open_change },
  })
  const behind = boundary(present, present.periodsBilled) <= ctx.now()
  return [
    ...no(!verdict.allowed, verdict.allowed ? '' : verdict.reason),
    ...no(behind, 'The present period has no invoice yet: wait until it has been issued.'),
    ...no(plan.state !== 'active' && !isKept, `The plan ${plan.name} is not sold any more.`),
    ...no(price.state !== 'active' && !isKept, `This price of the plan ${plan.name} is not sold any more.`),
    ...no(isKept && of.isSame, 'It has this plan and price already.'),
    ...no(
      price.currency !== row.currency,
      `It is billed in ${row.currency}: choose a price in that currency.`,
    ),
  ]
}

function linesOf(
  row: ContractRow,
  plan: PlanRow,
  price: PriceRow,
  terms: NewTerms & { tax: Treatment | null; words: Words },
): QuoteLine[] {
  const { creditMinor, creditTax, credited, chargeMinor, offMinor, addonLines, days, words } = terms
  const { t } = words
  const line = (
    kind: PricedLine['kind'],
    description: string,
    minor: bigint,
    of: Days | null,
    tax = terms.tax,
  ): PricedLine[] =>
    minor === 0n && kind !== 'recurring' ? [] : [{ kind, description, minor, days: of, tax }]
  const unused = credited === null ? '' : unusedText(words, row.plan_name, credited)
  const charged = planText(words, plan.name, price, days)
  const lines = taxLines([
    ...line('credit', unused, -creditMinor, credited, creditTax),
    ...line('recurring', charged, chargeMinor, days),
    ...line('discount', couponText(words, row.coupon_code ?? ''), -offMinor, null),
    ...addonLines.flatMap(({ description, minor }) =>
      line('addon', spanText(words, description, days), minor, null),
    ),
    ...line('setup', setUpText(words, plan.name), setupOf(row, price), null),
  ])
  // What is more than the new charge, its tax with it, is kept; keeping it is not taxed.
  const sum = sumOf(lines).grossMinor
  const kept = t`Kept as credit for later invoices`
  return sum < 0n ? [...lines, ...taxLines(line('carried', kept, -sum, null, null))] : lines
}
