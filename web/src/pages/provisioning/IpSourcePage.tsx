import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  checkIpSource,
  checkIpSourceConnection,
  ipSourceQuery,
  removeIpSource,
  updateIpSource,
  type IpSource,
} from '../../api/ipSources.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'
import { SourceCheck, SourceFields, sourceOf, type SourceValues } from './SourceFields.tsx'

const route = getRouteApi('/t/$tenant/ip-sources/$id')

export default function IpSourcePage() {
  const { tenant, can } = useSession()
  const { id } = route.useParams()
  const navigate = useNavigate()
  const query = useQuery({ ...ipSourceQuery(id), enabled: can('infrastructure:manage') })
  const [removing, setRemoving] = useState(false)
  const source = query.data
  const inUse =
    source && source.pools > 0 ? t`Pools take their addresses from it: remove them first.` : undefined
  return (
    <Page
      title={source ? t`NetBox ${source.name}` : 'NetBox'}
      crumbs={[{ label: 'NetBox', link: paths.ipSources(tenant.slug) }]}
      permission="infrastructure:manage"
      badge={source && <StateBadge of="cluster" state={source.health} />}
      actions={
        source && (
          <Button variant="danger" disabledReason={inUse} onClick={() => setRemoving(true)}>
            Remove
          </Button>
        )
      }
    >
      <Loaded query={query} what="NetBox">
        {(data) => (
          <div className="max-w-3xl space-y-4">
            {data.healthMessage && <Notice tone="danger">{data.healthMessage}</Notice>}
            <Edit key={data.version} source={data} />
            <ConfirmDestroy
              open={removing}
              onClose={() => setRemoving(false)}
              title="Remove the NetBox"
              name={data.name}
              effect="It is taken out of mPanel and its token forgotten. Nothing in it is touched."
              submitLabel="Remove"
              send={() => removeIpSource(data.id)}
              onDone={() => {
                toast.done(t`NetBox removed`)
                void navigate(paths.ipSources(tenant.slug))
              }}
            />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Edit({ source }: { source: IpSource }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const back = () => void navigate(paths.ipSources(tenant.slug))
  const of = useApiForm<SourceValues, IpSource>({
    defaultValues: {
      name: source.name,
      url: source.url,
      token: '',
      caPem: source.caPem ?? '',
      field: source.field,
    },
    send: (values) => {
      const { token, ...connection } = sourceOf(values)
      return updateIpSource(source, { name: values.name, ...connection, ...(token === '' ? {} : { token }) })
    },
    onDone: () => {
      toast.done(t`NetBox saved`)
      back()
    },
  })
  const { form } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={back}>
      <SourceFields
        of={of}
        tokenHint="Only when it, the address or the trust changes."
        tokenRequired={false}
      />
      <SourceCheck
        ready={() => form.trigger(['url', 'field', 'caPem'])}
        // Without a token that was typed, what is stored is tried as it is stored.
        send={(key) =>
          form.getValues('token') === ''
            ? checkIpSource(source.id, null, key)
            : checkIpSourceConnection(sourceOf(form.getValues()), key)
        }
      />
    </Form>
  )
}
