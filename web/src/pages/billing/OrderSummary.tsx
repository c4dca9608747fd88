import { percentOf } from '../../../../shared/states/tax.ts'
import { t } from '../../../../shared/text.ts'
import type { Plan, Price } from '../../api/billing.ts'
import type { OrderPreview } from '../../api/coupons.ts'
import type { Customer } from '../../api/customers.ts'
import type { Blueprint } from '../../api/provisioning.ts'
import { formatMoney, isZero } from '../../lib/money.ts'
import { couponText, priceText, size, trialText } from '../../lib/words.ts'
import { Card } from '../../ui/Card.tsx'

/** What has to be paid before it is made: nothing where it is tried first. */
export const dueNow = (preview: OrderPreview | undefined): OrderPreview['total'] | undefined =>
  preview && (preview.trial ? { ...preview.total, amount: '0' } : preview.total)

/** What is ordered, and what is due before it is made. */
export function OrderSummary({
  customer,
  plan,
  price,
  blueprint,
  hostname,
  preview,
}: {
  customer: Customer | null
  plan: Plan | undefined
  price: Price | undefined
  blueprint: Blueprint | undefined
  hostname: string
  /** What the server says that it comes to. */
  preview: OrderPreview | undefined
}) {
  // Nobody is shown less than what is charged: without an answer it is not known.
  const shown = price ? preview : undefined
  const due = dueNow(shown)
  const trial = shown?.trial
  return (
    <div className="xl:sticky xl:top-20">
      <Card title="Summary">
        <dl className="space-y-3">
          <Line name={t`Customer`}>{customer?.name}</Line>
          <Line name={t`Plan`}>{plan && `${plan.name}: ${size(shown?.size ?? plan)}`}</Line>
          <Line name={t`Installs`}>{blueprint?.name}</Line>
          <Line name={t`Host name`}>{hostname.trim()}</Line>
          <Line name={t`Price`}>{price && priceText(price)}</Line>
          {price && !isZero(price.setup) && <Line name={t`Set-up`}>{formatMoney(price.setup)}</Line>}
          {shown?.lines
            .filter(({ kind }) => kind === 'addon')
            .map(({ description, amount }) => (
              <Line key={description} name={description}>
                {formatMoney(amount)}
              </Line>
            ))}
          {shown?.coupon && <Line name={t`Coupon ${shown.coupon.code}`}>{couponText(shown.coupon)}</Line>}
          {trial && (
            <Line name={t`Trial`}>{trialText({ trialDays: trial.days, trialThen: trial.after })}</Line>
          )}
        </dl>
        <div className="mt-4 border-t border-line pt-4" aria-live="polite">
          <div className="flex items-baseline justify-between gap-2">
            <span className="font-medium">Due now</span>
            <span className="text-lg font-semibold tabular-nums">{due ? formatMoney(due) : '—'}</span>
          </div>
          {shown && !trial && <WithTax preview={shown} />}
          {shown && trial && (
            <p className="text-[13px] text-muted">
              After the trial {formatMoney(shown.total)} <WithTax preview={shown} />
            </p>
          )}
          <p className="mt-2 text-[13px] text-muted">
            {due && isZero(due)
              ? t`Nothing is due: the CloudPod is made at once.`
              : t`An invoice is issued and capacity reserved. The CloudPod is made when the payment is recorded.`}
          </p>
        </div>
      </Card>
    </div>
  )
}

const WithTax = ({ preview: { tax, taxRatePpm, taxedBecause } }: { preview: OrderPreview }) =>
  isZero(tax) ? null : (
    <span className="text-[13px] text-muted" title={taxedBecause}>
      with {formatMoney(tax)} tax ({percentOf(taxRatePpm)} %)
    </span>
  )

function Line({ name, children }: { name: string; children: string | undefined | false }) {
  return (
    <div>
      <dt className="text-[13px] text-muted">{name}</dt>
      <dd className="break-words">{children || '—'}</dd>
    </div>
  )
}
