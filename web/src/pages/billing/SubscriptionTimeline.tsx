import { useQuery } from '@tanstack/react-query'
import { FileClock } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { subscriptionTimelineQuery, type Subscription, type SubscriptionTimeline } from '../../api/billing.ts'
import { AuditChanges } from '../../components/AuditChanges.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { formatMoney } from '../../lib/money.ts'
import { actorName, codeWords, humanize, jobTitle } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'

type Entry = SubscriptionTimeline['items'][number]

/** Events, invoices, payments and jobs of a subscription in one order, newest first. */
export function WhatHappened({ subscription }: { subscription: Subscription }) {
  const { can } = useSession()
  const [limit, setLimit] = useState(30)
  const permitted = can('audit:read', subscription.tenantId)
  const query = useQuery({ ...subscriptionTimelineQuery(subscription.id, limit), enabled: permitted })
  if (!permitted) return <p className="p-4 text-muted">{NO_PERMISSION('audit:read')}</p>
  return (
    <Card flush>
      <Loaded query={query} what="timeline">
        {({ items, nextCursor }) =>
          items.length === 0 ? (
            <EmptyState icon={FileClock} title="Nothing has happened yet" />
          ) : (
            <>
              <ol className="space-y-4 p-4">
                {items.map((entry) => (
                  <Happened key={entry.id} entry={entry} />
                ))}
              </ol>
              {nextCursor !== null && limit < 200 && (
                <div className="border-t border-line p-3 text-center">
                  <Button size="sm" loading={query.isFetching} onClick={() => setLimit(200)}>
                    Show what was before
                  </Button>
                </div>
              )}
            </>
          )
        }
      </Loaded>
    </Card>
  )
}

function titleOf({ kind, label, state, amount }: Entry): string {
  const money = amount === null ? null : formatMoney(amount)
  if (kind === 'invoice')
    return money === null
      ? t`Invoice ${label}, ${codeWords(state)}`
      : t`Invoice ${label} of ${money}, ${codeWords(state)}`
  if (kind === 'payment') return money === null ? t`Payment: ${label}` : t`Payment of ${money}: ${label}`
  if (kind === 'job') return `${jobTitle(label)}: ${codeWords(state)}`
  return humanize(label)
}

function Happened({ entry }: { entry: Entry }) {
  return (
    <li className="grid gap-x-4 gap-y-1 border-l-2 border-line pl-4 sm:grid-cols-[14rem_1fr]">
      <div className="text-[13px] text-muted">
        <Time at={entry.at} />
        {entry.actor && <div className="break-words">{actorName(entry.actor)}</div>}
      </div>
      <div className="min-w-0">
        <p className="font-medium break-words">{titleOf(entry)}</p>
        <AuditChanges event={{ diff: entry.diff, details: null }} />
      </div>
    </li>
  )
}
