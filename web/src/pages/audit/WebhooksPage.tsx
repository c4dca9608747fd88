import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus, Webhook } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { createWebhook, webhooksQuery, type AuditWebhook, type AuditWebhookMade } from '../../api/webhooks.ts'
import { List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { WebhookForm, WebhookSecret } from './WebhookForm.tsx'

export default function WebhooksPage() {
  const { tenant, can } = useSession()
  const [creating, setCreating] = useState(false)
  const [made, setMade] = useState<AuditWebhookMade | null>(null)
  const query = useQuery({ ...webhooksQuery({ tenantId: tenant.id }), enabled: can('audit:manage') })
  const columns: Column<AuditWebhook>[] = [
    {
      header: t`Webhook`,
      render: (webhook) => (
        <>
          <Link
            {...paths.auditWebhook(tenant.slug, webhook.id)}
            className="font-medium break-all hover:underline"
          >
            {webhook.url}
          </Link>
          <div className="text-[13px] text-muted">{webhook.description}</div>
        </>
      ),
    },
    { header: t`State`, narrow: true, render: (webhook) => <WebhookBadge webhook={webhook} /> },
    {
      header: t`Events`,
      narrow: true,
      from: 'md',
      render: ({ eventTypes }) =>
        eventTypes === null ? t`all` : count(eventTypes.length, t`kind`, t`kinds`),
    },
    {
      header: t`Last delivered`,
      narrow: true,
      from: 'md',
      render: ({ deliveredAt }) => (deliveredAt === null ? t`nothing yet` : <Time at={deliveredAt} />),
    },
  ]
  return (
    <Page
      title="Webhooks"
      crumbs={[{ label: t`Audit`, link: paths.audit(tenant.slug) }]}
      permission="audit:manage"
      actions={
        <Button icon={<Plus aria-hidden className="size-4" />} onClick={() => setCreating(true)}>
          New webhook
        </Button>
      }
    >
      <p className="text-muted">
        A program is told of the events that it asks for, some seconds after they happened. What does not
        arrive is tried again for three days. For the whole log in its order there are{' '}
        <Link {...paths.auditSinks(tenant.slug)} className="underline">
          sinks
        </Link>
        .
      </p>
      <Card flush>
        <List
          query={query}
          what="webhooks"
          columns={columns}
          empty={
            <EmptyState icon={Webhook} title="No program is told of anything yet">
              With a webhook your shop, your bookkeeping or your chat hears of orders, payments and pods.
            </EmptyState>
          }
        />
      </Card>
      <Dialog open={creating} onClose={() => setCreating(false)} title="New webhook" wide>
        {creating && (
          <WebhookForm
            submitLabel="Create"
            send={(values, key) => createWebhook({ ...values, tenantId: tenant.id ?? null }, key)}
            onClose={() => setCreating(false)}
            onDone={(webhook) => {
              setCreating(false)
              setMade(webhook)
            }}
          />
        )}
      </Dialog>
      <WebhookSecret made={made} onClose={() => setMade(null)} />
    </Page>
  )
}

export function WebhookBadge({ webhook }: { webhook: AuditWebhook }) {
  if (webhook.state === 'disabled')
    return webhook.disabledBecause === 'asked' ? (
      <Badge tone="neutral">disabled</Badge>
    ) : (
      <Badge tone="danger">disabled by itself</Badge>
    )
  if (webhook.failures > 0) return <Badge tone="danger">failing</Badge>
  if (webhook.waiting > 0) return <Badge tone="info">delivering</Badge>
  return <Badge tone="success">up to date</Badge>
}
