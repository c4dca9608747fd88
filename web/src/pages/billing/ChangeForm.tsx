import { t } from '../../../../shared/text.ts'
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
import { addonsQuery } from '../../api/addons.ts'
import { planCard, useCatalogue } from '../../components/catalogue.tsx'
import { Form, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { addonSize, priceText } from '../../lib/words.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ChangePreviewCard } from './ChangePreviewCard.tsx'

type Values = Required<Omit<ChangeWish, 'addons'>> & {
  planId: string
  priceId: string
  /** How many of each add-on, as typed. */
  quantities: Record<string, string | undefined>
}
type Price = Plan['prices'][number]

const pricesIn = (plan: Plan | undefined, currency: string): Price[] =>
  (plan?.prices ?? []).filter((one) => one.currency === currency)

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
            options={offered.map((one) =>
              planCard(
                one,
                pricesIn(one, price.currency).length > 0 ? undefined : t`Has no price in ${price.currency}.`,
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
      <AddonFields subscription={subscription} planId={wish.planId} of={of} />
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

/** What is wished of add-ons, in one order; null: something is no number. */
function wishedOf(quantities: Values['quantities']) {
  const typed = Object.entries(quantities)
    .map(([addonId, quantity]) => ({ addonId, quantity: (quantity ?? '').trim() }))
    .filter(({ quantity }) => !/^0*$/.test(quantity))
  if (typed.some(({ quantity }) => !/^[0-9]{1,4}$/.test(quantity))) return null
  return typed
    .map(({ addonId, quantity }) => ({ addonId, quantity: Number(quantity) }))
    .toSorted((one, other) => (one.addonId < other.addonId ? -1 : 1))
}

/** How many of each add-on that is sold beside the chosen plan, or that it has. */
function AddonFields({
  subscription,
  planId,
  of: { form },
}: {
  subscription: Subscription
  planId: string
  of: ApiForm<Values, unknown>
}) {
  const { data } = useQuery(addonsQuery({ tenantId: subscription.tenantId, limit: 200 }))
  const has = (id: string): boolean => subscription.addons.some((one) => one.id === id)
  const offered = data?.items.filter(
    ({ id, state, planIds }) =>
      has(id) || (state === 'active' && (planIds.length === 0 || planIds.includes(planId))),
  )
  if (offered === undefined || offered.length === 0) return null
  return (
    <fieldset>
      <legend className="mb-2 font-medium">Add-ons</legend>
      <div className="grid gap-4 sm:grid-cols-2">
        {offered.map((addon) => (
          <Field
            key={addon.id}
            label={addon.name}
            hint={t`${addonSize(addon)}; at most ${addon.maxQuantity}.`}
          >
            <Input
              type="number"
              min={0}
              max={addon.maxQuantity}
              placeholder="0"
              {...form.register(`quantities.${addon.id}`)}
            />
          </Field>
        ))}
      </div>
    </fieldset>
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
