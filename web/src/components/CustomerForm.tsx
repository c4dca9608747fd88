import { useState } from 'react'
import { createCustomer, updateCustomer, type Customer } from '../api/customers.ts'
import { Field, Input, Select } from '../ui/Field.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'
import { TenantPicker } from './pickers.tsx'
import { useSession } from './session.ts'

type Values = {
  kind: Customer['kind']
  name: string
  company: string
  email: string
  country: string
  currency: string
}

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
  const of = useApiForm<Values, Customer>({
    defaultValues: {
      kind: customer?.kind ?? 'person',
      name: customer?.name ?? '',
      company: customer?.company ?? '',
      email: customer?.email ?? '',
      country: customer?.country ?? '',
      currency: '',
    },
    send: ({ currency, ...values }, key) => {
      const body = {
        ...values,
        name: values.name.trim(),
        company: values.company.trim() || null,
        email: values.email.trim(),
        country: values.country.trim().toUpperCase() || null,
      }
      if (customer) return updateCustomer(customer, body)
      const chosen = currency.trim().toUpperCase()
      return createCustomer({ ...body, tenantId: owner?.id ?? '', ...(chosen && { currency: chosen }) }, key)
    },
    onDone,
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel={customer ? 'Save' : 'Create customer'}
      submitReason={customer || owner ? undefined : 'Choose the tenant first.'}
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
        <Field label="Country" optional hint="Two letters, such as IT." error={errorOf('country')}>
          <Input autoComplete="off" maxLength={2} className="uppercase" {...form.register('country')} />
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
      </div>
    </Form>
  )
}
