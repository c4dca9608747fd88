import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useFieldArray } from 'react-hook-form'
import { t } from '../../../../shared/text.ts'
import { createAddon, type Addon } from '../../api/addons.ts'
import { Form, REQUIRED, useApiForm, wholeNumber, type ApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { permits, useSession } from '../../components/session.ts'
import { toMinor } from '../../lib/money.ts'
import { Button } from '../../ui/Button.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type TypedPrice = {
  currency: string
  interval: Addon['prices'][number]['interval']
  intervalCount: number
  unit: string
}
type Values = Pick<Addon, 'code' | 'name' | 'cores' | 'memoryMb' | 'diskGb' | 'maxQuantity'> & {
  prices: TypedPrice[]
}
const NEW_PRICE: TypedPrice = { currency: 'EUR', interval: 'month', intervalCount: 1, unit: '' }

export function AddonForm({ onClose }: { onClose: () => void }) {
  const { tenant, me } = useSession()
  const mayShare = tenant.id === undefined && permits(me, 'plans:create')
  const [shared, setShared] = useState(mayShare)
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const of = useApiForm<Values, Addon>({
    defaultValues: {
      code: '',
      name: '',
      cores: 0,
      memoryMb: 0,
      diskGb: 0,
      maxQuantity: 10,
      prices: [NEW_PRICE],
    },
    send: ({ prices, ...addon }, key) =>
      createAddon(
        {
          ...addon,
          tenantId: shared ? null : (owner?.id ?? null),
          prices: prices.map(({ unit, currency, ...price }) => ({
            ...price,
            currency: currency.toUpperCase(),
            unitMinor: toMinor(unit, currency.toUpperCase()) ?? '',
          })),
        },
        key,
      ),
    onDone: ({ code }) => {
      toast.done(t`Add-on ${code} created`)
      onClose()
    },
    fieldOf: (path) => path.replace('unitMinor', 'unit'),
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel="Create add-on"
      submitReason={shared || owner ? undefined : t`Choose the tenant first.`}
      onCancel={onClose}
    >
      {mayShare && (
        <Checkbox
          label="Sold by every tenant"
          checked={shared}
          onChange={(event) => setShared(event.target.checked)}
        />
      )}
      {!shared && tenant.id === undefined && (
        <Field label="Tenant" hint="The only one that sells it.">
          <TenantPicker value={owner} onChange={setOwner} />
        </Field>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorOf('name')}>
          <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
        </Field>
        <Field label="Code" hint="Such as disk-10; unique." error={errorOf('code')}>
          <Input
            autoCapitalize="none"
            spellCheck={false}
            maxLength={63}
            {...form.register('code', {
              required: REQUIRED,
              pattern: {
                value: /^[a-z0-9][a-z0-9.-]*$/,
                message: t`Lower-case letters, digits, dots and hyphens.`,
              },
            })}
          />
        </Field>
      </div>
      <div className="grid grid-cols-2 gap-4 sm:grid-cols-4">
        <Field label="Cores" error={errorOf('cores')}>
          <Input type="number" min={0} {...form.register('cores', wholeNumber(0, 512))} />
        </Field>
        <Field label="Memory (MiB)" error={errorOf('memoryMb')}>
          <Input type="number" min={0} {...form.register('memoryMb', wholeNumber(0, 4_194_304))} />
        </Field>
        <Field label="Disk (GiB)" error={errorOf('diskGb')}>
          <Input type="number" min={0} {...form.register('diskGb', wholeNumber(0, 65_536))} />
        </Field>
        <Field label="At most" error={errorOf('maxQuantity')}>
          <Input type="number" min={1} {...form.register('maxQuantity', wholeNumber(1, 1_000))} />
        </Field>
      </div>
      <AddonPrices of={of} />
    </Form>
  )
}

/** The price of one piece, for each currency and interval. */
function AddonPrices({ of: { form, errorOf } }: { of: ApiForm<Values, Addon> }) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'prices' })
  return (
    <>
      {fields.map((field, at) => (
        <fieldset key={field.id} className="grid grid-cols-2 gap-4 sm:grid-cols-[6rem_6rem_8rem_1fr_auto]">
          <legend className="sr-only">Price {at + 1}</legend>
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
          <Field label="Price of one" error={errorOf(`prices.${at}.unit`)}>
            <Input
              inputMode="decimal"
              autoComplete="off"
              placeholder="1.50"
              {...form.register(`prices.${at}.unit`, {
                required: REQUIRED,
                validate: (typed) =>
                  toMinor(typed, form.getValues(`prices.${at}.currency`).toUpperCase()) !== null ||
                  t`An amount, such as 1.50.`,
              })}
            />
          </Field>
          <div className="flex items-end">
            <Button
              size="icon"
              variant="ghost"
              aria-label={t`Remove price ${at + 1}`}
              disabledReason={fields.length === 1 ? t`An add-on needs a price.` : undefined}
              onClick={() => remove(at)}
            >
              <Trash2 aria-hidden className="size-4" />
            </Button>
          </div>
        </fieldset>
      ))}
      <Button
        size="sm"
        icon={<Plus aria-hidden className="size-4" />}
        disabledReason={fields.length >= 50 ? t`An add-on has at most 50 prices.` : undefined}
        onClick={() => append(NEW_PRICE)}
      >
        Add a price
      </Button>
    </>
  )
}
