import { useQuery } from '@tanstack/react-query'
import { t } from '../../../../shared/text.ts'
import {
  reconciliationsQuery,
  startReconciliation,
  type BillingReconciliation,
} from '../../api/billingFindings.ts'
import { useSubmit } from '../../api/submit.ts'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { locale } from '../../lib/language.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { COMPARISON } from './bookRuns.ts'

/** When the books were compared last, what could not be read then, and a button to do it now. */
export function BooksCompared() {
  const { tenant, can } = useSession()
  const query = useQuery({
    ...reconciliationsQuery({ tenantId: tenant.id, limit: 1 }),
    // Which tenant is meant has to be known.
    enabled: can('billing:read') && tenant.id !== undefined,
  })
  const last = query.data?.items[0]
  const starting = useSubmit({
    send: (tenantId: string, key) => startReconciliation(tenantId, key),
    onDone: () => toast.done(t`The books are being compared`),
  })
  const reason = !can('billing:manage')
    ? NO_PERMISSION('billing:manage')
    : tenant.id === undefined
      ? t`Choose a tenant whose books are compared.`
      : last?.state === 'running'
        ? t`The books are being compared: wait until that has ended.`
        : undefined
  return (
    <Card title="Comparison">
      <div className="space-y-3">
        <p className="max-w-3xl text-muted">
          Once a night the ledger is compared with invoices, credit notes and payments, subscriptions with
          their CloudPods, and all of it with what payment providers say. What mPanel had only not heard of is
          taken over.
        </p>
        {starting.error && <Notice tone="danger">{starting.error.message}</Notice>}
        {last && <Last run={last} />}
        <Button
          loading={starting.isPending}
          disabledReason={reason}
          onClick={() => tenant.id !== undefined && starting.mutate(tenant.id)}
        >
          Compare now
        </Button>
      </div>
    </Card>
  )
}

const NAMES = { manual: t`By hand`, stripe: 'Stripe', whmcs: 'WHMCS' } as const

function Last({ run }: { run: BillingReconciliation }) {
  const parts = run.report?.parts.filter(({ provider }) => provider !== null) ?? []
  return (
    <div className="space-y-2">
      <p>
        <Badge
          tone={run.state === 'done' ? 'success' : run.state === 'failed' ? 'danger' : 'info'}
          busy={run.state === 'running'}
        >
          {COMPARISON[run.state]}
        </Badge>{' '}
        <Time at={run.endedAt ?? run.createdAt} relative />
        {run.report && t`: ${run.report.opened} found, ${run.report.closed} settled`}
      </p>
      {run.problem !== null && <Notice tone="danger">{run.problem}</Notice>}
      {parts.map(({ provider, checked, problem }) =>
        provider === null ? null : problem === null ? (
          <p key={provider.id} className="text-muted">
            {NAMES[provider.kind]}: {checked.toLocaleString(locale)} compared.
          </p>
        ) : (
          <Notice key={provider.id} tone="warning">
            {NAMES[provider.kind]} was not compared to the end, and nothing was concluded of the rest:{' '}
            {problem}
          </Notice>
        ),
      )}
    </div>
  )
}
