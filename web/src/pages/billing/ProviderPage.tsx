import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  checkProvider,
  providerQuery,
  removeProvider,
  updateProvider,
  type BillingProvider,
} from '../../api/payments.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ConnectionCheck } from '../../components/ConnectionCheck.tsx'
import { ProviderFound } from './ProviderFound.tsx'
import { nameOf } from './ProvidersPage.tsx'
import { ProviderBooks } from './ProviderBooks.tsx'
import { WhmcsCards } from './WhmcsCards.tsx'

const route = getRouteApi('/t/$tenant/payment-providers/$id')

export default function ProviderPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...providerQuery(id), enabled: can('billing:read') })
  const provider = query.data
  return (
    <Page
      title={provider ? nameOf(provider) : t`Payment provider`}
      crumbs={[{ label: t`Payment providers`, link: paths.paymentProviders(tenant.slug) }]}
      permission="billing:read"
      badge={
        provider !== undefined &&
        provider.kind !== 'manual' && <StateBadge of="cluster" state={provider.health} />
      }
      actions={provider && <Remove provider={provider} />}
    >
      <Loaded query={query} what="payment provider">
        {(data) => <Content key={data.version} provider={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ provider }: { provider: BillingProvider }) {
  const { can } = useSession()
  const mayManage = can('billing:manage', provider.tenantId)
  return (
    <div className="space-y-4">
      {provider.healthMessage !== null && <Notice tone="warning">{provider.healthMessage}</Notice>}
      <Card>
        <Facts
          facts={[
            [t`Counts for`, provider.tenantName ?? t`All tenants that have not chosen`],
            [t`Account`, provider.account],
            provider.url === null ? null : [t`Address`, provider.url],
            provider.kind === 'whmcs'
              ? [
                  t`Whose invoices count`,
                  provider.authority === 'mpanel' ? t`Those of mPanel` : t`Those of WHMCS`,
                ]
              : null,
            provider.kind === 'stripe'
              ? [t`Mode`, provider.live === true ? t`Live: real money moves` : t`Test: no money moves`]
              : null,
            [t`Last tried`, provider.checkedAt && <Time key="checked" at={provider.checkedAt} />],
            provider.kind !== 'manual'
              ? [
                  t`Last heard`,
                  provider.heardAt === null ? t`Never` : <Time key="heard" at={provider.heardAt} relative />,
                ]
              : null,
            provider.kind !== 'manual' ? [t`Messages that wait`, String(provider.waiting)] : null,
            provider.kind !== 'manual' ? [t`Put aside for a person`, String(provider.parked)] : null,
          ]}
        />
      </Card>
      {provider.kind === 'stripe' && mayManage && (
        <>
          <Card title="Messages of Stripe">
            <div className="space-y-3">
              <p className="text-muted">
                Add this address as an endpoint at Stripe, for the events payment_intent.*, charge.*,
                refund.*, checkout.session.*, payment_method.* and customer.deleted, and type its signing
                secret below.
              </p>
              {provider.webhookUrl !== null && <CopyId id={provider.webhookUrl} what="address" full />}
              {!provider.hasWebhookSecret && (
                <Notice tone="warning">Without the secret, what happens at Stripe is noticed late.</Notice>
              )}
            </div>
          </Card>
          <ConnectionCheck
            ready={() => Promise.resolve(true)}
            send={(key) => checkProvider(provider.id, key)}
            hint="Asks Stripe whose key it is, and whether the account takes payments."
          >
            {(found) => <ProviderFound found={found} />}
          </ConnectionCheck>
          <Settings provider={provider} />
        </>
      )}
      {provider.kind === 'whmcs' && <ProviderBooks provider={provider} />}
      {provider.kind === 'whmcs' && mayManage && <WhmcsCards provider={provider} />}
    </div>
  )
}

type Values = { key: string; webhookSecret: string; chargesAutomatically: boolean }

function Settings({ provider }: { provider: BillingProvider }) {
  const of = useApiForm<Values, BillingProvider>({
    defaultValues: { key: '', webhookSecret: '', chargesAutomatically: provider.chargesAutomatically },
    send: ({ key, webhookSecret, chargesAutomatically }) =>
      updateProvider(
        provider.id,
        {
          ...(key.trim() === '' ? {} : { key }),
          ...(webhookSecret.trim() === '' ? {} : { webhookSecret }),
          chargesAutomatically,
        },
        provider.version,
      ),
    onDone: () => toast.done(t`Saved`),
  })
  const { form, errorOf } = of
  return (
    <Card title="Settings">
      <Form of={of} submitLabel="Save">
        <Field label="New secret key" optional hint="Nothing: the key stays." error={errorOf('key')}>
          <Input type="password" autoComplete="off" {...form.register('key')} />
        </Field>
        <Field
          label="New webhook secret"
          optional
          hint={provider.hasWebhookSecret ? t`Nothing: the secret stays.` : t`There is none yet.`}
          error={errorOf('webhookSecret')}
        >
          <Input type="password" autoComplete="off" {...form.register('webhookSecret')} />
        </Field>
        <Checkbox label="Charge due invoices by themselves" {...form.register('chargesAutomatically')} />
      </Form>
    </Card>
  )
}

function Remove({ provider }: { provider: BillingProvider }) {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const [removing, setRemoving] = useState(false)
  const name = provider.tenantName ?? t`all others`
  return (
    <>
      <Button
        variant="danger"
        disabledReason={
          can('billing:manage', provider.tenantId) ? undefined : NO_PERMISSION('billing:manage')
        }
        onClick={() => setRemoving(true)}
      >
        Take out
      </Button>
      <ConfirmDestroy
        open={removing}
        onClose={() => setRemoving(false)}
        title="Take the provider out"
        name={name}
        effect="Nothing new is collected through it. What was paid through it can still be given back."
        submitLabel="Take out"
        send={() => removeProvider(provider.id)}
        onDone={() => {
          toast.done(t`The provider is no longer used`)
          void navigate(paths.paymentProviders(tenant.slug))
        }}
      />
    </>
  )
}
