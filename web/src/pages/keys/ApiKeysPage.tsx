import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { keysQuery, type ApiKey } from '../../api/apiKeys.ts'
import { oneOf } from '../../components/Filters.tsx'
import { KeyActions } from '../../components/KeyActions.tsx'
import { KEY_COLUMNS } from '../../components/KeyColumns.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { ServiceAccounts } from './ServiceAccounts.tsx'

const route = getRouteApi('/t/$tenant/api-keys')
const TABS = ['accounts', 'keys'] as const

/** Who and what may use the API, besides people in their sessions. */
export default function ApiKeysPage() {
  const tab = oneOf(TABS, route.useSearch().tab) ?? 'accounts'
  const navigate = route.useNavigate()
  return (
    <Page title="API keys & service accounts" permission="apikeys:read">
      <Tabs
        value={tab}
        onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        tabs={[
          { value: 'accounts', label: t`Service accounts`, content: <ServiceAccounts /> },
          { value: 'keys', label: t`Keys`, content: <Keys /> },
        ]}
      />
    </Page>
  )
}

function Keys() {
  const { page } = route.useSearch()
  const navigate = route.useNavigate()
  const { tenant, can } = useSession()
  const query = useQuery(keysQuery({ tenantId: tenant.id, cursor: cursorOf(page) }))
  const reasonFor = ({ tenantId }: ApiKey) =>
    can('apikeys:manage', tenantId) ? undefined : NO_PERMISSION('apikeys:manage')
  const owner: Column<ApiKey> = {
    header: t`Of`,
    from: 'sm',
    render: ({ owner: of }) => (
      <span className="break-words">
        {of.kind === 'service' ? of.name : of.email}
        {of.kind === 'service' && <span className="block text-[13px] text-muted">Service account</span>}
      </span>
    ),
  }
  return (
    <Card flush>
      <List
        query={query}
        what="API keys"
        columns={[
          ...KEY_COLUMNS.slice(0, 1),
          owner,
          ...KEY_COLUMNS.slice(1),
          {
            header: t`Actions`,
            narrow: true,
            render: (key) => <KeyActions own={false} apiKey={key} reason={reasonFor(key)} />,
          },
        ]}
        trail={page}
        onTrail={(trail) => void navigate({ search: { tab: 'keys', page: trail } })}
        empty={
          <EmptyState icon={KeyRound} title="No keys">
            {tenant.id === undefined
              ? t`Nobody has made one.`
              : t`No key is bound to this tenant. Keys that work everywhere are seen by the platform only.`}
          </EmptyState>
        }
      />
    </Card>
  )
}
