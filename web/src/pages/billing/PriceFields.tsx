import { Plus, Trash2 } from 'lucide-react'
import { useFieldArray } from 'react-hook-form'
import { t } from '../../../../shared/text.ts'
import type { Plan, Price } from '../../api/billing.ts'
import { numberOrNone, REQUIRED, wholeNumber, type ApiForm } from '../../components/Form.tsx'
import { toMinor } from '../../lib/money.ts'
import { TRIAL_THEN } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'

/** A price as it is typed: amounts in major units, as text. */
export type TypedPrice = {
  currency: string
  interval: Price['interval']
  intervalCount: number
  unit: string
  setup: string
  paused: string
  trialDays: number | null
  trialThen: Price['trialThen']
}
export type PlanValues = {
  code: string
  name: string
  cores: number
  memoryMb: number
  diskGb: number
  /** As it is typed; nothing: without a limit. */
  trafficGb: string
  rateMbps: string
  nodeTags: string
  overLimit: Plan['overLimit']
  prices: TypedPrice[]
}
export const NEW_PRICE: TypedPrice = {
  currency: 'EUR',
  interval: 'month',
  intervalCount: 1,
  unit: '',
  setup: '',
  paused: '',
  trialDays: null,
  trialThen: 'activate',
}

export function PriceFields({ of: { form, errorOf } }: { of: ApiForm<PlanValues, Plan> }) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'prices' })
  return (
    <Card
      title="Prices"
      actions={
        <Button
          size="sm"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={fields.length >= 50 ? t`A plan has at most 50 prices.` : undefined}
          onClick={() => append(NEW_PRICE)}
        >
          Add a price
        </Button>
      }
    >
      <div className="space-y-4">
        {fields.map((field, at) => (
          <fieldset
            key={field.id}
            className="grid grid-cols-2 items-start gap-4 border-b border-line pb-4 last:border-0 last:pb-0 sm:grid-cols-4 lg:grid-cols-[6rem_6rem_8rem_1fr_1fr]"
          >
            <legend className="sr-only">Price {at + 1}</legend>
            <div className="col-span-full -mb-2 flex items-center justify-between">
              <span aria-hidden className="font-medium">
                Price {at + 1}
              </span>
              <Button
                size="icon"
                variant="ghost"
                aria-label={t`Remove price ${at + 1}`}
                disabledReason={fields.length === 1 ? t`A plan needs a price.` : undefined}
                onClick={() => remove(at)}
              >
                <Trash2 aria-hidden className="size-4" />
              </Button>
            </div>
            <Field label="Currency" error={errorOf(`prices.${at}.currency`)}>
              <Input
                maxLength={3}
                className="uppercase"
                {...form.register(`prices.${at}.currency`, {
                  required: REQUIRED,
                  pattern: { value: /^[A-Za-z]{3}$/, message: t`Such as EUR.` },
                })}
              />
            </Field>
            <Field label="Every" error={errorOf(`prices.${at}.intervalCount`)}>
              <Input
                type="number"
                min={1}
                {...form.register(`prices.${at}.intervalCount`, wholeNumber(1, 120))}
              />
            </Field>
            <Field label="Interval" error={errorOf(`prices.${at}.interval`)}>
              <Select {...form.register(`prices.${at}.interval`)}>
                <option value="day">day</option>
                <option value="week">week</option>
                <option value="month">month</option>
                <option value="year">year</option>
              </Select>
            </Field>
            <Amount
              of={form}
              name={`prices.${at}.unit`}
              label="Price"
              at={at}
              error={errorOf(`prices.${at}.unit`)}
            />
            <Amount
              of={form}
              name={`prices.${at}.setup`}
              label="Set-up fee"
              at={at}
              error={errorOf(`prices.${at}.setup`)}
            />
            <div className="col-span-full grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
              <Amount
                of={form}
                name={`prices.${at}.paused`}
                label="Storage while paused"
                hint={t`On each renewal day that passes.`}
                at={at}
                error={errorOf(`prices.${at}.paused`)}
              />
              <Field
                label="Days on trial"
                optional
                hint="Free, before the first period."
                error={errorOf(`prices.${at}.trialDays`)}
              >
                <Input
                  type="number"
                  min={1}
                  {...form.register(`prices.${at}.trialDays`, numberOrNone(366))}
                />
              </Field>
              {(form.watch(`prices.${at}.trialDays`) ?? 0) > 0 && (
                <Field label="After the trial">
                  <Select {...form.register(`prices.${at}.trialThen`)}>
                    {Object.entries(TRIAL_THEN).map(([value, words]) => (
                      <option key={value} value={value}>
                        {words}
                      </option>
                    ))}
                  </Select>
                </Field>
              )}
            </div>
          </fieldset>
        ))}
      </div>
    </Card>
  )
}

function Amount({
  of: form,
  name,
  label,
  hint,
  at,
  error,
}: {
  of: ApiForm<PlanValues, Plan>['form']
  name: `prices.${number}.unit` | `prices.${number}.setup` | `prices.${number}.paused`
  label: string
  hint?: string
  at: number
  error: string | undefined
}) {
  const optional = !name.endsWith('.unit')
  return (
    <Field label={label} optional={optional} hint={hint} error={error}>
      <Input
        inputMode="decimal"
        autoComplete="off"
        placeholder={optional ? '0' : '4.99'}
        {...form.register(name, {
          required: optional ? false : REQUIRED,
          validate: (typed) => {
            const currency = form.getValues(`prices.${at}.currency`).toUpperCase()
            return (
              typed === '' ||
              toMinor(typed, currency) !== null ||
              t`An amount in ${currency}, such as 4.99 or 5.`
            )
          },
        })}
      />
    </Field>
  )
}
