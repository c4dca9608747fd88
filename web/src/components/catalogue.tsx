import { useQuery } from '@tanstack/react-query'
import { t } from '../../../shared/text.ts'
import { plansQuery, type Plan, type Price } from '../api/billing.ts'
import { blueprintsQuery, type Blueprint } from '../api/provisioning.ts'
import { disk, memory, priceText, size } from '../lib/words.ts'
import type { RadioCard } from '../ui/RadioCards.tsx'

/** What a tenant can sell: the platform's catalogue and its own. */
export function useCatalogue(tenantId: string | undefined) {
  const filter = { tenantId, limit: 200 }
  const plans = useQuery({ ...plansQuery(filter), enabled: tenantId !== undefined })
  const blueprints = useQuery({ ...blueprintsQuery(filter), enabled: tenantId !== undefined })
  const sold = (of: { tenantId: string | null; state: string }) =>
    of.state === 'active' && (of.tenantId === null || of.tenantId === tenantId)
  const offered = (plans.data?.items ?? []).filter(sold).toSorted((a, b) => a.memoryMb - b.memoryMb)
  return { plans, offered, blueprints, sold }
}

export type Catalogue = ReturnType<typeof useCatalogue>

export const planCard = (plan: Plan): RadioCard => ({ value: plan.id, title: plan.name, detail: size(plan) })

export const pricesIn = (plan: Plan | undefined, currency: string): Price[] =>
  (plan?.prices ?? []).filter((price) => price.currency === currency)

/** With what it costs; what has no price in the currency cannot be chosen. */
export function pricedPlanCard(plan: Plan, currency: string): RadioCard {
  const prices = pricesIn(plan, currency)
  if (prices.length === 0) return { ...planCard(plan), disabledReason: t`Has no price in ${currency}.` }
  return {
    ...planCard(plan),
    detail: (
      <>
        {size(plan)}
        <span className="block text-text">{prices.map(priceText).join(', ')}</span>
      </>
    ),
  }
}

/** Why a blueprint cannot be installed on a plan; undefined when it can. */
export function refusal(blueprint: Blueprint, plan: Plan | undefined): string | undefined {
  if (plan === undefined) return t`Choose a plan first.`
  if (!blueprint.available) return t`It is not available: no node has its image.`
  if (plan.memoryMb < blueprint.minMemoryMb)
    return t`Needs at least ${memory(blueprint.minMemoryMb)} of memory.`
  if (plan.diskGb < blueprint.minDiskGb) return t`Needs a disk of at least ${disk(blueprint.minDiskGb)}.`
  if (plan.cores > blueprint.maxCores) return t`Allows at most ${blueprint.maxCores} cores.`
  if (plan.memoryMb > blueprint.maxMemoryMb)
    return t`Allows at most ${memory(blueprint.maxMemoryMb)} of memory.`
  if (plan.diskGb > blueprint.maxDiskGb) return t`Allows a disk of at most ${disk(blueprint.maxDiskGb)}.`
  return undefined
}

export const anyBlueprintCard = (blueprint: Blueprint): RadioCard => ({
  value: blueprint.id,
  title: blueprint.name,
  detail: blueprint.kind === 'vm' ? t`Virtual machine` : t`Container`,
})

/** The card of a blueprint that is to be installed on a plan. */
export const blueprintCard = (blueprint: Blueprint, plan: Plan | undefined): RadioCard => ({
  ...anyBlueprintCard(blueprint),
  disabledReason: refusal(blueprint, plan),
})
