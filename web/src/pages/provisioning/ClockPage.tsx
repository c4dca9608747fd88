import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import { clockQuery, type Clock } from '../../api/clock.ts'
import { meQuery } from '../../api/session.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { goAhead } from '../../lib/now.ts'
import { ASSUMPTIONS } from '../billing/WhatHappensNext.tsx'
import { Advance, Advancing, Last, Refused } from './ClockAdvance.tsx'
import { ClockEvents } from './ClockEvents.tsx'

const route = getRouteApi('/t/$tenant/clock')

/** Where mPanel is tried out, time can be advanced: what would happen in weeks happens now. */
export default function ClockPage() {
  const { can } = useSession()
  const assume = oneOf(ASSUMPTIONS, route.useSearch().assume) ?? 'unpaid'
  const navigate = route.useNavigate()
  const may = can('infrastructure:manage', null)
  const query = useQuery({ ...clockQuery, enabled: may })
  const clock = query.data
  useFollow(clock)
  return (
    <Page title="Simulated clock" permission="infrastructure:manage" ofPlatform>
      <p className="max-w-3xl text-muted">
        Let the days pass and see what really happens: renewals, invoices, reminders, suspensions and ends.
        The simulated systems move along, and log-ins stay as they are. Time goes forward only, and once it is
        ahead nothing real can be connected; begin with another data folder to begin anew.
      </p>
      <Loaded query={query} what="clock">
        {(shown) => (
          <div className="space-y-4">
            {shown.refused && <Refused refused={shown.refused} />}
            {shown.run ? (
              <Advancing run={shown.run} now={shown.now} />
            ) : (
              <Advance clock={shown} assume={assume} />
            )}
            {!shown.run && shown.last && <Last last={shown.last} />}
          </div>
        )}
      </Loaded>
      {clock?.run === null && (
        <ClockEvents
          aheadMs={clock.aheadMs}
          assume={assume}
          onAssume={(chosen) => void navigate({ search: { assume: chosen }, replace: true })}
        />
      )}
    </Page>
  )
}

/** All that is shown goes by the clock, and is read anew once it has arrived. */
function useFollow(clock: Clock | undefined): void {
  const client = useQueryClient()
  const ahead = clock?.aheadMs
  const isRunning = clock !== undefined && clock.run !== null
  useEffect(() => {
    if (ahead === undefined) return
    goAhead(ahead)
    client.setQueryData(meQuery.queryKey, (me) => me && { ...me, clock: me.clock && { aheadMs: ahead } })
  }, [client, ahead])
  useEffect(() => {
    if (!isRunning) return undefined
    return () => void client.invalidateQueries()
  }, [client, isRunning])
}
