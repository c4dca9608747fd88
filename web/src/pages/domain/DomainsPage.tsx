import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Globe, Plus, Search } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { domainsQuery } from '../../api/domains.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { dayOf, DayFilter, Filters, oneOf, SearchFilter } from '../../components/Filters.tsx'
import { DomainList } from '../../components/DomainList.tsx'
import { cursorOf } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Select } from '../../ui/Field.tsx'

const route = getRouteApi('/t/$tenant/domains')

export default function DomainsPage() {
  const { tenant, can } = useSession()
  const { q, verified: typed, expiresBefore, page } = route.useSearch()
  const filter = {
    q,
    verified: oneOf(['true', 'false'] as const, typed),
    expiresBefore: dayOf(expiresBefore),
  }
  const navigate = route.useNavigate()
  const list = domainsQuery({ tenantId: tenant.id, ...filter, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: can('domains:read'),
  })
  const show = (change: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...change }, replace: true })
  const filtered = Object.values(filter).some(Boolean)
  const add = can('domains:create') && (
    <>
      <Link {...paths.domainSearch(tenant.slug)} className={buttonClass('secondary')}>
        <Search aria-hidden className="size-4" />
        Register a domain
      </Link>
      <Link {...paths.newDomain(tenant.slug)} className={buttonClass('primary')}>
        <Plus aria-hidden className="size-4" />
        Add domain
      </Link>
    </>
  )
  return (
    <Page title="Domains" permission="domains:read" actions={add}>
      <Card flush>
        <Filters>
          <SearchFilter label="Search a name" value={q} onChange={(text) => show({ q: text })} />
          <Select
            aria-label="Ownership"
            value={filter.verified ?? ''}
            onChange={(event) => show({ verified: oneOf(['true', 'false'] as const, event.target.value) })}
            className="w-full sm:w-52"
          >
            <option value="">Ownership: all</option>
            <option value="true">Proven</option>
            <option value="false">Not proven yet</option>
          </Select>
          <DayFilter
            label="Expires before"
            value={filter.expiresBefore}
            onChange={(day) => show({ expiresBefore: day })}
          />
          <CsvButton of={list} />
        </Filters>
        <DomainList
          query={query}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState
              icon={Globe}
              title={filtered ? t`No domain matches` : t`No domains yet`}
              action={!filtered && add}
            >
              {!filtered &&
                t`Add a domain to serve its DNS, to point it to a CloudPod and to have certificates made for it.`}
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}
