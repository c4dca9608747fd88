import { t } from '../../../shared/text.ts'
import { CountrySelect } from './CountrySelect.tsx'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { createCustomer, updateCustomer, type Customer } from '../api/customers.ts'
import { fieldsQuery, groupsQuery, type CustomerField } from '../api/customerSettings.ts'
import { Field, Input, Select } from '../ui/Field.tsx'
import { AddressFields, OwnFields, TaxIdFields } from './CustomerDetails.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { TenantPicker } from './pickers.tsx'
import { useSession } from './session.ts'

type Address = Customer['addresses'][number]
export type CustomerValues = {
  kind: Customer['kind']
  name: string
  company: string
  email: string
  country: string
  currency: string
  language: string
  externalRef: string
  groupId: string
  tags: string
  addresses: (Omit<Address, 'kind'> & { kind: 'billing' | 'postal' | 'other' })[]
  taxIds: Customer['taxIds']
  custom: Record<string, string>
}

const valuesOf = (customer: Customer | undefined): CustomerValues => ({
  kind: customer?.kind ?? 'person',
  name: customer?.name ?? '',
  company: customer?.company ?? '',
  email: customer?.email ?? '',
  country: customer?.country ?? '',
  currency: '',
  language: customer?.language ?? '',
  externalRef: customer?.externalRef ?? '',
  groupId: customer?.group?.id ?? '',
  tags: customer?.tags.join(', ') ?? '',
  addresses: (customer?.addresses ?? []) as CustomerValues['addresses'],
  taxIds: customer?.taxIds ?? [],
  custom: Object.fromEntries(
    Object.entries(customer?.custom ?? {}).map(([key, value]) => [key, String(value)]),
  ),
})

const code = (typed: string): string => typed.trim().toUpperCase()

const valueOf = (type: CustomerField['type'], text: string) =>
  text === '' ? null : type === 'number' ? Number(text) : type === 'boolean' ? text === 'true' : text

/** What was typed into the tenant's own fields as values of their types; an emptied field has none. */
function customOf(typed: Record<string, string>, fields: CustomerField[]) {
  return Object.fromEntries(fields.map(({ key, type }) => [key, valueOf(type, (typed[key] ?? '').trim())]))
}

const bodyOf = (values: CustomerValues, fields: CustomerField[]) => ({
  kind: values.kind,
  name: values.name.trim(),
  company: values.company.trim() || null,
  email: values.email.trim(),
  country: values.country || null,
  language: values.language.trim() || null,
  externalRef: values.externalRef.trim() || null,
  groupId: values.groupId || null,
  tags: values.tags
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean),
  addresses: values.addresses,
  taxIds: values.taxIds,
  custom: customOf(values.custom, fields),
})

/** Makes a customer, or changes the one given. The currency is fixed once it exists. */
export function CustomerForm({
  customer: given,
  onCancel,
  onDone,
}: {
  customer?: Customer
  onCancel: () => void
  onDone: (customer: Customer) => void
}) {
  const { tenant } = useSession()
  // What was read when editing began: saving over a later change of somebody else is refused by its version.
  const [customer] = useState(given)
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const tenantId = customer?.tenantId ?? owner?.id
  const settings = { tenantId, limit: 200 }
  const groups = useQuery({ ...groupsQuery(settings), enabled: tenantId !== undefined }).data?.items
  const fields = useQuery({ ...fieldsQuery(settings), enabled: tenantId !== undefined }).data?.items
  const of = useApiForm<CustomerValues, Customer>({
    defaultValues: valuesOf(customer),
    send: (values, key) => {
      const body = bodyOf(values, fields ?? [])
      if (customer) return updateCustomer(customer, body)
      const chosen = code(values.currency)
      return createCustomer({ ...body, tenantId: tenantId ?? '', ...(chosen && { currency: chosen }) }, key)
    },
    onDone,
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel={customer ? t`Save` : t`Create customer`}
      submitReason={
        tenantId === undefined ? t`Choose the tenant first.` : groups && fields ? undefined : t`Loading.`
      }
      onCancel={onCancel}
    >
      {!customer && tenant.id === undefined && (
        <Field label="Tenant" hint="Whose customer it is." error={errorOf('tenantId')}>
          <TenantPicker value={owner} onChange={setOwner} />
        </Field>
      )}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorOf('name')}>
          <Input autoComplete="off" maxLength={200} {...form.register('name', { required: REQUIRED })} />
        </Field>
        <Field label="E-mail" error={errorOf('email')}>
          <Input
            type="email"
            autoComplete="off"
            maxLength={320}
            {...form.register('email', { required: REQUIRED })}
          />
        </Field>
        <Field label="Kind" error={errorOf('kind')}>
          <Select {...form.register('kind')}>
            <option value="person">Person</option>
            <option value="company">Company</option>
          </Select>
        </Field>
        <Field label="Company" optional error={errorOf('company')}>
          <Input autoComplete="off" maxLength={200} {...form.register('company')} />
        </Field>
        <Field label="Country" optional error={errorOf('country')}>
          <CountrySelect none={t`Not known`} {...form.register('country')} />
        </Field>
        {!customer && (
          <Field
            label="Currency"
            optional
            hint="Such as EUR; the tenant's when left empty. It cannot be changed later."
            error={errorOf('currency')}
          >
            <Input autoComplete="off" maxLength={3} className="uppercase" {...form.register('currency')} />
          </Field>
        )}
        <Field
          label="Language"
          optional
          hint="Such as de or en-GB. Mails and documents come in German or English."
          error={errorOf('language')}
        >
          <Input autoComplete="off" maxLength={35} {...form.register('language')} />
        </Field>
        <Field
          label="Reference"
          optional
          hint="Your own number for the customer; an import finds it by this."
          error={errorOf('externalRef')}
        >
          <Input autoComplete="off" maxLength={100} {...form.register('externalRef')} />
        </Field>
        <Field label="Group" optional error={errorOf('groupId')}>
          {/* Made anew once the groups are known: a select cannot show a choice that is not there yet. */}
          <Select key={String(groups?.length)} {...form.register('groupId')}>
            <option value="">None</option>
            {groups?.map((group) => (
              <option key={group.id} value={group.id}>
                {group.name}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Tags" optional hint="Separated by commas." error={errorOf('tags')}>
          <Input autoComplete="off" {...form.register('tags')} />
        </Field>
      </div>
      <AddressFields of={of} />
      <TaxIdFields of={of} />
      <OwnFields of={of} fields={fields ?? []} />
    </Form>
  )
}
