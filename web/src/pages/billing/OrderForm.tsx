import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { UserPlus } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { orderSubscription, type Ordered, type Plan, type Price } from '../../api/billing.ts'
import type { Addon } from '../../api/addons.ts'
import { orderPreviewQuery, type OrderPreview } from '../../api/coupons.ts'
import type { Customer } from '../../api/customers.ts'
import type { Blueprint } from '../../api/provisioning.ts'
import { blueprintCard, refusal, useCatalogue } from '../../components/catalogue.tsx'
import { BlueprintCards } from '../../components/CatalogueCards.tsx'
import { Form, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { CustomerPicker } from '../../components/pickers.tsx'
import { PodFields, podValues } from '../../components/PodFields.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { CustomerForm } from '../../components/CustomerForm.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'
import { AddonFields, useAddons, wishedOf, type Quantities } from './AddonFields.tsx'
import { dueNow, OrderSummary } from './OrderSummary.tsx'
import { PlanChoice } from './PlanChoice.tsx'

type Values = {
  planId: string
  priceId: string
  blueprintId: string
  hostname: string
  sshKeys: string
  region: string
  coupon: string
  quantities: Quantities
}

const NOTHING: Values = {
  planId: '',
  priceId: '',
  blueprintId: '',
  hostname: '',
  sshKeys: '',
  region: '',
  coupon: '',
  quantities: {},
}

export function OrderForm({
  customer: known,
  onCancel,
  onDone,
}: {
  customer: Customer | null
  onCancel: () => void
  onDone: (subscriptionId: string) => void
}) {
  const [customer, setCustomer] = useState(known)
  const [creating, setCreating] = useState(false)
  const catalogue = useCatalogue(customer?.tenantId)
  const { plans, offered, blueprints } = catalogue

  const of = useApiForm<Values, Ordered>({
    defaultValues: NOTHING,
    send: (values, key): Promise<Ordered> =>
      orderSubscription(
        {
          planId: values.planId,
          priceId: values.priceId,
          blueprintId: values.blueprintId,
          addons: addons ?? [],
          customerId: customer?.id ?? '',
          ...podValues(values),
          coupon: values.coupon.trim() || null,
          shownTotalMinor: dueNow(preview.data)?.amount ?? null,
        },
        key,
      ),
    onDone: ({ subscription }) => {
      toast.done(t`Subscription ordered`)
      onDone(subscription.id)
    },
  })
  const { form, errorOf } = of
  const { planId, priceId, blueprintId, hostname, coupon, quantities } = form.watch()
  const sold = useAddons(customer?.tenantId, planId)
  // Those beside a plan that was chosen before are not ordered.
  const addons = wishedOf(Object.fromEntries(sold.map(({ id }) => [id, quantities[id]])))
  const preview = useQuery({
    ...orderPreviewQuery(customer?.id ?? '', {
      priceId,
      coupon: isCode(coupon) ? coupon.trim() : '',
      addons: addons ?? [],
    }),
    enabled: customer !== null && priceId !== '' && addons !== null,
    placeholderData: keepPreviousData,
  })
  const plan = offered.find(({ id }) => id === planId)
  const price = plan?.prices.find(({ id }) => id === priceId)
  const blueprint = blueprints.data?.items.find(({ id }) => id === blueprintId)

  const choosePlan = (id: string) => {
    const next = offered.find((candidate) => candidate.id === id)
    const prices = next?.prices.filter(({ currency }) => currency === customer?.currency) ?? []
    form.setValue('planId', id)
    form.setValue('priceId', prices.length === 1 ? (prices[0]?.id ?? '') : '')
    if (blueprint && refusal(blueprint, next)) form.setValue('blueprintId', '')
  }
  const chooseCustomer = (next: Customer) => {
    setCustomer(next)
    for (const field of ['planId', 'priceId', 'blueprintId'] as const) form.setValue(field, '')
  }
  const missing =
    whatIsMissing(customer, plan, price, blueprint) ??
    (addons === null ? t`The number of an add-on is a whole number.` : reasonNot(preview))

  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
      <Form of={of} submitLabel="Order" submitReason={missing} onCancel={onCancel}>
        <WhoOrders
          customer={customer}
          error={errorOf('customerId')}
          onChoose={chooseCustomer}
          onCreate={() => setCreating(true)}
        />
        <PlanChoice
          {...{ customer, plans, offered, plan, priceId }}
          onPlan={choosePlan}
          onPrice={(id) => form.setValue('priceId', id)}
        />
        {plan && sold.length > 0 && (
          <AddonsCard sold={sold} of={of} problems={preview.data?.addonProblems ?? []} />
        )}
        <CouponField of={of} problem={preview.data?.couponProblem} />
        <Card title="What to install">
          {!customer ? (
            <p className="text-muted">Choose the customer and a plan first.</p>
          ) : (
            <BlueprintCards
              catalogue={catalogue}
              value={blueprintId}
              onChange={(id) => form.setValue('blueprintId', id)}
              card={(item) => blueprintCard(item, plan)}
            />
          )}
        </Card>
        <Card title="CloudPod">
          <div className="space-y-4">
            <PodFields of={of} />
          </div>
        </Card>
      </Form>
      <OrderSummary {...{ customer, plan, price, blueprint, hostname }} preview={preview.data} />
      <Dialog open={creating} onClose={() => setCreating(false)} title="New customer" wide>
        <CustomerForm
          onCancel={() => setCreating(false)}
          onDone={(created) => {
            chooseCustomer(created)
            setCreating(false)
          }}
        />
      </Dialog>
    </div>
  )
}

