import { Tags, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { orderSubscription, type Ordered, type Plan } from '../../api/billing.ts'
import type { Customer } from '../../api/customers.ts'
import { blueprintCard, planCard, refusal, useCatalogue } from '../../components/catalogue.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { CustomerPicker } from '../../components/pickers.tsx'
import { PodFields } from '../../components/PodFields.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { CustomerForm } from '../../components/CustomerForm.tsx'
import { priceText } from '../../lib/words.ts'
import { formatMoney, isZero } from '../../lib/money.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field } from '../../ui/Field.tsx'
import { RadioCards, type RadioCard } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'
import { OrderSummary } from './OrderSummary.tsx'

type Values = { planId: string; priceId: string; blueprintId: string; hostname: string; sshKeys: string }

export function OrderForm({
  customer: known,
  onCancel,
  onDone,
}: {
  customer: Customer | null
  onCancel: () => void
  onDone: (subscriptionId: string) => void
}) {
  const { can } = useSession()
  const [customer, setCustomer] = useState(known)
  const [creating, setCreating] = useState(false)
  const { plans, offered, blueprints, sold } = useCatalogue(customer?.tenantId)

  const of = useApiForm<Values, Ordered>({
    defaultValues: { planId: '', priceId: '', blueprintId: '', hostname: '', sshKeys: '' },
    send: (values, key) =>
      orderSubscription(
        {
          ...values,
          customerId: customer?.id ?? '',
          hostname: values.hostname.trim(),
          sshKeys: values.sshKeys.trim() || null,
        },
        key,
      ),
    onDone: ({ subscription }) => {
      toast.done('Subscription ordered')
      onDone(subscription.id)
    },
  })
  const { form, errorOf } = of
  const { planId, priceId, blueprintId, hostname } = form.watch()
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
    form.setValue('planId', '')
    form.setValue('priceId', '')
    form.setValue('blueprintId', '')
  }
  const missing = !customer
    ? 'Choose a customer first.'
    : !plan
      ? 'Choose a plan first.'
      : !price
        ? 'Choose a price first.'
        : !blueprint
          ? 'Choose what to install first.'
          : undefined

  return (
    <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_20rem]">
      <Form of={of} submitLabel="Order" submitReason={missing} onCancel={onCancel}>
        <Card title="Customer">
          <div className="flex flex-wrap items-end gap-2">
            <div className="min-w-0 flex-1 basis-56">
              <Field label="Who orders" error={errorOf('customerId')}>
                <CustomerPicker value={customer} onChange={chooseCustomer} />
              </Field>
            </div>
            <Button
              icon={<UserPlus aria-hidden className="size-4" />}
              disabledReason={can('customers:create') ? undefined : NO_PERMISSION('customers:create')}
              onClick={() => setCreating(true)}
            >
              New customer
            </Button>
          </div>
        </Card>
        <Card title="Plan">
          {!customer ? (
            <p className="text-muted">Choose the customer first: prices depend on the currency.</p>
          ) : (
            <Loaded query={plans} what="plans">
              {() =>
                offered.length === 0 ? (
                  <EmptyState icon={Tags} title="No plan is on sale" />
                ) : (
                  <RadioCards
                    label="Plan"
                    name="planId"
                    value={planId}
                    onChange={choosePlan}
                    options={offered.map((item) => planCard(item, unpriced(item, customer)))}
                  />
                )
              }
            </Loaded>
          )}
          {plan && customer && (
            <div className="mt-4 border-t border-line pt-4">
              <h3 className="mb-2 font-medium">Price</h3>
              <RadioCards
                label="Price"
                name="priceId"
                value={priceId}
                onChange={(id) => form.setValue('priceId', id)}
                options={plan.prices.map((item) => priceCard(item, customer))}
              />
            </div>
          )}
        </Card>
        <Card title="What to install">
          {!customer ? (
            <p className="text-muted">Choose the customer and a plan first.</p>
          ) : (
            <Loaded query={blueprints} what="blueprints">
              {({ items }) => (
                <RadioCards
                  label="Blueprint"
                  name="blueprintId"
                  value={blueprintId}
                  onChange={(id) => form.setValue('blueprintId', id)}
                  options={items.filter(sold).map((item) => blueprintCard(item, plan))}
                />
              )}
            </Loaded>
          )}
        </Card>
        <Card title="CloudPod">
          <div className="space-y-4">
            <PodFields of={of} />
          </div>
        </Card>
      </Form>
      <OrderSummary {...{ customer, plan, price, blueprint, hostname }} />
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

const unpriced = (plan: Plan, { currency }: Customer): string | undefined =>
  plan.prices.some((price) => price.currency === currency) ? undefined : `Has no price in ${currency}.`

const priceCard = (price: Plan['prices'][number], { currency }: Customer): RadioCard => ({
  value: price.id,
  title: priceText(price),
  detail: isZero(price.setup) ? 'No set-up fee' : `${formatMoney(price.setup)} set-up`,
  disabledReason: price.currency === currency ? undefined : `The customer pays in ${currency}.`,
})
