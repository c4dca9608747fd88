import { useQuery } from '@tanstack/react-query'
import { CalendarOff } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { clockEventsQuery, type ClockEvents as Events } from '../../api/clock.ts'
import { ChoiceFilter, Filters } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { SubjectLink } from '../../components/SubjectLink.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Day } from '../../ui/Time.tsx'
import { ASSUMPTIONS, TITLES } from '../billing/WhatHappensNext.tsx'

type Event = Events['items'][number]

const WORDS: Record<Event['what'], string> = {
  ...TITLES,
  orderUnpaid: t`The order is given up, since nobody has paid it`,
  domainRenewal: t`The renewal of the domain is ordered`,
  domainExpiry: t`The domain expires, unless it was renewed`,
}

/** What will happen on which day, to whom. */
export function ClockEvents({
  aheadMs,
  assume,
  onAssume,
}: {
  aheadMs: number
  assume: (typeof ASSUMPTIONS)[number]
  onAssume: (assume: (typeof ASSUMPTIONS)[number] | undefined) => void
}) {
  const query = useQuery(clockEventsQuery(assume, aheadMs))
  return (
    <Card title="What will happen" flush>
      <Filters>
        <ChoiceFilter
          label="If invoices are"
          value={assume}
          options={ASSUMPTIONS}
          onChange={onAssume}
          always
        />
      </Filters>
      <Loaded query={query} what="events">
        {({ items, until, isPart }) =>
          items.length === 0 ? (
            <EmptyState icon={CalendarOff} title="Nothing happens by itself">
              Order a CloudPod or a domain, and its future is shown here.
            </EmptyState>
          ) : (
            <>
              <ol className="space-y-4 p-4">
                {byDay(items).map(([date, ofDay]) => (
                  <li
                    key={date}
                    className="grid gap-x-4 gap-y-1 border-l-2 border-line pl-4 sm:grid-cols-[9rem_1fr]"
                  >
                    <div className="text-[13px] text-muted">
                      <Day date={date} />
                    </div>
                    <ul className="min-w-0 space-y-1.5">
                      {ofDay.map((one) => (
                        <Planned key={`${one.at} ${one.what} ${one.subject.id}`} event={one} />
                      ))}
                    </ul>
                  </li>
                ))}
              </ol>
              <p className="border-t border-line p-3 text-[13px] text-muted">
                Up to <Day date={until} />, if nobody does anything.{' '}
                {isPart && t`Only the first two hundred subscriptions and domains were looked at.`}
              </p>
            </>
          )
        }
      </Loaded>
    </Card>
  )
}

function byDay(events: Event[]): [date: string, ofDay: Event[]][] {
  const days = new Map<string, Event[]>()
  for (const event of events) days.set(event.date, [...(days.get(event.date) ?? []), event])
  return [...days]
}

function Planned({ event: { what, subject, customer } }: { event: Event }) {
  return (
    <li>
      <p className="font-medium">{WORDS[what]}</p>
      <p className="text-[13px] text-muted">
        <SubjectLink {...subject} />
        {customer && (
          <>
            {' · '}
            <SubjectLink type="customer" id={customer.id} label={customer.name} />
          </>
        )}
      </p>
    </li>
  )
}
