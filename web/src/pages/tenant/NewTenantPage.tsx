import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { toast } from '../../ui/Toast.tsx'
import { TenantForm } from './TenantForm.tsx'

export default function NewTenantPage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  return (
    <Page
      title="New tenant"
      crumbs={[{ label: t`Tenants`, link: paths.tenants(tenant.slug) }]}
      permission="tenants:create"
    >
      <div className="max-w-3xl">
        <Card>
          <TenantForm
            mayQuota
            onCancel={() => void navigate(paths.tenants(tenant.slug))}
            onDone={({ id }) => {
              toast.done(t`Tenant created`)
              void navigate(paths.tenant(tenant.slug, id))
            }}
          />
        </Card>
      </div>
    </Page>
  )
}
