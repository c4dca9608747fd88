import { useQuery } from '@tanstack/react-query'
import { Plus, Radio } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  createSink,
  deleteSink,
  sinksQuery,
  testSink,
  updateSink,
  type AuditSink,
  type AuditSinkMade,
} from '../../api/audit.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input, Select, Textarea } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

export default function AuditSinksPage() {
  const { tenant, can } = useSession()
  const [creating, setCreating] = useState(false)
  const [made, setMade] = useState<AuditSinkMade | null>(null)
  const query = useQuery({ ...sinksQuery({ tenantId: tenant.id }), enabled: can('audit:manage') })
  const columns: Column<AuditSink>[] = [
    {
      header: t`Sink`,
      render: (sink) => (
        <>
          <div className="font-medium break-words">{sink.name}</div>
          <div className="text-[13px] break-all text-muted">{sink.address}</div>
        </>
      ),
    },
    { header: t`State`, narrow: true, render: (sink) => <State sink={sink} /> },
    {
      header: t`Delivered`,
      from: 'md',
      render: ({ delivered, deliveredAt }) => (
        <>
          {delivered} events
          <div className="text-[13px] text-muted">
            {deliveredAt === null ? t`nothing yet` : <Time at={deliveredAt} />}
          </div>
        </>
      ),
    },
    { header: t`Actions`, narrow: true, align: 'right', render: (sink) => <Actions sink={sink} /> },
  ]
  return (
    <Page
      title="Sinks"
      crumbs={[{ label: t`Audit`, link: paths.audit(tenant.slug) }]}
      permission="audit:manage"
      actions={
        <Button icon={<Plus aria-hidden className="size-4" />} onClick={() => setCreating(true)}>
          New sink
        </Button>
      }
    >
      <p className="text-muted">
        Events go to these receivers in the order in which they were sealed, some seconds after they happened.
        Each may come more than once: receivers tell repeated ones by their id.
      </p>
      <Card flush>
        <List
          query={query}
          what="sinks"
          columns={columns}
          empty={
            <EmptyState icon={Radio} title="Events are delivered nowhere yet">
              A sink gets every event once it is sealed, such as the system that watches over all others.
            </EmptyState>
          }
        />
      </Card>
      <Dialog open={creating} onClose={() => setCreating(false)} title="New sink">
        {creating && (
          <SinkForm
            onClose={() => setCreating(false)}
            onMade={(sink) => {
              setCreating(false)
              setMade(sink)
            }}
          />
        )}
      </Dialog>
      <Dialog open={made !== null} onClose={() => setMade(null)} title="The sink was made">
        {made?.secret && (
          <div className="space-y-3">
            <p>This secret signs the deliveries. It is not shown again.</p>
            <CopyId id={made.secret} what="secret" />
          </div>
        )}
        {made && !made.secret && <p>Send a test event to see whether it arrives.</p>}
      </Dialog>
    </Page>
  )
}

function State({ sink }: { sink: AuditSink }) {
  if (sink.state === 'paused') return <Badge tone="neutral">paused</Badge>
  if (sink.lastError !== null)
    return (
      <>
        <Badge tone="danger">failing</Badge>
        <div className="text-[13px] text-muted">
          {sink.lastError}; {count(sink.behind, t`batch`, t`batches`)} behind, again{' '}
          <Time at={sink.nextAttemptAt} />
        </div>
      </>
    )
  if (sink.behind === 0) return <Badge tone="success">up to date</Badge>
  return (
    <>
      <Badge tone="info">delivering</Badge>
      <div className="text-[13px] text-muted">
        {count(sink.behind, t`batch`, t`batches`)} behind, since <Time at={sink.waitingSince} />
      </div>
    </>
  )
}

function Actions({ sink }: { sink: AuditSink }) {
  const [deleting, setDeleting] = useState(false)
  const failed = (error: Error) => toast.failed(t`${sink.name} was not changed`, error.message)
  const test = useSubmit({
    send: (_: undefined, key: string) => testSink(sink.id, key),
    onDone: () => toast.done(t`A test event is on its way; the jobs say whether it arrived`),
  })
  const state = sink.state === 'active' ? 'paused' : 'active'
  const change = useSubmit({ send: () => updateSink(sink.id, { state }), onDone: () => toast.done(t`Saved`) })
  return (
    <span className="inline-flex flex-wrap justify-end gap-1">
      <Button
        size="sm"
        variant="ghost"
        loading={test.isPending}
        onClick={() => test.mutate(undefined, { onError: failed })}
      >
        Test
      </Button>
      <Button
        size="sm"
        variant="ghost"
        loading={change.isPending}
        onClick={() => change.mutate(undefined, { onError: failed })}
      >
        {state === 'paused' ? t`Pause` : t`Resume`}
      </Button>
      <Button size="sm" variant="ghost" onClick={() => setDeleting(true)}>
        Delete
      </Button>
      <ConfirmDestroy
        open={deleting}
        onClose={() => setDeleting(false)}
        title="Delete the sink"
        name={sink.name}
        effect="What it was not given yet is not delivered any more."
        submitLabel="Delete"
        send={() => deleteSink(sink.id)}
        onDone={() => {
          setDeleting(false)
          toast.done(t`${sink.name} deleted`)
        }}
      />
    </span>
  )
}

type Values = { name: string; kind: 'webhook' | 'syslog'; address: string; caPem: string }

function SinkForm({ onClose, onMade }: { onClose: () => void; onMade: (sink: AuditSinkMade) => void }) {
  const { tenant } = useSession()
  const of = useApiForm<Values, AuditSinkMade>({
    defaultValues: { name: '', kind: 'webhook', address: '', caPem: '' },
    send: ({ caPem, ...values }, key) =>
      createSink({ ...values, tenantId: tenant.id ?? null, caPem: caPem.trim() === '' ? null : caPem }, key),
    onDone: onMade,
  })
  return (
    <Form of={of} submitLabel="Create" onCancel={onClose}>
      <Field label="Name" error={of.errorOf('name')}>
        <Input maxLength={100} {...of.form.register('name', { required: REQUIRED })} />
      </Field>
      <Field label="Kind" error={of.errorOf('kind')}>
        <Select {...of.form.register('kind')}>
          <option value="webhook">Webhook</option>
          {tenant.id === undefined && <option value="syslog">Syslog over TLS</option>}
        </Select>
      </Field>
      <Field
        label="Address"
        hint="https://… for a webhook, tls://host:6514 for syslog"
        error={of.errorOf('address')}
      >
        <Input maxLength={500} {...of.form.register('address', { required: REQUIRED })} />
      </Field>
      <Field
        label="Certificates to trust"
        optional
        hint="PEM; without it the system's authorities"
        error={of.errorOf('caPem')}
      >
        <Textarea rows={4} {...of.form.register('caPem')} />
      </Field>
    </Form>
  )
}
