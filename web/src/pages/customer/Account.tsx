import { t } from '../../../../shared/text.ts'
import { useQuery } from '@tanstack/react-query'
import { FileText } from 'lucide-react'
import { useState } from 'react'
import { invoicesQuery } from '../../api/billing.ts'
import type { Customer } from '../../api/customers.ts'
import { InvoiceList } from '../billing/InvoiceList.tsx'
import { cursorOf } from '../../components/List.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { CustomerAccount } from './CustomerAccount.tsx'

/** What the customer was asked to pay, and what the ledger says. */
export function Account({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const permitted = can('billing:read', customer.tenantId)
  const [trail, setTrail] = useState<string>()
  const query = useQuery({
    ...invoicesQuery({ customerId: customer.id, cursor: cursorOf(trail), limit: 10 }),
    enabled: permitted,
  })
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('billing:read')}</p>
  return (
    <div className="space-y-4">
      <Card title="Invoices" flush>
        <InvoiceList
          query={query}
          trail={trail}
          onTrail={setTrail}
          empty={
            <EmptyState icon={FileText} title="No invoices">
              {t`An order brings its invoice with it.`}
            </EmptyState>
          }
        />
      </Card>
      <CustomerAccount customer={customer} />
    </div>
  )
}
