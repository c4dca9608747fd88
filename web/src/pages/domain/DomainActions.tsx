import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { canDomain } from '../../../../shared/states/domain.ts'
import { t } from '../../../../shared/text.ts'
import { giveDomain, removeDomain, type Domain } from '../../api/domains.ts'
import type { Customer } from '../../api/customers.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { CustomerPicker } from '../../components/pickers.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

export function DomainActions({ domain }: { domain: Domain }) {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'customer' | 'remove' | null>(null)
  const close = () => setOpen(null)
  const why = (permission: 'domains:update' | 'domains:delete', action: 'change' | 'remove') => {
    const verdict = canDomain[action](domain)
    if (!can(permission, domain.tenantId)) return NO_PERMISSION(permission)
    return verdict.allowed ? undefined : verdict.reason
  }
  return (
    <>
      <Button disabledReason={why('domains:update', 'change')} onClick={() => setOpen('customer')}>
        Change customer
      </Button>
      <Button
        variant="danger"
        disabledReason={why('domains:delete', 'remove')}
        onClick={() => setOpen('remove')}
      >
        Remove
      </Button>
      <Dialog open={open === 'customer'} onClose={close} title="Change customer">
        <ChangeCustomer domain={domain} onClose={close} />
      </Dialog>
      <ConfirmDestroy
        open={open === 'remove'}
        onClose={close}
        title={t`Remove ${domain.unicodeName}`}
        name={domain.unicodeName}
        effect="mPanel does nothing for this domain any more. Its registration is not touched."
        submitLabel="Remove"
        send={() => removeDomain(domain.id)}
        onDone={() => {
          toast.done(t`Domain removed`)
          void navigate(paths.domains(tenant.slug))
        }}
      />
    </>
  )
}

function ChangeCustomer({ domain, onClose }: { domain: Domain; onClose: () => void }) {
  const [customer, setCustomer] = useState<Customer | null>(null)
  const of = useApiForm<Record<string, never>, Domain>({
    defaultValues: {},
    send: () => giveDomain(domain, customer?.id ?? null),
    onDone: () => {
      toast.done(t`Customer changed`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel={customer === null ? t`Belongs to no customer` : t`Change`} onCancel={onClose}>
      <Field
        label="Customer"
        optional
        hint="Whose it is; none: the tenant's own."
        error={of.errorOf('customerId')}
      >
        <CustomerPicker value={customer} onChange={setCustomer} tenantId={domain.tenantId} />
      </Field>
    </Form>
  )
}
