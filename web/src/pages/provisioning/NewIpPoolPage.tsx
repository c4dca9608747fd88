import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { t } from '../../../../shared/text.ts'
import { clustersQuery, createIpPool, type IpPool } from '../../api/provisioning.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { PoolSourceFields, type PoolValues } from './PoolSource.tsx'

export default function NewIpPoolPage() {
  const { tenant, can } = useSession()
  const clusters = useQuery({ ...clustersQuery({ limit: 200 }), enabled: can('infrastructure:manage') })
  return (
    <Page
      title="New IP pool"
      crumbs={[{ label: t`IP pools`, link: paths.ipPools(tenant.slug) }]}
      permission="infrastructure:manage"
    >
      <div className="max-w-3xl">
        <Card>
          <Loaded query={clusters} what="clusters">
            {({ items }) => <IpPoolForm clusters={items} />}
          </Loaded>
        </Card>
      </div>
    </Page>
  )
}

function IpPoolForm({ clusters }: { clusters: { id: string; name: string }[] }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<PoolValues, IpPool>({
    defaultValues: {
      clusterId: clusters[0]?.id ?? '',
      name: '',
      network: '',
      gateway: '',
      rangeStart: '',
      rangeEnd: '',
      bridge: 'vmbr0',
      vlan: '',
      dnsServers: '',
      wholePrefix: false,
      quarantineHours: 24,
      sourceId: '',
      prefixId: '',
    },
    send: ({ vlan, dnsServers, wholePrefix, sourceId, prefixId, ...values }, key) =>
      createIpPool(
        {
          ...values,
          vlan: vlan.trim() === '' ? null : Number(vlan),
          dnsServers: dnsServers.split(/[\s,]+/).filter(Boolean),
          podPrefix: wholePrefix && sourceId === '' && values.network.includes(':') ? 64 : null,
          source: sourceId === '' ? null : { id: sourceId, prefixId: Number(prefixId) },
        },
        key,
      ),
    onDone: (pool) => {
      toast.done(t`IP pool ${pool.name} created`)
      void navigate(paths.ipPools(tenant.slug))
    },
    fieldOf: (path) =>
      path.replace(/^dnsServers\..*/, 'dnsServers').replace(/^source\.prefixId$/, 'prefixId'),
  })
  const { form, errorOf } = of
  const isV6 = form.watch('network').includes(':')
  const text = (name: 'name' | 'network' | 'gateway' | 'rangeStart' | 'rangeEnd' | 'bridge') => (
    <Input
      autoComplete="off"
      spellCheck={false}
      {...form.register(name, { required: REQUIRED, setValueAs: (typed: string) => typed.trim() })}
    />
  )
  return (
    <Form
      of={of}
      submitLabel="Create IP pool"
      submitReason={clusters.length === 0 ? t`Add a cluster first.` : undefined}
      onCancel={() => void navigate(paths.ipPools(tenant.slug))}
    >
      <PoolSourceFields of={of} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Cluster" error={errorOf('clusterId')}>
          <Select {...form.register('clusterId')}>
            {clusters.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
        <Field label="Name" error={errorOf('name')}>
          {text('name')}
        </Field>
        <Field label="Network" hint="Such as 203.0.113.0/24 or 2001:db8:1::/64." error={errorOf('network')}>
          {text('network')}
        </Field>
        <Field label="Gateway" hint="Such as 203.0.113.1; of IPv6 also fe80::1." error={errorOf('gateway')}>
          {text('gateway')}
        </Field>
        <Field label="First address" hint="The first one given to a CloudPod." error={errorOf('rangeStart')}>
          {text('rangeStart')}
        </Field>
        <Field label="Last address" error={errorOf('rangeEnd')}>
          {text('rangeEnd')}
        </Field>
        <Field label="Bridge" error={errorOf('bridge')}>
          {text('bridge')}
        </Field>
        <Field label="VLAN" optional hint="1 to 4094." error={errorOf('vlan')}>
          <Input
            inputMode="numeric"
            {...form.register('vlan', {
              validate: (typed) =>
                /^\s*$/.test(typed) ||
                (/^\s*\d{1,4}\s*$/.test(typed) && Number(typed) >= 1 && Number(typed) <= 4094) ||
                t`A number from 1 to 4094.`,
            })}
          />
        </Field>
        <Field
          label="DNS servers"
          optional
          hint="Up to four, with spaces between."
          error={errorOf('dnsServers')}
        >
          <Input spellCheck={false} {...form.register('dnsServers')} />
        </Field>
        <Field
          label="Rest (hours)"
          hint="How long a released address is not given again."
          error={errorOf('quarantineHours')}
        >
          <Input type="number" min={0} {...form.register('quarantineHours', wholeNumber(0, 8760))} />
        </Field>
      </div>
      {isV6 && form.watch('sourceId') === '' && (
        <Checkbox
          label="Each CloudPod gets a whole /64 of it, and the first address in it; the gateway is link-local"
          {...form.register('wholePrefix')}
        />
      )}
    </Form>
  )
}
