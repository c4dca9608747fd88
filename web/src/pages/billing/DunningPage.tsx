import { useQuery } from '@tanstack/react-query'
import { BellRing, Plus } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { policiesQuery, removePolicy, type DunningPolicy } from '../../api/dunning.ts'
import { useSubmit } from '../../api/submit.ts'
import { List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { toast } from '../../ui/Toast.tsx'
import { DunningForm } from './DunningForm.tsx'

/** `after 3 and 7 days`; null days: never. */
const after = (days: number | null): string =>
  days === null ? t`Never` : days === 1 ? t`After 1 day` : t`After ${days} days`
const reminders = ({ remindAfterDays: days }: DunningPolicy): string =>
  days.length === 0 ? t`On the first day` : t`On the first day, and after ${days.join(', ')} days`

const whose = ({ tenantName, plan }: DunningPolicy) => (
  <>
    <div className="font-medium break-words">{tenantName ?? t`All others`}</div>
    {plan && <div className="text-[13px] break-words text-muted">Plan {plan.name}</div>}
  </>
)

export default function DunningPage() {
  const { tenant, can } = useSession()
  const permitted = can('billing:read')
  const query = useQuery({ ...policiesQuery({ tenantId: tenant.id, limit: 200 }), enabled: permitted })
  const [editing, setEditing] = useState<{ policy: DunningPolicy | undefined } | null>(null)
  const close = () => setEditing(null)
  const mayAdd = can('billing:manage', tenant.id ?? null)
  const columns: Column<DunningPolicy>[] = [
    { header: t`Counts for`, render: whose },
    { header: t`Told`, from: 'md', render: reminders },
    { header: t`Suspended`, narrow: true, render: ({ suspendAfterDays }) => after(suspendAfterDays) },
    {
      header: t`Ended`,
      narrow: true,
      from: 'sm',
      render: ({ terminateAfterDays }) => after(terminateAfterDays),
    },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (policy) => <Actions policy={policy} onEdit={() => setEditing({ policy })} />,
    },
  ]
  return (
    <Page
      title="Payment reminders"
      permission="billing:read"
      actions={
        <Button
          variant="primary"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={mayAdd ? undefined : NO_PERMISSION('billing:manage')}
          onClick={() => setEditing({ policy: undefined })}
        >
          Days of their own
        </Button>
      }
    >
      <div className="space-y-4">
        <p className="max-w-3xl text-muted">
          How many days after its due date an unpaid invoice has which consequence. Days are those of the
          tenant’s time zone; people are told and CloudPods switched off at nine in the morning. Nobody is
          suspended less than a day after having been told, nor ended less than three days after the last
          warning.
        </p>
        <Card flush>
          <List
            query={query}
            what="policies"
            columns={columns}
            empty={<EmptyState icon={BellRing} title="No policies" />}
          />
        </Card>
      </div>
      <Dialog
        open={editing !== null}
        onClose={close}
        title={editing?.policy ? t`Change the days` : t`Days of their own`}
      >
        {editing && <DunningForm policy={editing.policy} onClose={close} />}
      </Dialog>
    </Page>
  )
}

function Actions({ policy, onEdit }: { policy: DunningPolicy; onEdit: () => void }) {
  const { can } = useSession()
  const reason = can('billing:manage', policy.tenantId) ? undefined : NO_PERMISSION('billing:manage')
  const remove = useSubmit({
    send: () => removePolicy(policy.id),
    onDone: () => toast.done(t`The days of all others count again`),
  })
  return (
    <div className="flex justify-end gap-2">
      <Button size="sm" disabledReason={reason} onClick={onEdit}>
        Change
      </Button>
      {(policy.tenantId !== null || policy.plan !== null) && (
        <Button
          size="sm"
          loading={remove.isPending}
          disabledReason={reason}
          onClick={() =>
            remove.mutate(undefined, {
              onError: (error) => toast.failed(t`The days were not removed`, error.message),
            })
          }
        >
          Remove
        </Button>
      )}
    </div>
  )
}
