import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  deleteWebhook,
  rotateWebhook,
  testWebhook,
  updateWebhook,
  webhookQuery,
  type AuditWebhook,
  type AuditWebhookMade,
} from '../../api/webhooks.ts'
import { useSubmit } from '../../api/submit.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { WebhookDeliveries } from './WebhookDeliveries.tsx'
import { WebhookForm, WebhookSecret } from './WebhookForm.tsx'
import { WebhookBadge } from './WebhooksPage.tsx'

const route = getRouteApi('/t/$tenant/audit/webhooks/$id')
const failed = (error: Error) => toast.failed(t`Nothing was changed`, error.message)

const WHY = {
  failing: t`Nothing arrived for three days, so mPanel disabled it. What waits is kept: enable it when the receiver works.`,
  gone: t`The receiver answered that it is gone (410), so mPanel disabled it. What waits is kept.`,
  asked: t`It is told of nothing. What happens meanwhile is delivered when it is enabled again.`,
}

export default function WebhookPage() {
  const { tenant, can } = useSession()
  const { id } = route.useParams()
  const query = useQuery({ ...webhookQuery(id), enabled: can('audit:manage') })
  return (
    <Page
      title="Webhook"
      crumbs={[
        { label: t`Audit`, link: paths.audit(tenant.slug) },
        { label: t`Webhooks`, link: paths.auditWebhooks(tenant.slug) },
      ]}
      permission="audit:manage"
      badge={query.data && <WebhookBadge webhook={query.data} />}
      actions={query.data && <Actions webhook={query.data} />}
    >
      <Loaded query={query} what="webhook">
        {(webhook) => (
          <div className="space-y-4">
            {webhook.disabledBecause && (
              <Notice tone={webhook.disabledBecause === 'asked' ? 'info' : 'danger'}>
                {WHY[webhook.disabledBecause]}
              </Notice>
            )}
            <Card title="What it is told">
              <Facts
                facts={[
                  [
                    t`Address`,
                    <span key="url" className="break-all">
                      {webhook.url}
                    </span>,
                  ],
                  [t`Description`, webhook.description || null],
                  [t`Id`, <CopyId key="id" id={webhook.id} what="webhook" />],
                  [
                    t`Events`,
                    webhook.eventTypes === null ? t`all` : <Kinds key="kinds" kinds={webhook.eventTypes} />,
                  ],
                  [t`Last delivered`, webhook.deliveredAt && <Time key="at" at={webhook.deliveredAt} />],
                  [t`Waiting`, webhook.waiting],
                  [t`Given up`, webhook.failed],
                  [t`Failed attempts since`, webhook.failures],
                  webhook.formerSecretUntil === null
                    ? null
                    : [t`The former secret signs until`, <Time key="until" at={webhook.formerSecretUntil} />],
                ]}
              />
            </Card>
            <WebhookDeliveries webhook={webhook} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

const Kinds = ({ kinds }: { kinds: string[] }) => (
  <ul className="font-mono text-[13px] break-all">
    {kinds.map((kind) => (
      <li key={kind}>{kind}</li>
    ))}
  </ul>
)

function Actions({ webhook }: { webhook: AuditWebhook }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [open, setOpen] = useState<'change' | 'secret' | 'delete' | null>(null)
  const [made, setMade] = useState<AuditWebhookMade | null>(null)
  const close = () => setOpen(null)
  const test = useSubmit({
    send: (_: undefined, key: string) => testWebhook(webhook.id, key),
    onDone: () => toast.done(t`A test event is on its way`),
  })
  const isEnabled = webhook.state === 'enabled'
  const turn = useSubmit({
    send: () => updateWebhook(webhook, { state: isEnabled ? 'disabled' : 'enabled' }),
    onDone: ({ state }) => toast.done(state === 'enabled' ? t`Enabled` : t`Disabled`),
  })
  return (
    <>
      <Button
        loading={test.isPending}
        disabledReason={isEnabled ? undefined : t`The webhook is disabled.`}
        onClick={() => test.mutate(undefined, { onError: failed })}
      >
        Send a test event
      </Button>
      <Button onClick={() => setOpen('change')}>Change</Button>
      <Button onClick={() => setOpen('secret')}>New secret</Button>
      <Button loading={turn.isPending} onClick={() => turn.mutate(undefined, { onError: failed })}>
        {isEnabled ? t`Disable` : t`Enable`}
      </Button>
      <Button variant="danger" onClick={() => setOpen('delete')}>
        Delete
      </Button>
      <Dialog open={open === 'change'} onClose={close} title="Change the webhook" wide>
        {open === 'change' && (
          <WebhookForm
            webhook={webhook}
            submitLabel="Save"
            send={(values) => updateWebhook(webhook, values)}
            onClose={close}
            onDone={() => {
              toast.done(t`Saved`)
              close()
            }}
          />
        )}
      </Dialog>
      <Dialog open={open === 'secret'} onClose={close} title="New secret">
        {open === 'secret' && (
          <SecretForm
            webhook={webhook}
            onClose={close}
            onMade={(changed) => {
              close()
              setMade(changed)
            }}
          />
        )}
      </Dialog>
      <WebhookSecret made={made} onClose={() => setMade(null)} />
      <ConfirmDestroy
        open={open === 'delete'}
        onClose={close}
        title="Delete the webhook"
        name={new URL(webhook.url).hostname}
        effect="It is told of nothing more, and its deliveries are forgotten."
        submitLabel="Delete"
        send={() => deleteWebhook(webhook.id)}
        onDone={() => {
          toast.done(t`Webhook deleted`)
          void navigate(paths.auditWebhooks(tenant.slug))
        }}
      />
    </>
  )
}

function SecretForm({
  webhook,
  onClose,
  onMade,
}: {
  webhook: AuditWebhook
  onClose: () => void
  onMade: (made: AuditWebhookMade) => void
}) {
  const of = useApiForm<{ overlapHours: number }, AuditWebhookMade>({
    defaultValues: { overlapHours: 24 },
    send: ({ overlapHours }, key) => rotateWebhook(webhook.id, overlapHours, key),
    onDone: onMade,
  })
  return (
    <Form of={of} submitLabel="Make a new secret" onCancel={onClose}>
      <Field
        label="Hours for which the present secret signs as well"
        hint="0 when somebody else may know it"
        error={of.errorOf('overlapHours')}
      >
        <Input type="number" min={0} max={168} {...of.form.register('overlapHours', wholeNumber(0, 168))} />
      </Field>
    </Form>
  )
}
