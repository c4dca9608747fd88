import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { addProvider, checkKey, type BillingProvider } from '../../api/payments.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ConnectionCheck } from '../../components/ConnectionCheck.tsx'
import { ProviderFound } from './ProviderFound.tsx'
import {
  booksOf,
  NO_WHMCS,
  WhmcsAccess,
  WhmcsBooks,
  whmcsOf,
  type WhmcsRegister,
  type WhmcsValues,
} from './WhmcsFields.tsx'

type Values = {
  whose: 'all' | 'one'
  kind: 'stripe' | 'whmcs' | 'manual'
  key: string
  webhookSecret: string
  chargesAutomatically: boolean
} & WhmcsValues

export function NewProviderForm({ onClose }: { onClose: () => void }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const of = useApiForm<Values, BillingProvider>({
    defaultValues: {
      whose: tenant.id === undefined ? 'all' : 'one',
      kind: 'stripe',
      key: '',
      webhookSecret: '',
      chargesAutomatically: true,
      ...NO_WHMCS,
    },
    send: (values, key) => {
      const { whose, kind, key: typed, webhookSecret, chargesAutomatically } = values
      const tenantId = whose === 'all' ? null : (owner?.id ?? '')
      if (kind === 'whmcs')
        return addProvider({ kind, tenantId: tenantId ?? '', ...whmcsOf(values), ...booksOf(values) }, key)
      return kind === 'manual'
        ? addProvider({ kind, tenantId }, key)
        : addProvider(
            { kind, tenantId, key: typed, webhookSecret: webhookSecret.trim() || null, chargesAutomatically },
            key,
          )
    },
    onDone: (made) => {
      toast.done(t`The provider is used from now on`)
      onClose()
      void navigate(paths.paymentProvider(tenant.slug, made.id))
    },
  })
  const { form, errorOf } = of
  const [whose, kind] = [form.watch('whose'), form.watch('kind')]
  const register: WhmcsRegister = (name, options) => form.register(name, options)
  return (
    <Form
      of={of}
      submitLabel="Use this provider"
      submitReason={
        kind === 'whmcs' && whose === 'all'
          ? t`The clients of a WHMCS are customers of one tenant: choose it first.`
          : whose === 'one' && owner === null
            ? t`Choose the tenant first.`
            : undefined
      }
      onCancel={onClose}
    >
      {tenant.id === undefined && (
        <Field label="Counts for">
          <Select {...form.register('whose')}>
            <option value="all">All that have not chosen</option>
            <option value="one">One tenant</option>
          </Select>
        </Field>
      )}
      {tenant.id === undefined && whose === 'one' && (
        <Field label="Tenant">
          <TenantPicker value={owner} onChange={setOwner} />
        </Field>
      )}
      <Field label="Payments are">
        <Select {...form.register('kind')}>
          <option value="stripe">Collected by Stripe</option>
          <option value="whmcs">Collected or recorded by WHMCS</option>
          <option value="manual">Recorded by hand</option>
        </Select>
      </Field>
      {kind === 'stripe' && (
        <>
          <Field
            label="Secret key"
            hint="A secret or restricted key of the account. It is stored sealed and never shown again."
            error={errorOf('key')}
          >
            <Input type="password" autoComplete="off" {...form.register('key', { required: REQUIRED })} />
          </Field>
          <Field
            label="Webhook secret"
            optional
            hint="Of the endpoint at Stripe. Its address is shown once the provider is there; the secret can be added then."
            error={errorOf('webhookSecret')}
          >
            <Input type="password" autoComplete="off" {...form.register('webhookSecret')} />
          </Field>
          <Checkbox label="Charge due invoices by themselves" {...form.register('chargesAutomatically')} />
          <ConnectionCheck
            ready={() => form.trigger('key')}
            send={(key) => checkKey({ key: form.getValues('key') }, key)}
            hint="Shows whose key it is, and whether it can be used."
          >
            {(found) => <ProviderFound found={found} />}
          </ConnectionCheck>
        </>
      )}
      {kind === 'whmcs' && (
        <>
          <WhmcsAccess register={register} errorOf={errorOf} withUrl />
          <WhmcsBooks register={register} errorOf={errorOf} isOwn={form.watch('authority') === 'mpanel'} />
          <ConnectionCheck
            ready={() => form.trigger(['url', 'identifier', 'secret'])}
            send={(key) => checkKey(whmcsOf(form.getValues()), key)}
            hint="Shows whether WHMCS lets mPanel in, and which actions its role lacks."
          >
            {(found) => <ProviderFound found={found} />}
          </ConnectionCheck>
        </>
      )}
    </Form>
  )
}
