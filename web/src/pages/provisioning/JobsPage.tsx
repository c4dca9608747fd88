import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { JOB_STATES, QUEUES } from '../../../../shared/states/provisioningJob.ts'
import { jobsQuery } from '../../api/provisioning.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, Filters, GivenFilter, oneOf } from '../../components/Filters.tsx'
import { JobList } from '../../components/JobList.tsx'
import { cursorOf } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'
import { Time } from '../../ui/Time.tsx'

const route = getRouteApi('/t/$tenant/jobs')

/** A time of an address, or nothing for what is none. */
const timeOf = (typed: string | undefined): string | undefined =>
  typed === undefined || Number.isNaN(Date.parse(typed)) ? undefined : new Date(typed).toISOString()

export default function JobsPage() {
  const { tenant, can } = useSession()
  const { page, ...wanted } = route.useSearch()
  const navigate = route.useNavigate()
  const state = oneOf(JOB_STATES, wanted.state)
  const queue = oneOf(QUEUES, wanted.queue)
  const endedSince = timeOf(wanted.endedSince)
  const filter = { state, queue, endedSince }
  const list = jobsQuery({ tenantId: tenant.id, ...filter, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: can('jobs:read'),
  })
  return (
    <Page title="Jobs" permission="jobs:read">
      <Card flush>
        <Filters>
          <ChoiceFilter
            label="State"
            value={state}
            options={JOB_STATES}
            onChange={(chosen) => void navigate({ search: { ...filter, state: chosen } })}
          />
          <ChoiceFilter
            label="Queue"
            value={queue}
            options={QUEUES}
            onChange={(chosen) => void navigate({ search: { ...filter, queue: chosen } })}
          />
          {endedSince && (
            <GivenFilter onRemove={() => void navigate({ search: { state, queue } })}>
              <span>
                Ended since <Time at={endedSince} />
              </span>
            </GivenFilter>
          )}
          <CsvButton of={list} />
        </Filters>
        <JobList
          query={query}
          withSubject
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
        />
      </Card>
    </Page>
  )
}
