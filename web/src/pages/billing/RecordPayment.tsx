import { t } from '../../../../shared/text.ts'
import { useState } from 'react'
import type { Invoice } from '../../api/billing.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { PaymentForm } from './PaymentForm.tsx'

/** Writes down money that arrived outside of mPanel. Nothing, where the invoice asks for none. */
export function RecordPayment({ invoice, size = 'md' }: { invoice: Invoice; size?: 'sm' | 'md' }) {
  const { can } = useSession()
  const [open, setOpen] = useState(false)
  // Stays while the dialog does, so that the dialog closes by itself.
  if (!open && invoice.status !== 'open' && invoice.status !== 'uncollectible') return null
  const close = (): void => setOpen(false)
  return (
    <>
      <Button
        size={size}
        variant="primary"
        disabledReason={can('billing:manage', invoice.tenantId) ? undefined : NO_PERMISSION('billing:manage')}
        onClick={() => setOpen(true)}
      >
        Record payment
      </Button>
      <Dialog
        open={open}
        onClose={close}
        title={
          invoice.number === null
            ? t`Record a payment of the invoice`
            : t`Record a payment of ${invoice.number}`
        }
      >
        <PaymentForm invoice={invoice} onClose={close} />
      </Dialog>
    </>
  )
}
