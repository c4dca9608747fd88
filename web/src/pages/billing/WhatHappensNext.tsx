import { useQuery } from '@tanstack/react-query'
import { CalendarOff } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { calendarQuery, type Subscription, type SubscriptionCalendar } from '../../api/billing.ts'
import { ChoiceFilter, DayFilter, Filters } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { formatMoney, isZero } from '../../lib/money.ts'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Day } from '../../ui/Time.tsx'

type Item = SubscriptionCalendar['items'][number]
export const ASSUMPTIONS = ['paid', 'unpaid'] as const
type Assumption = (typeof ASSUMPTIONS)[number]

export const TITLES: Record<Item['what'], string> = {
  trialNotice: t`The customer is told that the trial ends`,
  activate: t`The trial is over: the first period begins, and its invoice is issued`,
  trialOver: t`The subscription ends with its trial, and its CloudPod is deleted`,
  bill: t`An invoice is issued`,
  advance: t`The next period begins`,
  change: t`The next period begins, and with it the planned plan and price`,
  overdue: t`An invoice is overdue: the customer is told`,
  remind: t`The customer is reminded`,
  suspend: t`The CloudPod is switched off`,
  settle: t`Nothing is overdue any more: what was switched off comes back`,
  storage: t`The disk of the paused CloudPod is billed`,
  resume: t`The pause ends: the CloudPod comes back, and it is billed on`,
  warn: t`The customer is warned for the last time`,
  terminate: t`The subscription is ended, and its CloudPod deleted`,
  release: t`The hold ends`,
  end: t`The subscription ends as agreed, and its CloudPod is deleted`,
}

/** On which day what happens, if nobody does anything; asked of what the automation itself goes by. */
export function WhatHappensNext({
  subscription,
  assume,
  until,
  onChange,
}: {
  subscription: Subscription
  assume: Assumption
  /** The last day that is shown; where nothing is named the server says which. */
  until: string | undefined
  onChange: (change: { assume?: Assumption | undefined; until?: string | undefined }) => void
}) {
  const query = useQuery(calendarQuery(subscription.id, assume, until))
  return (
    <Card flush>
      <Filters>
        <ChoiceFilter
          label="If invoices are"
          value={assume}
          options={ASSUMPTIONS}
          onChange={(chosen) => onChange({ assume: chosen })}
          always
        />
        <DayFilter
          label="Up to"
          value={until ?? query.data?.until}
          onChange={(chosen) => onChange({ until: chosen })}
        />
      </Filters>
      <Loaded query={query} what="calendar">
        {({ items, timeZone, until: last }) =>
          items.length === 0 ? (
            <EmptyState icon={CalendarOff} title="Nothing happens by itself">
              {subscription.pause
                ? t`It stays paused until somebody resumes it.`
                : t`A subscription is billed and ended by itself from its delivery to its end.`}
            </EmptyState>
          ) : (
            <>
              <ol className="space-y-4 p-4">
                {items.map((item) => (
                  <Planned key={`${item.at} ${item.what}`} item={item} />
                ))}
              </ol>
              <p className="border-t border-line p-3 text-[13px] text-muted">
                Up to <Day date={last} />, by the calendar of {timeZone}, if nobody does anything.
              </p>
            </>
          )
        }
      </Loaded>
    </Card>
  )
}

function Planned({ item: { what, date, invoice } }: { item: Item }) {
  return (
    <li className="grid gap-x-4 gap-y-1 border-l-2 border-line pl-4 sm:grid-cols-[14rem_1fr]">
      <div className="text-[13px] text-muted">
        <Day date={date} />
      </div>
      <div className="min-w-0">
        <p className="font-medium">{TITLES[what]}</p>
        {invoice && (
          <p className="text-[13px] text-muted">
            {formatMoney(invoice.total)} for <Day date={invoice.from} /> – <Day date={invoice.to} />, due{' '}
            <Day date={invoice.dueDate} />
            {!isZero(invoice.fromCredit) && t`; ${formatMoney(invoice.fromCredit)} of it from credit`}
          </p>
        )}
      </div>
    </li>
  )
}
