import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import { dnsTemplateQuery, removeDnsTemplate, updateDnsTemplate } from '../../../api/dnsTemplates.ts'
import { ConfirmDestroy } from '../../../components/ConfirmDestroy.tsx'
import { Loaded } from '../../../components/Loaded.tsx'
import { Page } from '../../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../../components/session.ts'
import { paths } from '../../../paths.ts'
import { Button } from '../../../ui/Button.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { TemplateForm } from './TemplateForm.tsx'

const route = getRouteApi('/t/$tenant/dns-templates/$id')

export default function DnsTemplatePage() {
  const { tenant, can } = useSession()
  const { id } = route.useParams()
  const navigate = useNavigate()
  const query = useQuery({ ...dnsTemplateQuery(id), enabled: can('domains:read') })
  const [removing, setRemoving] = useState(false)
  const back = () => void navigate(paths.dnsTemplates(tenant.slug))
  const template = query.data
  const mayNot =
    template && !can('domains:update', template.tenantId) ? NO_PERMISSION('domains:update') : undefined
  return (
    <Page
      title={template?.name ?? t`DNS template`}
      crumbs={[{ label: t`DNS templates`, link: paths.dnsTemplates(tenant.slug) }]}
      permission="domains:read"
      actions={
        template && (
          <Button variant="danger" disabledReason={mayNot} onClick={() => setRemoving(true)}>
            Remove
          </Button>
        )
      }
    >
      <Loaded query={query} what="DNS template">
        {(data) => (
          <div className="max-w-3xl">
            <TemplateForm
              key={data.version}
              template={data}
              submitLabel="Save"
              submitReason={mayNot}
              send={(values) => updateDnsTemplate(data, values)}
              onDone={() => {
                toast.done(t`Template saved`)
                back()
              }}
              onCancel={back}
            />
            <ConfirmDestroy
              open={removing}
              onClose={() => setRemoving(false)}
              title="Remove the template"
              name={data.name}
              effect="Zones that it was used in keep their records."
              submitLabel="Remove"
              send={() => removeDnsTemplate(data.id)}
              onDone={() => {
                toast.done(t`Template removed`)
                back()
              }}
            />
          </div>
        )}
      </Loaded>
    </Page>
  )
}
