import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Boxes, Plus } from 'lucide-react'
import { POD_STATES } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import { cloudPodsQuery } from '../../api/cloudPods.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { cursorOf } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { PodList } from '../../components/PodList.tsx'
import { useSession } from '../../components/session.ts'
import { TagFilter } from '../../components/Tags.tsx'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/cloudpods')

export default function CloudPodsPage() {
  const { tenant, can } = useSession()
  const { q, state: wanted, tag, service, page } = route.useSearch()
  const navigate = route.useNavigate()
  const state = oneOf(POD_STATES, wanted)
  const list = cloudPodsQuery({ tenantId: tenant.id, q, state, tag, service, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: can('cloudpods:read'),
  })
  const filter = { q, state, tag, service }
  const filtered = Object.values(filter).some(Boolean)
  const actions = (
    <>
      {can('cloudpods:create') && (
        <Link {...paths.newCloudPod(tenant.slug)} className={buttonClass()}>
          <Plus aria-hidden className="size-4" />
          New without subscription
        </Link>
      )}
      {can('subscriptions:write') && (
        <Link {...paths.order(tenant.slug)} className={buttonClass('primary')}>
          <Plus aria-hidden className="size-4" />
          New subscription
        </Link>
      )}
    </>
  )
  return (
    <Page title="CloudPods" permission="cloudpods:read" actions={actions}>
      <Card flush>
        <Filters>
          <SearchFilter
            label="Search by host name"
            value={q}
            onChange={(typed) => void navigate({ search: { ...filter, q: typed }, replace: true })}
          />
          <ChoiceFilter
            label="State"
            value={state}
            options={POD_STATES}
            onChange={(chosen) => void navigate({ search: { ...filter, state: chosen } })}
          />
          <SearchFilter
            label="Service number or key"
            value={service}
            onChange={(typed) => void navigate({ search: { ...filter, service: typed }, replace: true })}
          />
          <TagFilter
            tag={tag}
            what="CloudPods"
            onEnd={() => void navigate({ search: { ...filter, tag: undefined } })}
          />
          <CsvButton of={list} />
        </Filters>
        <PodList
          query={query}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState icon={Boxes} title={filtered ? t`No CloudPod matches` : t`No CloudPods yet`}>
              {!filtered && t`A CloudPod is made when a subscription is paid.`}
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}
