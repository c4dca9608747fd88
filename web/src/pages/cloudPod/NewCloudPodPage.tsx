import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { createCloudPod, type Accepted } from '../../api/cloudPods.ts'
import { blueprintCard, refusal, useCatalogue } from '../../components/catalogue.tsx'
import { BlueprintCards, PlanCards } from '../../components/CatalogueCards.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { PodFields, podValues } from '../../components/PodFields.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Field } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

export default function NewCloudPodPage() {
  const { tenant } = useSession()
  return (
    <Page
      title="New CloudPod without subscription"
      crumbs={[{ label: t`CloudPods`, link: paths.cloudPods(tenant.slug) }]}
      permission="cloudpods:create"
    >
      <NewCloudPodForm />
    </Page>
  )
}

type Values = { planId: string; blueprintId: string; hostname: string; sshKeys: string; region: string }

function NewCloudPodForm() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const catalogue = useCatalogue(owner?.id)
  const { offered, blueprints } = catalogue
  const of = useApiForm<Values, Accepted>({
    defaultValues: { planId: '', blueprintId: '', hostname: '', sshKeys: '', region: '' },
    send: (values, key) =>
      createCloudPod(
        {
          ...values,
          tenantId: owner?.id ?? '',
          ...podValues(values),
        },
        key,
      ),
    onDone: ({ cloudPod }) => {
      toast.done(t`CloudPod requested`)
      void navigate(paths.cloudPod(tenant.slug, cloudPod.id))
    },
  })
  const { form, errorOf } = of
  const { planId, blueprintId } = form.watch()
  const plan = offered.find(({ id }) => id === planId)
  const blueprint = blueprints.data?.items.find(({ id }) => id === blueprintId)
  const missing = !owner
    ? t`Choose the tenant first.`
    : !plan
      ? t`Choose a plan first.`
      : !blueprint
        ? t`Choose what to install first.`
        : undefined
  return (
    <div className="max-w-4xl space-y-4">
      <Notice tone="info">
        It is made at once and never billed. What a customer pays for is ordered as a subscription.
      </Notice>
      <Form
        of={of}
        submitLabel="Create CloudPod"
        submitReason={missing}
        onCancel={() => void navigate(paths.cloudPods(tenant.slug))}
      >
        {tenant.id === undefined && (
          <Card title="Tenant">
            <Field label="Whose CloudPod it is" error={errorOf('tenantId')}>
              <TenantPicker value={owner} onChange={setOwner} />
            </Field>
          </Card>
        )}
        {owner && (
          <>
            <Card title="Plan">
              <PlanCards
                catalogue={catalogue}
                value={planId}
                onChange={(id) => {
                  form.setValue('planId', id)
                  const next = offered.find((candidate) => candidate.id === id)
                  if (blueprint && refusal(blueprint, next)) form.setValue('blueprintId', '')
                }}
              />
            </Card>
            <Card title="What to install">
              <BlueprintCards
                catalogue={catalogue}
                value={blueprintId}
                onChange={(id) => form.setValue('blueprintId', id)}
                card={(item) => blueprintCard(item, plan)}
              />
            </Card>
          </>
        )}
        <Card title="CloudPod">
          <div className="space-y-4">
            <PodFields of={of} />
          </div>
        </Card>
      </Form>
    </div>
  )
}
