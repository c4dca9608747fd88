import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../../shared/text.ts'
import { createDnsTemplate } from '../../../api/dnsTemplates.ts'
import { Page } from '../../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../../components/session.ts'
import { paths } from '../../../paths.ts'
import { toast } from '../../../ui/Toast.tsx'
import { TemplateForm } from './TemplateForm.tsx'

/** In a tenant it is that tenant's; among all of them, everybody's. */
export default function NewDnsTemplatePage() {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const back = () => void navigate(paths.dnsTemplates(tenant.slug))
  const tenantId = tenant.id ?? null
  return (
    <Page
      title="New DNS template"
      crumbs={[{ label: t`DNS templates`, link: paths.dnsTemplates(tenant.slug) }]}
      permission="domains:update"
    >
      <div className="max-w-3xl">
        <TemplateForm
          submitLabel="Create template"
          submitReason={can('domains:update', tenantId) ? undefined : NO_PERMISSION('domains:update')}
          send={(values, key) => createDnsTemplate({ tenantId, ...values }, key)}
          onDone={() => {
            toast.done(t`Template created`)
            back()
          }}
          onCancel={back}
        />
      </div>
    </Page>
  )
}
