import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { FileStack, Plus } from 'lucide-react'
import { t } from '../../../../../shared/text.ts'
import { dnsTemplatesQuery, type DnsTemplate } from '../../../api/dnsTemplates.ts'
import { cursorOf, List } from '../../../components/List.tsx'
import { Page } from '../../../components/Page.tsx'
import { useSession } from '../../../components/session.ts'
import { paths } from '../../../paths.ts'
import { buttonClass } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import type { Column } from '../../../ui/DataTable.tsx'
import { EmptyState } from '../../../ui/EmptyState.tsx'

const route = getRouteApi('/t/$tenant/dns-templates')

export default function DnsTemplatesPage() {
  const { tenant, can } = useSession()
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const query = useQuery({
    ...dnsTemplatesQuery({ tenantId: tenant.id, cursor: cursorOf(page) }),
    enabled: can('domains:read'),
  })
  const create = can('domains:update') && (
    <Link {...paths.newDnsTemplate(tenant.slug)} className={buttonClass('primary')}>
      <Plus aria-hidden className="size-4" />
      New template
    </Link>
  )
  const columns: Column<DnsTemplate>[] = [
    {
      header: t`Template`,
      render: ({ id, name, description }) => (
        <>
          <Link {...paths.dnsTemplate(tenant.slug, id)} className="font-medium break-words hover:underline">
            {name}
          </Link>
          <div className="text-[13px] break-words text-muted">{description}</div>
        </>
      ),
    },
    { header: t`Records`, narrow: true, align: 'right', render: ({ records }) => records.length },
    {
      header: t`Asks for`,
      from: 'md',
      render: ({ variables }) => (variables.length === 0 ? '—' : variables.join(', ')),
    },
    {
      header: t`For`,
      from: 'sm',
      narrow: true,
      render: ({ tenantId }) => (tenantId === null ? t`Every tenant` : t`One tenant`),
    },
  ]
  return (
    <Page title="DNS templates" permission="domains:read" actions={create}>
      <Card flush>
        <List
          query={query}
          what="DNS templates"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { page: trail } })}
          empty={
            <EmptyState icon={FileStack} title="No DNS templates yet" action={create}>
              A template puts the records of a web site, of a mail service or of anything else into a zone.
            </EmptyState>
          }
        />
      </Card>
    </Page>
  )
}
