import { CirclePause, CirclePlay } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { restoreTenant, suspendTenant, type Tenant } from '../../api/tenants.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { ReasonForm } from '../../components/ReasonForm.tsx'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { toast } from '../../ui/Toast.tsx'
import { NOT_ACTIVE } from './notActive.ts'

/** Suspends a tenant, or restores a suspended one. */
export function SuspendButton({ tenant }: { tenant: Tenant }) {
  const [open, setOpen] = useState(false)
  const suspended = tenant.state === 'suspended'
  const Icon = suspended ? CirclePlay : CirclePause
  const refusal = tenant.state === 'active' || suspended ? undefined : NOT_ACTIVE[tenant.state]
  return (
    <>
      <Button
        icon={<Icon aria-hidden className="size-4" />}
        disabledReason={refusal}
        onClick={() => setOpen(true)}
      >
        {suspended ? t`Restore` : t`Suspend`}
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title={suspended ? t`Restore the tenant` : t`Suspend the tenant`}
      >
        {suspended ? (
          <Restore tenant={tenant} onClose={() => setOpen(false)} />
        ) : (
          <Suspend tenant={tenant} onClose={() => setOpen(false)} />
        )}
      </Dialog>
    </>
  )
}

const Suspend = ({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) => (
  <ReasonForm
    danger
    submitLabel="Suspend"
    send={(reason, key) => suspendTenant(tenant.id, reason, key)}
    onDone={() => toast.done(t`The tenant is suspended`)}
    onClose={onClose}
  >
    Its users and keys are refused at once, and nothing can be ordered or changed. Its pods are shut down;
    which of them ran is remembered.
  </ReasonForm>
)

function Restore({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const of = useApiForm<Record<string, never>, unknown>({
    defaultValues: {},
    send: (_, key) => restoreTenant(tenant.id, key),
    onDone: () => {
      toast.done(t`The tenant is restored`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Restore" onCancel={onClose}>
      <p>Its users and keys work again at once. The pods that ran before are started, the others stay off.</p>
    </Form>
  )
}
