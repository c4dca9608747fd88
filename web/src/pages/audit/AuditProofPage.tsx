import { useQuery } from '@tanstack/react-query'
import { Plus, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { placeHold, releaseHold, retentionQuery, sealsQuery, type AuditHold } from '../../api/audit.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { DataTable } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input, Textarea } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

export default function AuditProofPage() {
  const { tenant } = useSession()
  return (
    <Page
      title="Proof and retention"
      crumbs={[{ label: t`Audit`, link: paths.audit(tenant.slug) }]}
      permission="audit:manage"
      ofPlatform
    >
      <Seals />
      <Retention />
    </Page>
  )
}

function Seals() {
  const { can } = useSession()
  const query = useQuery({ ...sealsQuery, enabled: can('audit:read', null) })
  return (
    <Card title="Sealed batches" flush>
      <Loaded query={query} what="batches">
        {({ publicKey, unsealed, items }) => (
          <>
            <div className="space-y-3 p-4">
              <Facts
                facts={[
                  [t`Not sealed yet`, count(unsealed.events, t`event`, t`events`)],
                  [t`Public key`, publicKey && <CopyId key="key" id={publicKey} what="public key" />],
                ]}
              />
              <p className="text-muted">
                On the server, <code>mpanel audit verify</code> recomputes everything. An exported file is
                checked anywhere with <code>mpanel audit verify --file audit.jsonl --key …</code>, without a
                database.
              </p>
            </div>
            {items.length === 0 ? (
              <EmptyState icon={ShieldCheck} title="Nothing was sealed yet">
                New events are signed in batches every few seconds while a worker runs.
              </EmptyState>
            ) : (
              <DataTable
                label="batches"
                rows={items}
                rowKey={({ batch }) => batch}
                columns={[
                  { header: t`Batch`, narrow: true, render: ({ batch }) => batch },
                  { header: t`Sealed`, render: ({ sealedAt }) => <Time at={sealedAt} /> },
                  { header: t`Events`, narrow: true, render: ({ events }) => events },
                  {
                    header: t`Hash`,
                    from: 'md',
                    render: ({ hash }) => <code className="text-[13px] break-all">{hash}</code>,
                  },
                ]}
              />
            )}
          </>
        )}
      </Loaded>
    </Card>
  )
}

function Retention() {
  const { can } = useSession()
  const [placing, setPlacing] = useState(false)
  const query = useQuery({ ...retentionQuery, enabled: can('audit:manage', null) })
  return (
    <>
      <Card
        title="Legal holds"
        flush
        actions={
          <Button
            size="sm"
            icon={<Plus aria-hidden className="size-4" />}
            disabledReason={can('audit:manage', null) ? undefined : NO_PERMISSION('audit:manage')}
            onClick={() => setPlacing(true)}
          >
            Place a hold
          </Button>
        }
      >
        <Loaded query={query} what="holds">
          {({ holds }) =>
            holds.length === 0 ? (
              <EmptyState icon={ShieldCheck} title="Nothing is held">
                A hold keeps the events of a tenant or a thing in the database, for a dispute for example.
              </EmptyState>
            ) : (
              <DataTable
                label="holds"
                rows={holds}
                rowKey={({ id }) => id}
                columns={[
                  {
                    header: t`Reason`,
                    render: ({ reason }) => <span className="break-words">{reason}</span>,
                  },
                  {
                    header: t`Keeps`,
                    render: ({ tenantId, targetId }) => (
                      <span className="break-all">
                        {targetId ?? (tenantId === null ? t`everything` : t`tenant ${tenantId}`)}
                      </span>
                    ),
                  },
                  {
                    header: t`Placed`,
                    from: 'md',
                    render: ({ placedBy, placedAt }) => (
                      <>
                        {placedBy}
                        <div className="text-[13px] text-muted">
                          <Time at={placedAt} />
                        </div>
                      </>
                    ),
                  },
                  {
                    header: t`Actions`,
                    narrow: true,
                    align: 'right',
                    render: (hold) => <Release hold={hold} />,
                  },
                ]}
              />
            )
          }
        </Loaded>
      </Card>
      <Card title="Archives" flush>
        <Loaded query={query} what="archives">
          {({ archives, days }) => (
            <>
              <p className="p-4 text-muted">
                Months that ended more than {days} days ago are written to files and leave the database.
              </p>
              {archives.length > 0 && (
                <DataTable
                  label="archives"
                  rows={archives}
                  rowKey={({ month }) => month}
                  columns={[
                    { header: t`Month`, narrow: true, render: ({ month }) => month },
                    { header: t`File`, render: ({ file }) => <span className="break-all">{file}</span> },
                    { header: t`Events`, narrow: true, render: ({ events }) => events },
                    {
                      header: 'SHA-256',
                      from: 'lg',
                      render: ({ sha256 }) => <code className="text-[13px] break-all">{sha256}</code>,
                    },
                  ]}
                />
              )}
            </>
          )}
        </Loaded>
      </Card>
      <Dialog open={placing} onClose={() => setPlacing(false)} title="Place a hold">
        {placing && <HoldForm onClose={() => setPlacing(false)} />}
      </Dialog>
    </>
  )
}

function Release({ hold }: { hold: AuditHold }) {
  const release = useSubmit({
    send: (_: undefined, key: string) => releaseHold(hold.id, key),
    onDone: () => toast.done(t`Released`),
  })
  if (hold.releasedAt !== null) return <span className="text-muted">released by {hold.releasedBy}</span>
  return (
    <Button
      size="sm"
      variant="ghost"
      loading={release.isPending}
      onClick={() =>
        release.mutate(undefined, {
          onError: (error) => toast.failed(t`It was not released`, error.message),
        })
      }
    >
      Release
    </Button>
  )
}

function HoldForm({ onClose }: { onClose: () => void }) {
  const { tenant } = useSession()
  const of = useApiForm<{ reason: string; targetId: string }, AuditHold>({
    defaultValues: { reason: '', targetId: '' },
    send: ({ reason, targetId }, key) =>
      placeHold({ reason, tenantId: tenant.id ?? null, targetId: targetId.trim() || null }, key),
    onDone: () => {
      toast.done(t`The hold is in force`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Place" onCancel={onClose}>
      <p className="text-muted">
        {tenant.id === undefined
          ? t`It keeps the events of everybody.`
          : t`It keeps the events of ${tenant.name}.`}
      </p>
      <Field label="Id of one thing" optional hint="Only its events" error={of.errorOf('targetId')}>
        <Input maxLength={100} {...of.form.register('targetId')} />
      </Field>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Textarea rows={3} maxLength={1000} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}
