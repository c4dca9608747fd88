import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { JOB_STATES, QUEUES } from '../../../../shared/states/provisioningJob.ts'
import { jobsQuery } from '../../api/provisioning.ts'
import { ChoiceFilter, Filters, oneOf } from '../../components/Filters.tsx'
import { JobList } from '../../components/JobList.tsx'
import { cursorOf } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'

const route = getRouteApi('/t/$tenant/jobs')

export default function JobsPage() {
  const { tenant, can } = useSession()
  const { page, ...wanted } = route.useSearch()
  const navigate = route.useNavigate()
  const state = oneOf(JOB_STATES, wanted.state)
  const queue = oneOf(QUEUES, wanted.queue)
  const query = useQuery({
    ...jobsQuery({ tenantId: tenant.id, state, queue, cursor: cursorOf(page) }),
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
            onChange={(chosen) => void navigate({ search: { state: chosen, queue } })}
          />
          <ChoiceFilter
            label="Queue"
            value={queue}
            options={QUEUES}
            onChange={(chosen) => void navigate({ search: { state, queue: chosen } })}
          />
        </Filters>
        <JobList
          query={query}
          withSubject
          trail={page}
          onTrail={(trail) => void navigate({ search: { state, queue, page: trail } })}
        />
      </Card>
    </Page>
  )
}
