import type { UseQueryResult } from '@tanstack/react-query'
import { Tags } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import type { Plan, Price } from '../../api/billing.ts'
import type { Customer } from '../../api/customers.ts'
import { pricedPlanCard } from '../../components/catalogue.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { formatMoney, isZero } from '../../lib/money.ts'
import { priceText, trialText } from '../../lib/words.ts'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { RadioCards, type RadioCard } from '../../ui/RadioCards.tsx'

/** The plans a customer can buy, and the prices of the one chosen. */
export function PlanChoice({
  customer,
  plans,
  offered,
  plan,
  priceId,
  onPlan,
  onPrice,
}: {
  customer: Customer | null
  plans: UseQueryResult
  offered: Plan[]
  plan: Plan | undefined
  priceId: string
  onPlan: (id: string) => void
  onPrice: (id: string) => void
}) {
  if (!customer)
    return (
      <Card title="Plan">
        <p className="text-muted">Choose the customer first: prices depend on the currency.</p>
      </Card>
    )
  return (
    <Card title="Plan">
      <Loaded query={plans} what="plans">
        {() =>
          offered.length === 0 ? (
            <EmptyState icon={Tags} title="No plan is on sale">
              Somebody who may create plans has to make one first, under Plans.
            </EmptyState>
          ) : (
            <RadioCards
              label="Plan"
              name="planId"
              value={plan?.id ?? ''}
              onChange={onPlan}
              options={offered.map((item) => pricedPlanCard(item, customer.currency))}
            />
          )
        }
      </Loaded>
      {plan && (
        <div className="mt-4 border-t border-line pt-4">
          <h3 className="mb-2 font-medium">Price</h3>
          <RadioCards
            label="Price"
            name="priceId"
            value={priceId}
            onChange={onPrice}
            options={plan.prices.map((item) => priceCard(item, customer))}
          />
        </div>
      )}
    </Card>
  )
}

const priceCard = (price: Price, { currency }: Customer): RadioCard => ({
  value: price.id,
  title: priceText(price),
  detail: [isZero(price.setup) ? t`No set-up fee` : t`${formatMoney(price.setup)} set-up`, trialText(price)]
    .filter((part) => part !== '')
    .join('; '),
  disabledReason: price.currency === currency ? undefined : t`The customer pays in ${currency}.`,
})
