import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { domainQuery, type Domain } from '../../api/domains.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Timeline } from '../../components/Timeline.tsx'
import { stateOf } from '../../lib/domainWords.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Time } from '../../ui/Time.tsx'
import { Connection } from './Connection.tsx'
import { Delegated } from './Delegated.tsx'
import { DomainActions } from './DomainActions.tsx'
import { RegistrationCard } from './RegistrationCard.tsx'
import { Ownership } from './Ownership.tsx'
import { ZoneTab } from './zone/ZoneTab.tsx'

const route = getRouteApi('/t/$tenant/domains/$id')
const TABS = ['overview', 'dns', 'timeline'] as const

export default function DomainPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...domainQuery(id), enabled: can('domains:read') })
  const domain = query.data
  return (
    <Page
      title={domain?.unicodeName ?? t`Domain`}
      crumbs={[{ label: t`Domains`, link: paths.domains(tenant.slug) }]}
      permission="domains:read"
      badge={domain && <StateBadge of="domain" state={stateOf(domain)} />}
      actions={domain && <DomainActions domain={domain} />}
    >
      <Loaded query={query} what="domain">
        {(data) => <Content domain={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ domain }: { domain: Domain }) {
  const { can } = useSession()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  return (
    <div className="space-y-4">
      {domain.endedAt !== null && (
        <Notice tone="info" title="This domain is no longer with us.">
          <Time at={domain.endedAt} />
        </Notice>
      )}
      {domain.proof !== null && <Ownership domain={domain} proof={domain.proof} />}
      <Tabs
        value={oneOf(TABS, search.tab) ?? 'overview'}
        onChange={(tab) => void navigate({ search: { tab }, replace: true })}
        tabs={[
          {
            value: 'overview',
            label: t`Overview`,
            content: (
              <div className="space-y-4">
                {domain.endedAt === null && <Delegated domain={domain} />}
                {domain.endedAt === null && <Connection domain={domain} />}
                <Overview domain={domain} />
              </div>
            ),
          },
          { value: 'dns', label: 'DNS', content: <ZoneTab domain={domain} /> },
          can('audit:read') && {
            value: 'timeline',
            label: t`Timeline`,
            content: (
              <Card flush>
                <Timeline targetId={domain.id} targetType="domain" />
              </Card>
            ),
          },
        ]}
      />
    </div>
  )
}

/** Of a domain that is registered through us, and of one that could be. */
function Overview({ domain }: { domain: Domain }) {
  return (
    <div className="space-y-4">
      <About domain={domain} />
      {domain.registration !== 'external' && domain.registration !== 'ended' && (
        <RegistrationCard domain={domain} />
      )}
    </div>
  )
}

function About({ domain }: { domain: Domain }) {
  const { tenant, can } = useSession()
  const { customerId, customerName } = domain
  const customer =
    customerId === null ? null : can('customers:read') ? (
      <Link {...paths.customer(tenant.slug, customerId)} className="hover:underline">
        {customerName}
      </Link>
    ) : (
      customerName
    )
  return (
    <Card>
      <Facts
        facts={[
          [t`Name`, domain.name],
          [t`Registered as`, domain.registrableName === domain.name ? null : domain.registrableName],
          [t`Registration`, domain.registration === 'external' ? t`Elsewhere` : t`With us`],
          [t`Tenant`, domain.tenantName],
          [t`Customer`, customer],
          [t`Ownership proven`, domain.verifiedAt && <Time key="proven" at={domain.verifiedAt} />],
          [t`Added`, <Time key="added" at={domain.createdAt} />],
          [t`Id`, <CopyId key="id" id={domain.id} what="domain id" />],
        ]}
      />
    </Card>
  )
}
