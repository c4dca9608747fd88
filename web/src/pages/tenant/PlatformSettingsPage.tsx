import { t } from '../../../../shared/text.ts'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { DefaultContacts } from '../domain/DefaultContacts.tsx'
import { SettingsTable } from './SettingsTable.tsx'
import { SsoProviders } from './SsoProviders.tsx'

export default function PlatformSettingsPage() {
  const { tenant } = useSession()
  return (
    <Page
      title="Settings of all tenants"
      crumbs={[{ label: t`Tenants`, link: paths.tenants(tenant.slug) }]}
      permission="tenants:settings"
    >
      <p className="text-muted">Every tenant inherits these values until it has its own.</p>
      <SettingsTable tenantId={null} />
      <DefaultContacts tenantId={null} />
      <SsoProviders tenantId={null} />
    </Page>
  )
}
