import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { createTenant, updateTenant, type Tenant, type TenantCreate } from '../../api/tenants.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'

type Quota = NonNullable<TenantCreate['quota']>
type Values = { name: string; slug: string; billingTz: string; defaultCurrency: string; quota: Quota }

const QUOTA: Quota = { maxPods: 20, maxCores: 80, maxMemoryMb: 163_840, maxDiskGb: 2000 }
const QUOTA_FIELDS: [
  name: Exclude<keyof Quota, 'maxAddresses' | 'maxSnapshots' | 'maxBackups'>,
  label: string,
  max: number,
][] = [
  ['maxPods', t`CloudPods`, 1_000_000],
  ['maxCores', t`Cores`, 10_000_000],
  ['maxMemoryMb', t`Memory (MiB)`, 2_000_000_000],
  ['maxDiskGb', t`Disk (GiB)`, 2_000_000_000],
]

/** Makes a tenant, or changes the one given. The slug is part of addresses and never changes. */
export function TenantForm({
  tenant: given,
  mayQuota,
  onCancel,
  onDone,
}: {
  tenant?: Tenant
  mayQuota: boolean
  onCancel: () => void
  onDone: (tenant: Tenant) => void
}) {
  // What was read when editing began: saving over a later change of somebody else is refused by its version.
  const [tenant] = useState(given)
  const [withQuota, setWithQuota] = useState(false)
  const of = useApiForm<Values, Tenant>({
    defaultValues: {
      name: tenant?.name ?? '',
      slug: tenant?.slug ?? '',
      billingTz: tenant?.billingTz ?? new Intl.DateTimeFormat().resolvedOptions().timeZone,
      defaultCurrency: tenant?.defaultCurrency ?? 'EUR',
      quota: tenant?.quota ?? QUOTA,
    },
    send: ({ slug, quota, ...values }, key) => {
      const body = {
        ...values,
        defaultCurrency: values.defaultCurrency.toUpperCase(),
        ...(withQuota && { quota }),
      }
      return tenant ? updateTenant(tenant, body) : createTenant({ ...body, slug }, key)
    },
    onDone,
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel={tenant ? t`Save` : t`Create tenant`} onCancel={onCancel}>
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorOf('name')}>
          <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
        </Field>
        {!tenant && (
          <Field label="Slug" hint="Part of addresses; it never changes." error={errorOf('slug')}>
            <Input
              autoCapitalize="none"
              spellCheck={false}
              maxLength={63}
              {...form.register('slug', {
                required: REQUIRED,
                pattern: {
                  value: /^[a-z0-9][a-z0-9-]*$/,
                  message: t`Lower-case letters, digits and hyphens.`,
                },
                validate: (typed) => typed !== 'all' || t`This word stands for all tenants.`,
              })}
            />
          </Field>
        )}
        <Field label="Billing time zone" hint="Such as Europe/Rome." error={errorOf('billingTz')}>
          <Input spellCheck={false} {...form.register('billingTz', { required: REQUIRED })} />
        </Field>
        <Field label="Default currency" error={errorOf('defaultCurrency')}>
          <Input
            maxLength={3}
            className="uppercase"
            {...form.register('defaultCurrency', {
              required: REQUIRED,
              pattern: { value: /^[A-Za-z]{3}$/, message: t`Such as EUR.` },
            })}
          />
        </Field>
      </div>
      {mayQuota && (
        <Checkbox
          label={tenant ? t`Set a new quota` : t`Set a quota other than the default`}
          checked={withQuota}
          onChange={(event) => setWithQuota(event.target.checked)}
        />
      )}
      {withQuota && (
        <fieldset className="grid grid-cols-2 gap-4 sm:grid-cols-4">
          <legend className="sr-only">Quota</legend>
          {QUOTA_FIELDS.map(([name, label, max]) => (
            <Field key={name} label={label} error={errorOf(`quota.${name}`)}>
              <Input type="number" min={0} {...form.register(`quota.${name}`, wholeNumber(0, max))} />
            </Field>
          ))}
        </fieldset>
      )}
    </Form>
  )
}
