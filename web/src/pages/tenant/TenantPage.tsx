import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ArrowLeftRight, Pencil } from 'lucide-react'
import { useState } from 'react'
import { tenantQuery, type Tenant } from '../../api/tenants.ts'
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
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { TenantForm } from './TenantForm.tsx'

const route = getRouteApi('/t/$tenant/tenants/$id')

export default function TenantPage() {
  const { id } = route.useParams()
  const { tenant: here, can } = useSession()
  const query = useQuery({ ...tenantQuery(id), enabled: can('tenants:read') })
  const tenant = query.data
  return (
    <Page
      title={tenant?.name ?? 'Tenant'}
      crumbs={[{ label: 'Tenants', link: paths.tenants(here.slug) }]}
      permission="tenants:read"
      badge={tenant && <StateBadge of="tenant" state={tenant.state} />}
      actions={tenant && <Actions tenant={tenant} />}
    >
      <Loaded query={query} what="tenant">
        {(data) => (
          <div className="space-y-4">
            <Card>
              <Facts
                facts={[
                  ['Slug', <code key="slug">{data.slug}</code>],
                  ['Default currency', data.defaultCurrency],
                  ['Billing time zone', data.billingTz],
                  ['Since', <Time key="since" at={data.createdAt} />],
                  ['Last changed', <Time key="changed" at={data.updatedAt} />],
                  ['Id', <CopyId key="id" id={data.id} what="tenant id" />],
                ]}
              />
            </Card>
            <Card title="Timeline" flush>
              <Timeline targetId={data.id} />
            </Card>
          </div>
        )}
      </Loaded>
    </Page>
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
      <Dialog open={editing} onClose={() => setEditing(false)} title="Edit the tenant" wide>
        <TenantForm
          tenant={tenant}
          mayQuota={permits(me, 'tenants:create')}
          onCancel={() => setEditing(false)}
          onDone={() => {
            setEditing(false)
            toast.done('Tenant saved')
          }}
        />
      </Dialog>
    </>
  )
}
