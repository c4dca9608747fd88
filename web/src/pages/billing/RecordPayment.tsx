import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import type { Invoice } from '../../api/billing.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { PaymentForm } from './PaymentForm.tsx'

/** The button of an invoice that can still be paid. */
export function RecordPayment({ invoice, small = false }: { invoice: Invoice; small?: boolean }) {
  const { can } = useSession()
  const [paying, setPaying] = useState(false)
  const close = (): void => setPaying(false)
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') return null
  return (
    <>
      <Button
        variant="primary"
        {...(small && { size: 'sm' })}
        disabledReason={can('billing:manage', invoice.tenantId) ? undefined : NO_PERMISSION('billing:manage')}
        onClick={() => setPaying(true)}
      >
        {small ? (
          <>
            Record <span className="sr-only sm:not-sr-only">payment</span>
          </>
        ) : (
          t`Record payment`
        )}
      </Button>
      <Dialog
        open={paying}
        onClose={close}
        title={invoice.number ? t`Record a payment of ${invoice.number}` : t`Record a payment of the invoice`}
      >
        <PaymentForm invoice={invoice} onClose={close} />
      </Dialog>
    </>
  )
}
