import { t } from '../../../../shared/text.ts'
import type { ClosureView } from '../../api/tenantEnd.ts'
import { locale } from '../../lib/language.ts'
import { DataTable } from '../../ui/DataTable.tsx'
import { Notice } from '../../ui/Notice.tsx'

type Plan = NonNullable<ClosureView['plan']>

const WORDS: Record<keyof Plan['destroyed'], string> = {
  cloudPods: t`CloudPods`,
  addresses: t`IP addresses`,
  subscriptions: t`Subscriptions`,
  customers: t`Customers`,
  users: t`Users who lose their last access`,
  apiKeys: t`API keys`,
}

/** What a closing would destroy and keep, as a dry run told it. */
export function ClosurePlan({ plan }: { plan: Plan }) {
  const rows = (Object.keys(WORDS) as (keyof Plan['destroyed'])[]).map((what) => ({
    what: WORDS[what],
    ...plan.destroyed[what],
  }))
  const { invoices, payments, ledgerEntries, auditEvents } = plan.kept
  return (
    <div className="space-y-4">
      {plan.blockers.length > 0 && (
        <Notice tone="danger" title="This prevents the closing">
          <List items={plan.blockers} />
        </Notice>
      )}
      {plan.warnings.length > 0 && (
        <Notice tone="warning" title="Know before you close">
          <List items={plan.warnings} />
        </Notice>
      )}
      <DataTable
        label="What would be destroyed"
        rows={rows}
        rowKey={(row) => row.what}
        columns={[
          { header: t`Destroyed`, render: (row) => row.what },
          { header: t`Number`, narrow: true, render: (row) => row.count.toLocaleString(locale) },
          {
            header: t`Names`,
            render: (row) => (
              <span className="break-words">
                {row.names.length === 0 ? '—' : row.names.join(', ')}
                {row.count > row.names.length &&
                  t` and ${(row.count - row.names.length).toLocaleString(locale)} more`}
              </span>
            ),
          },
        ]}
      />
      <p className="text-muted">
        Kept: {invoices.toLocaleString(locale)} invoices, {payments.toLocaleString(locale)} payments,{' '}
        {ledgerEntries.toLocaleString(locale)} bookings, {auditEvents.toLocaleString(locale)} audit events.
        Customers to whom a document points stay without name, address and everything else that is personal;
        the documents themselves do not change.
      </p>
    </div>
  )
}

function List({ items }: { items: string[] }) {
  return (
    <ul className="list-disc pl-5">
      {items.map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ul>
  )
}
