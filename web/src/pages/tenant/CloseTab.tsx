import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { useSubmit } from '../../api/submit.ts'
import { cancelClosure, closeTenant, closureQuery, type ClosureView } from '../../api/tenantEnd.ts'
import type { Tenant } from '../../api/tenants.ts'
import { TypeName } from '../../components/ConfirmDestroy.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { permits, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ClosureCard } from './ClosureCard.tsx'
import { ClosurePlan } from './ClosurePlan.tsx'

/** Says on the overview that a tenant is being closed, and until when that can be cancelled. */
export function ClosingNotice({ tenant }: { tenant: Tenant }) {
  const { me } = useSession()
  const allowed = permits(me, 'tenants:close')
  const { data } = useQuery({
    ...closureQuery(tenant.id),
    enabled: tenant.state === 'closing' && allowed,
  })
  if (tenant.state === 'closed')
    return (
      <Notice tone="info" title="The tenant is closed">
        Its data are erased; issued documents, the books and the audit log are kept.
      </Notice>
    )
  if (tenant.state !== 'closing') return null
  return (
    <Notice tone="warning" title="The tenant is being closed">
      {data?.closure?.state === 'cooling' ? (
        <>
          Everything in it is destroyed from <Time at={data.closure.dueAt} /> on. Until then it can be
          cancelled under Close.
        </>
      ) : allowed ? (
        t`Everything in it is being destroyed. Close shows how far that is.`
      ) : (
        t`Everything in it is being destroyed.`
      )}
    </Notice>
  )
}

/** What closing would destroy, the closing itself, its progress and its proof. */
export function CloseTab({ tenant }: { tenant: Tenant }) {
  const query = useQuery(closureQuery(tenant.id))
  return (
    <Loaded query={query} what="closing">
      {({ closure }) =>
        closure === null || closure.state === 'cancelled' ? (
          <DangerZone tenant={tenant} />
        ) : (
          <div className="space-y-4">
            <ClosureCard tenant={tenant} closure={closure} />
            {closure.state === 'cooling' && <CancelClosing tenant={tenant} />}
          </div>
        )
      }
    </Loaded>
  )
}

function DangerZone({ tenant }: { tenant: Tenant }) {
  const [open, setOpen] = useState(false)
  const dry = useSubmit({ send: (_: null, key) => closeTenant(tenant.id, { dryRun: true }, key) })
  const plan = dry.data?.plan
  return (
    <Card title="Danger zone">
      <div className="space-y-4">
        <p>
          Closing shuts everybody of the tenant out at once. After the cooling-off its subscriptions are
          cancelled, its CloudPods destroyed and its data erased. Issued documents, the books and the audit
          log are kept, because the law demands it.
        </p>
        <div className="flex flex-wrap gap-2">
          <Button
            loading={dry.isPending}
            onClick={() =>
              dry.mutate(null, { onError: (error) => toast.failed(t`Not listed`, error.message) })
            }
          >
            List what would be destroyed
          </Button>
          <Button
            variant="danger"
            disabledReason={
              plan === undefined || plan === null
                ? t`List what would be destroyed first.`
                : plan.blockers.length > 0
                  ? t`Something prevents it; see the list.`
                  : undefined
            }
            onClick={() => setOpen(true)}
          >
            Close the tenant
          </Button>
        </div>
        {plan && <ClosurePlan plan={plan} />}
      </div>
      <Dialog open={open} onClose={() => setOpen(false)} title="Close the tenant">
        <CloseForm
          tenant={tenant}
          days={plan?.coolingOffDays ?? 0}
          onClose={() => {
            setOpen(false)
            dry.reset()
          }}
        />
      </Dialog>
    </Card>
  )
}

function CloseForm({ tenant, days, onClose }: { tenant: Tenant; days: number; onClose: () => void }) {
  const of = useApiForm<{ name: string; reason: string }, ClosureView>({
    defaultValues: { name: '', reason: '' },
    send: (values, key) => closeTenant(tenant.id, { ...values, name: values.name.trim() }, key),
    onDone: () => {
      toast.done(t`The tenant is being closed`)
      onClose()
    },
  })
  const typed = of.form.watch('name')
  return (
    <Form
      of={of}
      danger
      submitLabel="Close the tenant"
      submitReason={typed.trim() === tenant.name ? undefined : t`Type the name first.`}
      onCancel={onClose}
    >
      <p>
        {days === 0
          ? t`The destruction begins at once and cannot be cancelled.`
          : t`Users are shut out and CloudPods stopped at once. For ${days} days it can be cancelled; then everything is destroyed.`}
      </p>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
      <TypeName
        name={tenant.name}
        input={<Input autoComplete="off" spellCheck={false} {...of.form.register('name')} />}
      />
    </Form>
  )
}

function CancelClosing({ tenant }: { tenant: Tenant }) {
  const cancelled = useSubmit({
    send: (_: null, key) => cancelClosure(tenant.id, key),
    onDone: () => toast.done(t`The closing is cancelled`),
  })
  return (
    <Card title="Cancel the closing">
      <div className="space-y-3">
        <p>
          The tenant is then what it was before: its users get in again, and the CloudPods that ran are
          started.
        </p>
        <Button
          loading={cancelled.isPending}
          onClick={() =>
            cancelled.mutate(null, { onError: (error) => toast.failed(t`Not cancelled`, error.message) })
          }
        >
          Cancel the closing
        </Button>
      </div>
    </Card>
  )
}
