import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Plus, ShieldCheck } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { securityGroupsQuery, type SecurityGroup } from '../../api/cloudPodFirewall.ts'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/security-groups')

export default function SecurityGroupsPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...securityGroupsQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('cloudpods:read'),
  })
  const create = can('cloudpods:firewall') && (
    <Link {...paths.newSecurityGroup(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New security group
    </Link>
  )
  const columns: Column<SecurityGroup>[] = [
    {
      header: t`Group`,
      render: ({ id, name, description }) => (
        <>
          <Link {...paths.securityGroup(tenant.slug, id)} className="font-medium break-words hover:underline">
            {name}
          </Link>
          <div className="text-[13px] break-words text-muted">{description}</div>
        </>
      ),
    },
    { header: t`Rules`, narrow: true, align: 'right', render: ({ rules }) => rules.length },
    { header: t`CloudPods`, narrow: true, align: 'right', from: 'sm', render: ({ pods }) => pods },
    {
      header: t`For`,
      from: 'md',
      render: ({ tenantId }) => (tenantId === null ? t`Every tenant` : t`One tenant`),
    },
  ]
  return (
    <Page title="Security groups" permission="cloudpods:read" actions={create}>
      <Card flush>
        <List
          query={query}
          what="security groups"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={ShieldCheck} title="No security groups yet" action={create}>
              A security group says what may come in to the CloudPods under it.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}
