import { useQuery } from '@tanstack/react-query'
import { percentOf } from '../../../../shared/states/tax.ts'
import type { Plan, Price } from '../../api/billing.ts'
import type { Customer } from '../../api/customers.ts'
import type { Blueprint } from '../../api/provisioning.ts'
import { customerTaxQuery } from '../../api/taxes.ts'
import { useSession } from '../../components/session.ts'
import { formatMoney, isZero, sum } from '../../lib/money.ts'
import { priceText, size } from '../../lib/words.ts'
import { Card } from '../../ui/Card.tsx'

/** What is ordered, and what is due before it is made. */
export function OrderSummary({
  customer,
  plan,
  price,
  blueprint,
  hostname,
}: {
  customer: Customer | null
  plan: Plan | undefined
  price: Price | undefined
  blueprint: Blueprint | undefined
  hostname: string
}) {
  const { can } = useSession()
  const listed = price && sum(price.unit, price.setup)
  const mayAsk = customer !== null && can('billing:read', customer.tenantId)
  const { data: tax } = useQuery({
    ...customerTaxQuery(customer?.id ?? '', listed?.amount),
    enabled: mayAsk && listed !== undefined,
  })
  const money = (amount: string) => ({ amount, currency: price?.currency ?? '' })
  // Nobody is shown less than what is charged: without an answer it is not known.
  const due = tax && price ? money(tax.grossMinor) : undefined
  return (
    <div className="xl:sticky xl:top-20">
      <Card title="Summary">
        <dl className="space-y-3">
          <Line name="Customer">{customer?.name}</Line>
          <Line name="Plan">{plan && `${plan.name}: ${size(plan)}`}</Line>
          <Line name="Installs">{blueprint?.name}</Line>
          <Line name="Host name">{hostname.trim()}</Line>
          <Line name="Price">{price && priceText(price)}</Line>
          {price && !isZero(price.setup) && <Line name="Set-up">{formatMoney(price.setup)}</Line>}
        </dl>
        <div className="mt-4 border-t border-line pt-4" aria-live="polite">
          <div className="flex items-baseline justify-between gap-2">
            <span className="font-medium">Due now</span>
            <span className="text-lg font-semibold tabular-nums">
              {due ? formatMoney(due) : listed && !mayAsk ? `${formatMoney(listed)} and tax` : '—'}
            </span>
          </div>
          {tax && !/^0*$/.test(tax.taxMinor) && (
            <p className="text-[13px] text-muted">
              with {formatMoney(money(tax.taxMinor))} tax ({percentOf(tax.ratePpm)} %)
            </p>
          )}
          <p className="mt-2 text-[13px] text-muted">
            {listed && isZero(listed)
              ? 'Nothing is due: the CloudPod is made at once.'
              : 'An invoice is issued and capacity reserved. The CloudPod is made when the payment is recorded.'}
          </p>
        </div>
      </Card>
    </div>
  )
}

function Line({ name, children }: { name: string; children: string | undefined | false }) {
  return (
    <div>
      <dt className="text-[13px] text-muted">{name}</dt>
      <dd className="break-words">{children || '—'}</dd>
    </div>
  )
}
