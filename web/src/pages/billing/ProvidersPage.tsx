import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CreditCard, Plus } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { providersQuery, type BillingProvider } from '../../api/payments.ts'
import { List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { NewProviderForm } from './NewProviderForm.tsx'

export const nameOf = ({ kind, live, simulated }: BillingProvider): string =>
  kind === 'manual'
    ? t`Recorded by hand`
    : kind === 'whmcs'
      ? 'WHMCS'
      : simulated
        ? t`Stripe, simulated`
        : live === true
          ? 'Stripe'
          : t`Stripe, test mode`

export default function ProvidersPage() {
  const { tenant, can } = useSession()
  const query = useQuery({
    ...providersQuery({ tenantId: tenant.id, limit: 200 }),
    enabled: can('billing:read'),
  })
  const [adding, setAdding] = useState(false)
  const mayAdd = can('billing:manage', tenant.id ?? null)
  const columns: Column<BillingProvider>[] = [
    {
      header: t`Counts for`,
      render: (provider) => (
        <Link
          {...paths.paymentProvider(tenant.slug, provider.id)}
          className="font-medium break-words hover:underline"
        >
          {provider.tenantName ?? t`All others`}
        </Link>
      ),
    },
    { header: t`Payments are`, render: (provider) => nameOf(provider) },
    {
      header: t`Due invoices`,
      from: 'md',
      render: ({ kind, authority, chargesAutomatically }) =>
        kind === 'manual'
          ? '—'
          : authority === 'provider'
            ? t`Those of WHMCS count`
            : chargesAutomatically
              ? t`Charged by themselves`
              : t`Charged when asked`,
    },
    {
      header: t`Health`,
      narrow: true,
      render: ({ kind, health }) =>
        kind === 'manual' ? (
          <Badge tone="neutral">Nothing to reach</Badge>
        ) : (
          <StateBadge of="cluster" state={health} />
        ),
    },
    {
      header: t`Last heard`,
      from: 'lg',
      narrow: true,
      render: ({ heardAt }) => (heardAt === null ? t`Never` : <Time at={heardAt} relative />),
    },
  ]
  return (
    <Page
      title="Payment providers"
      permission="billing:read"
      actions={
        <Button
          variant="primary"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={mayAdd ? undefined : NO_PERMISSION('billing:manage')}
          onClick={() => setAdding(true)}
        >
          New provider
        </Button>
      }
    >
      <div className="space-y-4">
        <p className="max-w-3xl text-muted">
          Who collects what customers owe. A tenant follows its own choice, or else that of the platform;
          where nobody has chosen, payments are recorded by hand. Invoices are mPanel’s, unless a tenant lets
          those of its WHMCS count.
        </p>
        <Card flush>
          <List
            query={query}
            what="providers"
            columns={columns}
            empty={
              <EmptyState icon={CreditCard} title="No provider">
                Payments are recorded by hand. Add a provider to charge cards.
              </EmptyState>
            }
          />
        </Card>
      </div>
      <Dialog open={adding} onClose={() => setAdding(false)} title="New payment provider">
        {adding && <NewProviderForm onClose={() => setAdding(false)} />}
      </Dialog>
    </Page>
  )
}
