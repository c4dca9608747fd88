import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../../shared/text.ts'
import { checkDnsServerConnection, createDnsServer, type DnsServer } from '../../../api/dnsServers.ts'
import { ConnectionCheck } from '../../../components/ConnectionCheck.tsx'
import { Form, useApiForm } from '../../../components/Form.tsx'
import { Page } from '../../../components/Page.tsx'
import { useSession } from '../../../components/session.ts'
import { paths } from '../../../paths.ts'
import { Checkbox } from '../../../ui/Field.tsx'
import { toast } from '../../../ui/Toast.tsx'
import {
  connectionOf,
  ConnectionFields,
  fieldOf,
  ServerFields,
  ServerFound,
  serverOf,
  type ServerValues,
} from './ServerFields.tsx'

export default function NewDnsServerPage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [isDefault, setDefault] = useState(true)
  const back = () => void navigate(paths.dnsServers(tenant.slug))
  const of = useApiForm<ServerValues, DnsServer>({
    defaultValues: {
      name: '',
      url: '',
      apiKey: '',
      serverId: 'localhost',
      caPem: '',
      nameServers: '',
      queryAddresses: '',
      hostmaster: '',
      parallel: 1,
    },
    fieldOf,
    send: (values, key) => createDnsServer({ ...serverOf(values), ...connectionOf(values), isDefault }, key),
    onDone: ({ name }) => {
      toast.done(t`${name} added`, t`Zones can be begun on it now.`)
      back()
    },
  })
  const { form } = of
  return (
    <Page
      title="Add a PowerDNS"
      crumbs={[{ label: t`DNS servers`, link: paths.dnsServers(tenant.slug) }]}
      permission="infrastructure:manage"
    >
      <div className="max-w-3xl">
        <Form of={of} submitLabel="Add the server" onCancel={back}>
          <ConnectionFields of={of} keyHint="Stored encrypted and never shown again." keyRequired />
          <ConnectionCheck
            ready={() => form.trigger(['url', 'apiKey', 'serverId', 'caPem'])}
            send={(key) => checkDnsServerConnection(connectionOf(form.getValues()), key)}
            hint="Shows whether its API answers and takes the key."
          >
            {(found) => <ServerFound found={found} />}
          </ConnectionCheck>
          <ServerFields of={of} />
          <Checkbox
            label="New zones are begun on it"
            checked={isDefault}
            onChange={({ target }) => setDefault(target.checked)}
          />
        </Form>
      </div>
    </Page>
  )
}
