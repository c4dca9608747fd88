import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ArrowLeftRight, Pencil } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { tenantQuery, type Tenant } from '../../api/tenants.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, permits, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { Timeline } from '../../components/Timeline.tsx'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ClosingNotice, CloseTab } from './CloseTab.tsx'
import { ExportTab } from './ExportTab.tsx'
import { LogoCard } from './LogoCard.tsx'
import { ActAsButton } from './ActAsButton.tsx'
import { MembersTab } from './MembersTab.tsx'
import { QuotaTab } from './QuotaTab.tsx'
import { SsoProviders } from './SsoProviders.tsx'
import { DefaultContacts } from '../domain/DefaultContacts.tsx'
import { SettingsTable } from './SettingsTable.tsx'
import { SuspendButton } from './SuspendButton.tsx'
import { SuspensionCard } from './SuspensionCard.tsx'
import { TenantForm } from './TenantForm.tsx'

const route = getRouteApi('/t/$tenant/tenants/$id')
const TABS = ['overview', 'members', 'settings', 'quotas', 'sso', 'export', 'close'] as const

export default function TenantPage() {
  const { id } = route.useParams()
  const { tenant: here, can } = useSession()
  const query = useQuery({ ...tenantQuery(id), enabled: can('tenants:read') })
  const tenant = query.data
  return (
    <Page
      title={tenant?.name ?? t`Tenant`}
      crumbs={[{ label: t`Tenants`, link: paths.tenants(here.slug) }]}
      permission="tenants:read"
      badge={tenant && <StateBadge of="tenant" state={tenant.state} />}
      actions={tenant && <Actions tenant={tenant} />}
    >
      <Loaded query={query} what="tenant">
        {(data) => <Content tenant={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ tenant }: { tenant: Tenant }) {
  const { can } = useSession()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const tab = oneOf(TABS, search.tab) ?? 'overview'
  const onTrail = (page: string | undefined) => void navigate({ search: { tab, page } })
  return (
    <Tabs
      value={tab}
      onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
      tabs={[
        { value: 'overview', label: t`Overview`, content: <Overview tenant={tenant} /> },
        can('users:read', tenant.id) && {
          value: 'members',
          label: t`Members`,
          content: <MembersTab tenant={tenant} trail={search.page} onTrail={onTrail} />,
        },
        { value: 'settings', label: t`Settings`, content: <SettingsTab tenantId={tenant.id} /> },
        { value: 'quotas', label: t`Quotas`, content: <QuotaTab tenantId={tenant.id} /> },
        can('sso:manage', tenant.id) && {
          value: 'sso',
          label: t`Single sign-on`,
          content: <SsoProviders tenantId={tenant.id} />,
        },
        can('tenants:export', tenant.id) && {
          value: 'export',
          label: t`Export`,
          content: <ExportTab tenant={tenant} />,
        },
        can('tenants:close', null) && {
          value: 'close',
          label: t`Close`,
          content: <CloseTab tenant={tenant} />,
        },
      ]}
    />
  )
}

function SettingsTab({ tenantId }: { tenantId: string }) {
  return (
    <div className="space-y-4">
      <LogoCard tenantId={tenantId} />
      <SettingsTable tenantId={tenantId} />
      <DefaultContacts tenantId={tenantId} />
    </div>
  )
}

function Overview({ tenant }: { tenant: Tenant }) {
  const { can } = useSession()
  return (
    <div className="space-y-4">
      <ClosingNotice tenant={tenant} />
      {tenant.state !== 'closed' && <SuspensionCard tenantId={tenant.id} />}
      <Card>
        <Facts
          facts={[
            [t`Slug`, <code key="slug">{tenant.slug}</code>],
            [t`Default currency`, tenant.defaultCurrency],
            [t`Billing time zone`, tenant.billingTz],
            [t`Since`, <Time key="since" at={tenant.createdAt} />],
            [t`Last changed`, <Time key="changed" at={tenant.updatedAt} />],
            [t`Id`, <CopyId key="id" id={tenant.id} what="tenant id" />],
          ]}
        />
      </Card>
      {can('audit:read', tenant.id) && (
        <Card title="Timeline" flush>
          <Timeline targetId={tenant.id} />
        </Card>
      )}
    </div>
  )
}

function Actions({ tenant }: { tenant: Tenant }) {
  const { me, tenant: here, can } = useSession()
  const [editing, setEditing] = useState(false)
  return (
    <>
      {here.id !== tenant.id && (
        <Link {...paths.cloudPods(tenant.slug)} className={buttonClass()}>
          <ArrowLeftRight aria-hidden className="size-4" />
          Work in this tenant
        </Link>
      )}
      <Button
        icon={<Pencil aria-hidden className="size-4" />}
        disabledReason={can('tenants:update', tenant.id) ? undefined : NO_PERMISSION('tenants:update')}
        onClick={() => setEditing(true)}
      >
        Edit
      </Button>
      {(permits(me, 'users:view-as') || permits(me, 'users:impersonate')) && <ActAsButton tenant={tenant} />}
      {permits(me, 'tenants:suspend') && <SuspendButton tenant={tenant} />}
      <Dialog open={editing} onClose={() => setEditing(false)} title="Edit the tenant" wide>
        <TenantForm
          tenant={tenant}
          mayQuota={permits(me, 'tenants:create')}
          onCancel={() => setEditing(false)}
          onDone={() => {
            setEditing(false)
            toast.done(t`Tenant saved`)
          }}
        />
      </Dialog>
    </>
  )
}
