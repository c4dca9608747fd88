import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { BookOpen } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  recordInvoicesQuery,
  recordRunsQuery,
  recordServicesQuery,
  startRecordRun,
  type BillingRecordInvoice,
  type BillingRecordRun,
  type BillingRecordService,
} from '../../api/billingRecords.ts'
import type { BillingProvider } from '../../api/payments.ts'
import { useSubmit } from '../../api/submit.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { formatMoney } from '../../lib/money.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Day, Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { COMPARISON, IMPORT } from './bookRuns.ts'
import { BooksReport } from './BooksReport.tsx'

type Of = { provider: BillingProvider }

/** The books that a provider keeps itself: what importing them would do, and what of them mPanel has. */
export function ProviderBooks({ provider }: Of) {
  return (
    <>
      <Import provider={provider} />
      <Invoices provider={provider} />
      <Services provider={provider} />
    </>
  )
}

function Import({ provider }: Of) {
  const { can } = useSession()
  const query = useQuery(recordRunsQuery({ providerId: provider.id, limit: 1 }))
  const last = query.data?.items[0]
  const starting = useSubmit({
    send: (mode: 'check' | 'take', key) => startRecordRun(provider.id, mode, key),
    onDone: () => toast.done(t`The books are being read`),
  })
  const reason = !can('billing:manage', provider.tenantId)
    ? NO_PERMISSION('billing:manage')
    : last?.state === 'running'
      ? t`The books are being read: wait until that has ended.`
      : undefined
  return (
    <Card title="Import">
      <div className="space-y-3">
        <p className="max-w-3xl text-muted">
          Clients become customers; services, invoices and payments are taken over as history. Nothing is
          changed in WHMCS, and nothing that mPanel has is overwritten.{' '}
          {provider.authority === 'provider'
            ? t`It can be done again at any time, and is done by itself once a day.`
            : t`It can be done again at any time.`}
        </p>
        {starting.error && <Notice tone="danger">{starting.error.message}</Notice>}
        <div className="flex flex-wrap gap-2">
          <Button
            loading={starting.isPending}
            disabledReason={reason}
            onClick={() => starting.mutate('check')}
          >
            Show what it would do
          </Button>
          <Button
            variant="primary"
            loading={starting.isPending}
            disabledReason={reason}
            onClick={() => starting.mutate('take')}
          >
            Import
          </Button>
        </div>
        {last && <Last run={last} />}
      </div>
    </Card>
  )
}

function Last({ run }: { run: BillingRecordRun }) {
  const words = run.mode === 'check' ? COMPARISON : IMPORT
  return (
    <div className="space-y-3">
      <p>
        <Badge
          tone={run.state === 'done' ? 'success' : run.state === 'failed' ? 'danger' : 'info'}
          busy={run.state === 'running'}
        >
          {words[run.state]}
        </Badge>{' '}
        <Time at={run.endedAt ?? run.createdAt} relative />
      </p>
      {run.problem !== null && <Notice tone="danger">{run.problem}</Notice>}
      {run.report && <BooksReport report={run.report} isCheck={run.mode === 'check'} />}
    </div>
  )
}

function Customer({ of: { customer } }: { of: BillingRecordInvoice | BillingRecordService }) {
  const { tenant } = useSession()
  return (
    <Link {...paths.customer(tenant.slug, customer.id)} className="break-words hover:underline">
      {customer.name}
    </Link>
  )
}

const Gone = ({ at }: { at: string | null }) =>
  at === null ? null : <Badge tone="warning">Gone there</Badge>

const INVOICES: Column<BillingRecordInvoice>[] = [
  { header: t`Number`, render: ({ number }) => <span className="font-medium">{number}</span> },
  { header: t`Customer`, render: (one) => <Customer of={one} /> },
  {
    header: t`State`,
    narrow: true,
    render: ({ status, goneAt }) => (
      <>
        <Badge tone={status === 'paid' ? 'success' : 'neutral'}>{humanize(status)}</Badge>{' '}
        <Gone at={goneAt} />
      </>
    ),
  },
  { header: t`Issued`, from: 'md', narrow: true, render: ({ issued }) => <Day date={issued} /> },
  { header: t`Total`, narrow: true, render: ({ total }) => formatMoney(total) },
  { header: t`Paid`, from: 'lg', narrow: true, render: ({ paid }) => formatMoney(paid) },
]

const SERVICES: Column<BillingRecordService>[] = [
  {
    header: t`Service`,
    render: ({ ref, product, name }) => (
      <span className="font-medium break-words">
        {product} {name === '' ? t`no. ${ref}` : name}
      </span>
    ),
  },
  { header: t`Customer`, render: (one) => <Customer of={one} /> },
  {
    header: t`State`,
    narrow: true,
    render: ({ status, goneAt }) => (
      <>
        <Badge tone={status === 'active' ? 'success' : 'neutral'}>{humanize(status)}</Badge>{' '}
        <Gone at={goneAt} />
      </>
    ),
  },
  {
    header: t`Costs`,
    from: 'md',
    narrow: true,
    render: ({ recurring, cycle }) => `${formatMoney(recurring)}, ${cycle}`,
  },
  { header: t`Next due`, from: 'lg', narrow: true, render: ({ nextDue }) => <Day date={nextDue} /> },
]

const PAGE = 20

function Invoices({ provider }: Of) {
  const [trail, setTrail] = useState<string>()
  const filter = { providerId: provider.id, limit: PAGE, cursor: cursorOf(trail) }
  return (
    <Card title="Invoices of WHMCS" flush>
      <List
        query={useQuery(recordInvoicesQuery(filter))}
        what="invoices of WHMCS"
        columns={INVOICES}
        trail={trail}
        onTrail={setTrail}
        empty={
          <EmptyState icon={BookOpen} title="None were taken over">
            Import them to see them here.
          </EmptyState>
        }
      />
    </Card>
  )
}

function Services({ provider }: Of) {
  const [trail, setTrail] = useState<string>()
  const filter = { providerId: provider.id, limit: PAGE, cursor: cursorOf(trail) }
  return (
    <Card title="Services of WHMCS" flush>
      <List
        query={useQuery(recordServicesQuery(filter))}
        what="services of WHMCS"
        columns={SERVICES}
        trail={trail}
        onTrail={setTrail}
        empty={
          <EmptyState icon={BookOpen} title="None were taken over">
            Import them to see them here.
          </EmptyState>
        }
      />
    </Card>
  )
}
