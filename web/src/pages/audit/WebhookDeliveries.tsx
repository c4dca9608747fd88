import { useQuery } from '@tanstack/react-query'
import { Send } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  deliveriesQuery,
  replayDelivery,
  replayFailed,
  type AuditWebhook,
  type AuditWebhookDelivery,
} from '../../api/webhooks.ts'
import { useSubmit } from '../../api/submit.ts'
import { ChoiceFilter, Filters } from '../../components/Filters.tsx'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { locale } from '../../lib/language.ts'
import { codeWords, count } from '../../lib/words.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { nowMs } from '../../lib/now.ts'

const STATES = ['waiting', 'delivered', 'failed'] as const
const TONES = { waiting: 'info', delivered: 'success', failed: 'danger' } as const
const DISABLED = t`The webhook is disabled.`

/** What was sent to a webhook, with what came of it. */
export function WebhookDeliveries({ webhook }: { webhook: AuditWebhook }) {
  const [state, setState] = useState<(typeof STATES)[number]>()
  const [trail, setTrail] = useState<string>()
  const [replaying, setReplaying] = useState(false)
  const query = useQuery(deliveriesQuery({ webhookId: webhook.id, state, cursor: cursorOf(trail) }))
  const disabledReason = webhook.state === 'disabled' ? DISABLED : undefined
  const columns: Column<AuditWebhookDelivery>[] = [
    {
      header: t`Event`,
      render: ({ eventType, createdAt }) => (
        <>
          <div className="font-mono text-[13px] break-all">{eventType}</div>
          <div className="text-[13px] text-muted">
            <Time at={createdAt} />
          </div>
        </>
      ),
    },
    {
      header: t`What came of it`,
      render: (delivery) => (
        <>
          <Badge tone={TONES[delivery.state]}>{codeWords(delivery.state)}</Badge>
          <span className="ml-2 text-[13px] text-muted">
            {count(delivery.attempts, t`attempt`, t`attempts`)}
          </span>
          <Said delivery={delivery} />
        </>
      ),
    },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (delivery) => <Replay delivery={delivery} disabledReason={disabledReason} />,
    },
  ]
  return (
    <Card
      title="Deliveries"
      flush
      actions={
        <Button size="sm" disabledReason={disabledReason} onClick={() => setReplaying(true)}>
          Replay what failed
        </Button>
      }
    >
      <Filters>
        <ChoiceFilter
          label="State"
          value={state}
          options={STATES}
          onChange={(chosen) => {
            setState(chosen)
            setTrail(undefined)
          }}
        />
      </Filters>
      <List
        query={query}
        what="deliveries"
        columns={columns}
        trail={trail}
        onTrail={setTrail}
        empty={
          <EmptyState icon={Send} title="Nothing was sent">
            Deliveries are kept for thirty days. A test event shows whether the receiver can be reached.
          </EmptyState>
        }
      />
      <Dialog open={replaying} onClose={() => setReplaying(false)} title="Replay what failed">
        {replaying && <ReplayForm webhook={webhook} onClose={() => setReplaying(false)} />}
      </Dialog>
    </Card>
  )
}

function Said({
  delivery: { status, answer, error, nextAttemptAt, state },
}: {
  delivery: AuditWebhookDelivery
}) {
  return (
    <>
      {status !== null && <div>{status}</div>}
      {error !== null && <div>{error}</div>}
      {answer && <div className="line-clamp-2 text-[13px] break-all text-muted">{answer}</div>}
      {state === 'waiting' && (
        <div className="text-[13px] text-muted">
          {status === null && error === null ? (
            <>
              first attempt <Time at={nextAttemptAt} />
            </>
          ) : (
            <>
              again <Time at={nextAttemptAt} />
            </>
          )}
        </div>
      )}
    </>
  )
}

function Replay({
  delivery,
  disabledReason,
}: {
  delivery: AuditWebhookDelivery
  disabledReason: string | undefined
}) {
  const replay = useSubmit({
    send: (_: undefined, key: string) => replayDelivery(delivery.id, key),
    onDone: () => toast.done(t`It is delivered once more`),
  })
  return (
    <Button
      size="sm"
      variant="ghost"
      aria-label={t`Replay ${delivery.eventType}`}
      loading={replay.isPending}
      disabledReason={disabledReason}
      onClick={() =>
        replay.mutate(undefined, {
          onError: (error) => toast.failed(t`It was not replayed`, error.message),
        })
      }
    >
      Replay
    </Button>
  )
}

const DAY_MS = 86_400_000
const weekAgo = (): string => new Date(nowMs() - 7 * DAY_MS).toISOString().slice(0, 10)

function ReplayForm({ webhook, onClose }: { webhook: AuditWebhook; onClose: () => void }) {
  const of = useApiForm<{ since: string }, { replayed: number }>({
    defaultValues: { since: weekAgo() },
    send: ({ since }, key) => replayFailed(webhook.id, { since: `${since}T00:00:00Z` }, key),
    onDone: ({ replayed }) => {
      toast.done(
        replayed === 1
          ? t`1 delivery is made once more`
          : t`${replayed.toLocaleString(locale)} deliveries are made once more`,
      )
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Replay" onCancel={onClose}>
      <Field
        label="Given up since day (UTC)"
        hint="What arrived before is not sent again."
        error={of.errorOf('since')}
      >
        <Input type="date" {...of.form.register('since', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}