function WhoOrders({
  customer,
  error,
  onChoose,
  onCreate,
}: {
  customer: Customer | null
  error: string | undefined
  onChoose: (customer: Customer) => void
  onCreate: () => void
}) {
  const { can } = useSession()
  return (
    <Card title="Customer">
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-0 flex-1 basis-56">
          <Field label="Who orders" error={error}>
            <CustomerPicker value={customer} onChange={onChoose} />
          </Field>
        </div>
        <Button
          icon={<UserPlus aria-hidden className="size-4" />}
          disabledReason={can('customers:create') ? undefined : NO_PERMISSION('customers:create')}
          onClick={onCreate}
        >
          New customer
        </Button>
      </div>
    </Card>
  )
}

function AddonsCard({
  sold,
  of: { form },
  problems,
}: {
  sold: readonly Addon[]
  of: ApiForm<Values, Ordered>
  problems: readonly string[]
}) {
  return (
    <Card title="Add-ons">
      <div className="space-y-4">
        <AddonFields addons={sold} register={form.register} />
        {problems.map((problem) => (
          <Notice key={problem} tone="warning">
            {problem}
          </Notice>
        ))}
      </div>
    </Card>
  )
}

function CouponField({
  of: { form, errorOf },
  problem,
}: {
  of: ApiForm<Values, Ordered>
  problem: string | null | undefined
}) {
  return (
    <Card title="Coupon">
      <Field
        label="Code"
        optional
        hint="What the customer has been given, such as SPRING-27."
        error={problem ?? errorOf('coupon')}
      >
        <Input
          maxLength={40}
          className="uppercase"
          autoComplete="off"
          spellCheck={false}
          {...form.register('coupon', {
            validate: (typed) =>
              typed.trim() === '' || isCode(typed) || t`Three to forty letters, digits and hyphens.`,
          })}
        />
      </Field>
    </Card>
  )
}

const isCode = (typed: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{2,39}$/.test(typed.trim())

/** Nobody orders what was not shown to him. */
function reasonNot(preview: {
  data: OrderPreview | undefined
  isPlaceholderData: boolean
  isFetching: boolean
}): string | undefined {
  if (preview.data === undefined || preview.isPlaceholderData || preview.isFetching)
    return t`What it comes to is being counted.`
  return preview.data.couponProblem ?? preview.data.addonProblems[0]
}

function whatIsMissing(
  ...[customer, plan, price, blueprint]: [
    Customer | null,
    Plan | undefined,
    Price | undefined,
    Blueprint | undefined,
  ]
): string | undefined {
  if (!customer) return t`Choose a customer first.`
  if (!plan) return t`Choose a plan first.`
  if (!price) return t`Choose a price first.`
  return blueprint ? undefined : t`Choose what to install first.`
}
