import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { ApiError } from '../../api/ApiError.ts'
import {
  changePreviewQuery,
  changeSubscription,
  type ChangePreview,
  type ChangeWish,
  type Plan,
  type Subscription,
} from '../../api/billing.ts'
import { planCard, useCatalogue } from '../../components/catalogue.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { priceText } from '../../lib/words.ts'
import { Checkbox, Field, Select } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ChangePreviewCard } from './ChangePreviewCard.tsx'

type Values = Required<ChangeWish> & { planId: string; priceId: string }
type Price = Plan['prices'][number]

const pricesIn = (plan: Plan | undefined, currency: string): Price[] =>
  (plan?.prices ?? []).filter((one) => one.currency === currency)

/** Another plan or price. What stands below the choice is what is charged, to the cent. */
export function ChangeForm({ subscription, onClose }: { subscription: Subscription; onClose: () => void }) {
  const { plan, price } = subscription
  const { plans, offered } = useCatalogue(subscription.tenantId)
  const sent = useRef<{ key: string; token: string } | null>(null)
  const of = useApiForm<Values, unknown>({
    defaultValues: { planId: plan.id, priceId: price.id, when: 'now', restart: false },
    send: (_, key) => send(key),
    onDone: () => {
      toast.done(wish.when === 'now' ? 'The change was made' : 'The change is planned')
      onClose()
    },
  })
  const { form } = of
  const wish = form.watch()
  const isSame = wish.priceId === price.id
  const preview = useQuery({
    ...changePreviewQuery(subscription.id, wish),
    enabled: !isSame && wish.priceId !== '',
    placeholderData: keepPreviousData,
  })
  /** One intention is one token, also when it is repeated because its answer was lost. */
  const send = async (key: string): Promise<unknown> => {
    if (sent.current?.key !== key) sent.current = { key, token: preview.data?.token ?? '' }
    try {
      return await changeSubscription(subscription.id, sent.current.token, key)
    } catch (error) {
      if (error instanceof ApiError && !error.unknownOutcome) void preview.refetch()
      throw error
    }
  }
  const choosePlan = (id: string) => {
    const prices = pricesIn(
      offered.find((one) => one.id === id),
      price.currency,
    )
    const like = prices.find(
      (one) => one.interval === price.interval && one.intervalCount === price.intervalCount,
    )
    form.setValue('planId', id)
    form.setValue('priceId', (like ?? prices[0])?.id ?? '')
  }
  return (
    <Form
      of={of}
      submitLabel={wish.when === 'now' ? 'Change now' : 'Plan the change'}
      submitReason={isSame ? 'It has this plan and price already.' : reasonNot(preview)}
      onCancel={onClose}
    >
      <Loaded query={plans} what="plans">
        {() => (
          <RadioCards
            label="Plan"
            name="planId"
            value={wish.planId}
            onChange={choosePlan}
            options={offered.map((one) =>
              planCard(
                one,
                pricesIn(one, price.currency).length > 0 ? undefined : `Has no price in ${price.currency}.`,
              ),
            )}
          />
        )}
      </Loaded>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Price">
          <Select value={wish.priceId} onChange={(event) => form.setValue('priceId', event.target.value)}>
            {choices(offered, wish.planId, price).map((one) => (
              <option key={one.id} value={one.id}>
                {priceText(one)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="When">
          <Select {...form.register('when')}>
            <option value="now">Now</option>
            <option value="period_end">With the next period</option>
          </Select>
        </Field>
      </div>
      {!isSame && (
        <Loaded query={preview} what="preview">
          {(data) => <ChangePreviewCard preview={data} />}
        </Loaded>
      )}
      {!isSame && preview.data?.pod?.needsRestart === true && (
        <Checkbox label="Restart the machine at once" {...form.register('restart')} />
      )}
    </Form>
  )
}

/** The prices of the chosen plan; of one that is not sold any more the present one. */
const choices = (offered: Plan[], planId: string, present: Price): Price[] => {
  const chosen = offered.find((one) => one.id === planId)
  return chosen ? pricesIn(chosen, present.currency) : [present]
}

function reasonNot(preview: {
  data: ChangePreview | undefined
  isPlaceholderData: boolean
  isFetching: boolean
}): string | undefined {
  if (preview.data === undefined || preview.isPlaceholderData || preview.isFetching)
    return 'What it comes to is being counted.'
  return preview.data.blockers[0]?.message
}
