import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { checkIpSourceConnection, createIpSource, type IpSource } from '../../api/ipSources.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { toast } from '../../ui/Toast.tsx'
import { SourceCheck, SourceFields, sourceOf, type SourceValues } from './SourceFields.tsx'

export default function NewIpSourcePage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const back = () => void navigate(paths.ipSources(tenant.slug))
  const of = useApiForm<SourceValues, IpSource>({
    defaultValues: { name: '', url: '', token: '', caPem: '', field: 'mpanel_id' },
    send: (values, key) => createIpSource({ name: values.name, ...sourceOf(values) }, key),
    onDone: ({ name }) => {
      toast.done(t`NetBox ${name} added`, t`IP pools can be prefixes of it now.`)
      back()
    },
  })
  const { form } = of
  return (
    <Page
      title="Add a NetBox"
      crumbs={[{ label: 'NetBox', link: paths.ipSources(tenant.slug) }]}
      permission="infrastructure:manage"
    >
      <div className="max-w-3xl">
        <Form of={of} submitLabel="Add the NetBox" onCancel={back}>
          <SourceFields of={of} tokenHint="Stored encrypted and never shown again." tokenRequired />
          <SourceCheck
            ready={() => form.trigger(['url', 'token', 'field', 'caPem'])}
            send={(key) => checkIpSourceConnection(sourceOf(form.getValues()), key)}
          />
        </Form>
      </div>
    </Page>
  )
}
