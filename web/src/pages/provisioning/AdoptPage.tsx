import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { adoptGuest, strangerQuery, type GuestFacts, type StrangerDetail } from '../../api/adoption.ts'
import type { Accepted } from '../../api/cloudPods.ts'
import type { Customer } from '../../api/customers.ts'
import { anyBlueprintCard, useCatalogue } from '../../components/catalogue.tsx'
import { BlueprintCards, PlanCards } from '../../components/CatalogueCards.tsx'
import { Form, REQUIRED, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { HOSTNAME, HostnameField } from '../../components/PodFields.tsx'
import { CustomerPicker, TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { codeWords, count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

const route = getRouteApi('/t/$tenant/clusters/$id/strangers/$vmid')

export default function AdoptPage() {
  const { tenant, can } = useSession()
  const { id, vmid } = route.useParams()
  const query = useQuery({ ...strangerQuery(id, vmid), enabled: can('infrastructure:read') })
  return (
    <Page
      title={t`Make ${query.data?.name ?? `VMID ${vmid}`} a pod`}
      crumbs={[
        { label: t`Clusters & nodes`, link: paths.clusters(tenant.slug) },
        { label: t`Guests of nobody`, link: paths.strangers(tenant.slug, id) },
      ]}
      permission="infrastructure:manage"
    >
      <Loaded query={query} what="guest">
        {(stranger) => (
          <div className="max-w-4xl space-y-4">
            <Seen stranger={stranger} />
            {stranger.guest ? (
              <Adopt clusterId={id} stranger={stranger} guest={stranger.guest} />
            ) : (
              <Notice tone="warning">{stranger.problem}</Notice>
            )}
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Seen({ stranger: { vmid, status, guest, bridge, vlan, address } }: { stranger: StrangerDetail }) {
  return (
    <Card title="The guest as it is">
      <Facts
        facts={[
          ['VMID', vmid],
          [t`Power`, codeWords(status)],
          [t`Node`, guest?.node ?? '–'],
          [
            t`Size`,
            guest
              ? t`${count(guest.cores, t`core`, t`cores`)}, ${guest.memoryMb} MiB, ${guest.diskGb} GiB`
              : '–',
          ],
          ['MAC', guest?.mac ?? '–'],
          [
            t`Network`,
            [bridge ?? t`no bridge`, vlan === null ? null : `VLAN ${vlan}`].filter(Boolean).join(', '),
          ],
          [t`Address`, address ?? t`not told by its configuration`],
          guest?.ipv6 ? [t`IPv6 address`, guest.ipv6] : null,
        ]}
      />
    </Card>
  )
}

type Values = { planId: string; blueprintId: string; hostname: string; address: string }

function Adopt({
  clusterId,
  stranger,
  guest,
}: {
  clusterId: string
  stranger: StrangerDetail
  guest: GuestFacts
}) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const [customer, setCustomer] = useState<Customer | null>(null)
  const of = useApiForm<Values, Accepted>({
    defaultValues: {
      planId: '',
      blueprintId: '',
      hostname: stranger.name && HOSTNAME.test(stranger.name) ? stranger.name : '',
      address: stranger.address ?? '',
    },
    send: (values, key) =>
      adoptGuest(
        {
          ...values,
          hostname: values.hostname.trim(),
          address: values.address.trim(),
          clusterId,
          vmid: stranger.vmid,
          guest,
          tenantId: owner?.id ?? '',
          customerId: customer?.id ?? null,
        },
        key,
      ),
    onDone: ({ job }) => {
      toast.done(t`The guest becomes a pod`)
      void navigate(paths.job(tenant.slug, job.id))
    },
  })
  const { form, errorOf } = of
  const { planId, blueprintId } = form.watch()
  const missing = !owner
    ? t`Choose the tenant first.`
    : !planId
      ? t`Choose a plan first.`
      : !blueprintId
        ? t`Choose a blueprint first.`
        : undefined
  return (
    <Form
      of={of}
      submitLabel="Make it a pod"
      submitReason={missing}
      onCancel={() => void navigate(paths.strangers(tenant.slug, clusterId))}
    >
      <Card title="Whose pod it is">
        <div className="space-y-4">
          {tenant.id === undefined && (
            <Field label="Tenant" error={errorOf('tenantId')}>
              <TenantPicker
                value={owner}
                onChange={(chosen) => {
                  setOwner(chosen)
                  setCustomer(null)
                }}
              />
            </Field>
          )}
          {owner && (
            <Field label="Customer" optional>
              <CustomerPicker value={customer} onChange={setCustomer} tenantId={owner.id} />
            </Field>
          )}
        </div>
      </Card>
      {owner && <PlanAndBlueprint of={of} tenantId={owner.id} kind={guest.kind} />}
      <NameAndAddress of={of} />
    </Form>
  )
}

type Part = { of: ApiForm<Values, Accepted> }

function PlanAndBlueprint({
  of: { form },
  tenantId,
  kind,
}: Part & { tenantId: string; kind: GuestFacts['kind'] }) {
  const catalogue = useCatalogue(tenantId)
  const { planId, blueprintId } = form.watch()
  return (
    <>
      <Card title="Plan">
        <PlanCards
          catalogue={catalogue}
          value={planId}
          onChange={(chosen) => form.setValue('planId', chosen)}
        />
      </Card>
      <Card title="What it would be made out of again">
        <BlueprintCards
          catalogue={catalogue}
          value={blueprintId}
          onChange={(chosen) => form.setValue('blueprintId', chosen)}
          // The guest has its size: what the blueprint allows binds only new pods.
          card={(item) => (item.kind === kind ? anyBlueprintCard(item) : null)}
        />
      </Card>
    </>
  )
}

function NameAndAddress({ of }: Part) {
  const { form, errorOf } = of
  return (
    <Card title="CloudPod">
      <div className="space-y-4">
        <HostnameField of={of} hint="The guest is called so on the cluster, too." />
        <Field
          label="Address"
          hint="The guest’s own, of one of the cluster’s address pools."
          error={errorOf('address')}
        >
          <Input
            autoComplete="off"
            spellCheck={false}
            {...form.register('address', { required: REQUIRED })}
          />
        </Field>
      </div>
    </Card>
  )
}
