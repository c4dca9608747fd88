import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { t } from '../../../../shared/text.ts'
import { ApiError } from '../../api/ApiError.ts'
import {
  changePreviewQuery,
  changeSubscription,
  type ChangePreview,
  type ChangeWish,
  type Plan,
  type Subscription,
} from '../../api/billing.ts'
import { pricedPlanCard, pricesIn, useCatalogue } from '../../components/catalogue.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { priceText } from '../../lib/words.ts'
import { Checkbox, Field, Select } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'
import { AddonFields, useAddons, wishedOf, type Quantities } from './AddonFields.tsx'
import { ChangePreviewCard } from './ChangePreviewCard.tsx'

type Values = Required<Omit<ChangeWish, 'addons'>> & {
  planId: string
  priceId: string
  quantities: Quantities
}
type Price = Plan['prices'][number]

/** Another plan or price. What stands below the choice is what is charged, to the cent. */
export function ChangeForm({ subscription, onClose }: { subscription: Subscription; onClose: () => void }) {
  const { plan, price } = subscription
  const { plans, offered } = useCatalogue(subscription.tenantId)
  const held = Object.fromEntries(subscription.addons.map(({ id, quantity }) => [id, String(quantity)]))
  const sent = useRef<{ key: string; token: string } | null>(null)
  const of = useApiForm<Values, unknown>({
    defaultValues: { planId: plan.id, priceId: price.id, when: 'now', restart: false, quantities: held },
    send: (_, key) => send(key),
    onDone: () => {
      toast.done(wish.when === 'now' ? t`The change was made` : t`The change is planned`)
      onClose()
    },
  })
  const { form } = of
  const { quantities, ...terms } = form.watch()
  const wished = wishedOf(quantities)
  const wish = { ...terms, addons: wished ?? [] }
  const addons = useAddons(
    subscription.tenantId,
    wish.planId,
    subscription.addons.map(({ id }) => id),
  )
  const isSame = wish.priceId === price.id && JSON.stringify(wished) === JSON.stringify(wishedOf(held))
  const preview = useQuery({
    ...changePreviewQuery(subscription.id, wish),
    enabled: !isSame && wish.priceId !== '' && wished !== null,
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
      submitLabel={wish.when === 'now' ? t`Change now` : t`Plan the change`}
      submitReason={
        isSame
          ? t`It has this plan and price already.`
          : wished === null
            ? t`The number of an add-on is a whole number.`
            : reasonNot(preview)
      }
      onCancel={onClose}
    >
      <Loaded query={plans} what="plans">
        {() => (
          <RadioCards
            label="Plan"
            name="planId"
            value={wish.planId}
            onChange={choosePlan}
            options={offered.map((one) => pricedPlanCard(one, price.currency))}
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
      {addons.length > 0 && (
        <fieldset>
          <legend className="mb-2 font-medium">Add-ons</legend>
          <AddonFields addons={addons} register={form.register} />
        </fieldset>
      )}
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
    return t`What it comes to is being counted.`
  return preview.data.blockers[0]?.message
}
