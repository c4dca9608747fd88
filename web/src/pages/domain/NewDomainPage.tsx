import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { createDomain, type Domain } from '../../api/domains.ts'
import type { Customer } from '../../api/customers.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { CustomerPicker, TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

export default function NewDomainPage() {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const [customer, setCustomer] = useState<Customer | null>(null)
  const of = useApiForm<{ name: string }, Domain>({
    defaultValues: { name: '' },
    send: ({ name }, key) =>
      createDomain({ tenantId: owner?.id ?? '', customerId: customer?.id ?? null, name }, key),
    onDone: ({ id }) => {
      toast.done(t`Domain added`)
      void navigate(paths.domain(tenant.slug, id))
    },
  })
  return (
    <Page
      title="Add domain"
      crumbs={[{ label: t`Domains`, link: paths.domains(tenant.slug) }]}
      permission="domains:create"
    >
      <div className="max-w-3xl">
        <Card>
          <Form
            of={of}
            submitLabel="Add domain"
            submitReason={owner === null ? t`Choose the tenant first.` : undefined}
            onCancel={() => void navigate(paths.domains(tenant.slug))}
          >
            {tenant.id === undefined && (
              <Field label="Tenant" hint="Whose domain it is.">
                <TenantPicker
                  value={owner}
                  onChange={(chosen) => {
                    setOwner(chosen)
                    setCustomer(null)
                  }}
                />
              </Field>
            )}
            <Field
              label="Domain"
              hint="A name that is registered already, such as example.com. You prove that it is yours in the next step."
              error={of.errorOf('name')}
            >
              <Input
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                maxLength={253}
                {...of.form.register('name', { required: REQUIRED })}
              />
            </Field>
            {owner !== null && can('customers:read', owner.id) && (
              <Field
                label="Customer"
                optional
                hint="Whose it is within the tenant."
                error={of.errorOf('customerId')}
              >
                <CustomerPicker value={customer} onChange={setCustomer} tenantId={owner.id} />
              </Field>
            )}
          </Form>
        </Card>
      </div>
    </Page>
  )
}
