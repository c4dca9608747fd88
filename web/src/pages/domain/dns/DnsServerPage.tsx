import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import {
  checkDnsServer,
  checkDnsServerConnection,
  dnsServerQuery,
  removeDnsServer,
  updateDnsServer,
  type DnsServer,
} from '../../../api/dnsServers.ts'
import { useSubmit } from '../../../api/submit.ts'
import { ConfirmDestroy } from '../../../components/ConfirmDestroy.tsx'
import { ConnectionCheck } from '../../../components/ConnectionCheck.tsx'
import { Form, useApiForm } from '../../../components/Form.tsx'
import { Loaded } from '../../../components/Loaded.tsx'
import { Page } from '../../../components/Page.tsx'
import { useSession } from '../../../components/session.ts'
import { StateBadge } from '../../../components/StateBadge.tsx'
import { paths } from '../../../paths.ts'
import { Button } from '../../../ui/Button.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { toast } from '../../../ui/Toast.tsx'
import { Secondaries } from './Secondaries.tsx'
import {
  connectionOf,
  ConnectionFields,
  fieldOf,
  ServerFields,
  ServerFound,
  serverOf,
  type ServerValues,
} from './ServerFields.tsx'

const route = getRouteApi('/t/$tenant/dns-servers/$id')

export default function DnsServerPage() {
  const { tenant, can } = useSession()
  const { id } = route.useParams()
  const query = useQuery({ ...dnsServerQuery(id), enabled: can('infrastructure:manage') })
  const server = query.data
  return (
    <Page
      title={server?.name ?? t`DNS server`}
      crumbs={[{ label: t`DNS servers`, link: paths.dnsServers(tenant.slug) }]}
      permission="infrastructure:manage"
      badge={server && <StateBadge of="cluster" state={server.health} />}
      actions={server && <Actions server={server} />}
    >
      <Loaded query={query} what="DNS server">
        {(data) => (
          <div className="max-w-3xl space-y-4">
            {data.healthMessage && <Notice tone="danger">{data.healthMessage}</Notice>}
            <Edit key={data.version} server={data} />
            <Secondaries server={data} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Actions({ server }: { server: DnsServer }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [removing, setRemoving] = useState(false)
  const makeDefault = useSubmit<null, DnsServer>({
    send: () => updateDnsServer(server, { isDefault: true }),
    onDone: ({ name }) => toast.done(t`New zones are begun on ${name}`),
  })
  const kept =
    server.kind === 'zonefiles'
      ? t`Zone files are part of mPanel: make another server the default.`
      : server.zones > 0
        ? t`It has zones: end these first.`
        : undefined
  return (
    <>
      <Button
        loading={makeDefault.isPending}
        disabledReason={server.isDefault ? t`It is the default already.` : undefined}
        onClick={() =>
          makeDefault.mutate(null, { onError: ({ message }) => toast.failed(t`Not changed`, message) })
        }
      >
        Make default
      </Button>
      <Button variant="danger" disabledReason={kept} onClick={() => setRemoving(true)}>
        Remove
      </Button>
      <ConfirmDestroy
        open={removing}
        onClose={() => setRemoving(false)}
        title="Remove the DNS server"
        name={server.name}
        effect="It is taken out of mPanel and its key forgotten. Nothing on it is touched."
        submitLabel="Remove"
        send={() => removeDnsServer(server.id)}
        onDone={() => {
          toast.done(t`DNS server removed`)
          void navigate(paths.dnsServers(tenant.slug))
        }}
      />
    </>
  )
}

function Edit({ server }: { server: DnsServer }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const back = () => void navigate(paths.dnsServers(tenant.slug))
  const isPowerDns = server.kind === 'powerdns'
  const of = useApiForm<ServerValues, DnsServer>({
    defaultValues: {
      name: server.name,
      url: server.url ?? '',
      apiKey: '',
      serverId: server.serverId,
      caPem: server.caPem ?? '',
      nameServers: server.nameServers.map((one) => one.slice(0, -1)).join('\n'),
      queryAddresses: server.queryAddresses.join('\n'),
      hostmaster: server.hostmaster,
      parallel: server.parallel,
    },
    fieldOf,
    send: (values) => {
      const { apiKey, ...connection } = connectionOf(values)
      return updateDnsServer(server, {
        ...serverOf(values),
        ...(isPowerDns && { ...connection, ...(apiKey !== '' && { apiKey }) }),
      })
    },
    onDone: () => {
      toast.done(t`DNS server saved`)
      back()
    },
  })
  const { form } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={back}>
      {isPowerDns && (
        <ConnectionFields
          of={of}
          keyHint="Only when it, the address or the trust changes."
          keyRequired={false}
        />
      )}
      <ConnectionCheck
        ready={async () => !isPowerDns || form.trigger(['url', 'serverId', 'caPem'])}
        // Without a key that was typed, what is stored is tried as it is stored.
        send={(key) =>
          form.getValues('apiKey') === ''
            ? checkDnsServer(server.id, key)
            : checkDnsServerConnection(connectionOf(form.getValues()), key)
        }
        hint="Shows whether zones can be brought there."
      >
        {(found) => <ServerFound found={found} />}
      </ConnectionCheck>
      <ServerFields of={of} />
    </Form>
  )
}
