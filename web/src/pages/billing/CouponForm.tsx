import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { plansQuery } from '../../api/billing.ts'
import { createCoupon, updateCoupon, type Coupon } from '../../api/coupons.ts'
import { Form, numberOrNone, REQUIRED, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { toMinor } from '../../lib/money.ts'
import { ppmOf } from '../../lib/percent.ts'
import { couponText } from '../../lib/words.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = {
  code: string
  name: string
  kind: 'percent' | 'amount'
  percent: string
  amount: string
  currency: string
  periods: number | null
  planIds: string[]
  oncePerCustomer: boolean
  maxRedemptions: number | null
  validUntil: string
  retired: boolean
}

/** The end of a day as the viewer's clock has it, and back. */
const endOf = (day: string): string | null => (day === '' ? null : new Date(`${day}T23:59:59`).toISOString())
const dayOf = (at: string | null): string => (at === null ? '' : new Date(at).toLocaleDateString('sv'))

/** A new coupon, or how long and how often one that is there can be redeemed. */
export function CouponForm({ coupon, onClose }: { coupon: Coupon | undefined; onClose: () => void }) {
  const { tenant } = useSession()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const of = useApiForm<Values, Coupon>({
    defaultValues: {
      code: '',
      name: coupon?.name ?? '',
      kind: 'percent',
      percent: '',
      amount: '',
      currency: 'EUR',
      periods: null,
      planIds: [],
      oncePerCustomer: false,
      maxRedemptions: coupon?.maxRedemptions ?? null,
      validUntil: dayOf(coupon?.validUntil ?? null),
      retired: coupon?.state === 'retired',
    },
    send: (
      { kind, percent, amount, currency: typed, retired, validUntil, name, maxRedemptions, ...terms },
      key,
    ) => {
      const until = validUntil === dayOf(coupon?.validUntil ?? null) ? coupon?.validUntil : endOf(validUntil)
      if (coupon) {
        const state = retired ? ('retired' as const) : ('active' as const)
        return updateCoupon(
          coupon.id,
          { name, maxRedemptions, validUntil: until ?? null, state },
          coupon.version,
        )
      }
      const currency = typed.toUpperCase()
      const off =
        kind === 'percent'
          ? { percentPpm: ppmOf(percent) ?? 0 }
          : { amountMinor: toMinor(amount, currency) ?? '', currency }
      const tenantId = owner?.id ?? ''
      return createCoupon(
        { ...terms, ...off, name, maxRedemptions, tenantId, validUntil: until ?? null },
        key,
      )
    },
    onDone: ({ code }) => {
      toast.done(coupon ? t`Coupon ${code} changed` : t`Coupon ${code} created`)
      onClose()
    },
    fieldOf: (path) => FIELDS[path] ?? path,
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel={coupon ? t`Save` : t`Create coupon`}
      submitReason={coupon === undefined && owner === null ? t`Choose the tenant first.` : undefined}
      onCancel={onClose}
    >
      {coupon ? (
        <p>{couponText(coupon)}. How much it takes off, and for how long, never changes.</p>
      ) : (
        <>
          {tenant.id === undefined && (
            <Field label="Tenant">
              <TenantPicker value={owner} onChange={setOwner} />
            </Field>
          )}
          <Field label="Code" hint="Such as SPRING-27: what customers type." error={errorOf('code')}>
            <Input
              maxLength={40}
              className="uppercase"
              autoComplete="off"
              spellCheck={false}
              {...form.register('code', {
                required: REQUIRED,
                pattern: {
                  value: /^[A-Za-z0-9][A-Za-z0-9-]{2,39}$/,
                  message: t`Three to forty letters, digits and hyphens.`,
                },
              })}
            />
          </Field>
        </>
      )}
      <Field label="Name" error={errorOf('name')}>
        <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
      </Field>
      {coupon === undefined && <NewTerms of={of} tenantId={owner?.id} />}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Redeemed at most"
          optional
          hint="Nothing: as often as one likes."
          error={errorOf('maxRedemptions')}
        >
          <Input type="number" min={1} {...form.register('maxRedemptions', numberOrNone(1_000_000))} />
        </Field>
        <Field
          label="Valid until the end of"
          optional
          hint="Nothing: for ever."
          error={errorOf('validUntil')}
        >
          <Input type="date" {...form.register('validUntil')} />
        </Field>
      </div>
      {coupon ? (
        <Checkbox label="Cannot be redeemed any more" {...form.register('retired')} />
      ) : (
        <Checkbox label="Once for each customer" {...form.register('oncePerCustomer')} />
      )}
    </Form>
  )
}

const FIELDS: Record<string, string> = { percentPpm: 'percent', amountMinor: 'amount' }

/** How much it takes off, for how long, of which plans. */
function NewTerms({
  of: { form, errorOf },
  tenantId,
}: {
  of: ApiForm<Values, Coupon>
  tenantId: string | undefined
}) {
  const { can } = useSession()
  const { kind, planIds } = form.watch()
  const plans = useQuery({
    ...plansQuery({ tenantId, limit: 200 }),
    enabled: tenantId !== undefined && can('plans:read', tenantId),
  })
  const choose = (id: string, chosen: boolean) =>
    form.setValue('planIds', chosen ? [...planIds, id] : planIds.filter((one) => one !== id))
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Takes off">
          <Select {...form.register('kind')}>
            <option value="percent">a share</option>
            <option value="amount">an amount</option>
          </Select>
        </Field>
        {kind === 'percent' ? (
          <Field label="Percent" error={errorOf('percent')}>
            <Input
              inputMode="decimal"
              autoComplete="off"
              placeholder="25"
              {...form.register('percent', {
                validate: (typed) =>
                  ppmOf(typed) !== undefined || t`More than 0 and at most 100, such as 25 or 12.5.`,
              })}
            />
          </Field>
        ) : (
          <>
            <Field label="Amount" error={errorOf('amount')}>
              <Input
                inputMode="decimal"
                autoComplete="off"
                placeholder="5.00"
                {...form.register('amount', {
                  validate: (typed) =>
                    toMinor(typed, form.getValues('currency').toUpperCase()) !== null ||
                    t`An amount, such as 5.00.`,
                })}
              />
            </Field>
            <Field label="Currency" error={errorOf('currency')}>
              <Input
                maxLength={3}
                className="uppercase"
                {...form.register('currency', {
                  pattern: { value: /^[A-Za-z]{3}$/, message: t`Such as EUR.` },
                })}
              />
            </Field>
          </>
        )}
      </div>
      <Field
        label="For so many periods"
        optional
        hint="1: only the first one. Nothing: for as long as the subscription lasts."
        error={errorOf('periods')}
      >
        <Input type="number" min={1} {...form.register('periods', numberOrNone(1_200))} />
      </Field>
      {(plans.data?.items.length ?? 0) > 0 && (
        <fieldset>
          <legend className="mb-1 font-medium">Only for these plans</legend>
          <p className="mb-2 text-[13px] text-muted">None chosen: for all.</p>
          <div className="grid gap-1 sm:grid-cols-2">
            {plans.data?.items.map((plan) => (
              <Checkbox
                key={plan.id}
                label={plan.name}
                checked={planIds.includes(plan.id)}
                onChange={(event) => choose(plan.id, event.target.checked)}
              />
            ))}
          </div>
        </fieldset>
      )}
    </>
  )
}
