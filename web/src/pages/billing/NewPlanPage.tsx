import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { createPlan, type Plan } from '../../api/billing.ts'
import { Form, REQUIRED, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { permits, useSession } from '../../components/session.ts'
import { tagsOf } from '../../lib/words.ts'
import { toMinor } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { NetworkFields, numberOf } from './NetworkFields.tsx'
import { NEW_PRICE, PriceFields, type PlanValues, type TypedPrice } from './PriceFields.tsx'

export default function NewPlanPage() {
  const { tenant } = useSession()
  return (
    <Page
      title="New plan"
      crumbs={[{ label: t`Plans`, link: paths.plans(tenant.slug) }]}
      permission="plans:create"
    >
      <NewPlanForm />
    </Page>
  )
}

const SERVER_NAMES: Record<string, string> = { unitMinor: 'unit', setupMinor: 'setup', pausedMinor: 'paused' }

/** A price as the API takes it. */
function asked({ currency, interval, intervalCount, unit, setup, paused, trialDays, trialThen }: TypedPrice) {
  const code = currency.toUpperCase()
  return {
    currency: code,
    interval,
    intervalCount,
    unitMinor: toMinor(unit, code) ?? '',
    setupMinor: toMinor(setup || '0', code) ?? '',
    pausedMinor: toMinor(paused || '0', code) ?? '',
    trialDays: trialDays ?? 0,
    trialThen,
  }
}

function NewPlanForm() {
  const { tenant, me } = useSession()
  const navigate = useNavigate()
  const mayShare = permits(me, 'plans:create')
  const [shared, setShared] = useState(mayShare)
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const of = useApiForm<PlanValues, Plan>({
    defaultValues: {
      code: '',
      name: '',
      cores: 1,
      memoryMb: 2048,
      diskGb: 20,
      trafficGb: '',
      rateMbps: '',
      overLimit: 'none',
      nodeTags: '',
      prices: [NEW_PRICE],
    },
    send: ({ prices, trafficGb, rateMbps, nodeTags, ...plan }, key) =>
      createPlan(
        {
          ...plan,
          trafficGb: numberOf(trafficGb),
          rateMbps: numberOf(rateMbps),
          nodeTags: tagsOf(nodeTags),
          tenantId: shared ? null : (owner?.id ?? null),
          prices: prices.map(asked),
        },
        key,
      ),
    onDone: (plan) => {
      toast.done(t`Plan ${plan.code} created`)
      void navigate(paths.plans(tenant.slug))
    },
    fieldOf: (path) =>
      path.startsWith('nodeTags')
        ? 'nodeTags'
        : path
            .split('.')
            .map((name) => SERVER_NAMES[name] ?? name)
            .join('.'),
  })
  const { form, errorOf } = of
  return (
    <div className="max-w-4xl">
      <Form
        of={of}
        submitLabel="Create plan"
        submitReason={shared || owner ? undefined : t`Choose the tenant first.`}
        onCancel={() => void navigate(paths.plans(tenant.slug))}
      >
        <Card title="Plan">
          <div className="space-y-4">
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label="Name" error={errorOf('name')}>
                <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
              </Field>
              <Field label="Code" hint="Such as cloud-2; unique." error={errorOf('code')}>
                <Input
                  autoCapitalize="none"
                  spellCheck={false}
                  maxLength={63}
                  {...form.register('code', {
                    required: REQUIRED,
                    pattern: {
                      value: /^[a-z0-9][a-z0-9.-]*$/,
                      message: t`Lower-case letters, digits, dots and hyphens.`,
                    },
                  })}
                />
              </Field>
            </div>
            <div className="grid gap-4 sm:grid-cols-3">
              <Field label="Cores" error={errorOf('cores')}>
                <Input type="number" min={1} {...form.register('cores', wholeNumber(1, 512))} />
              </Field>
              <Field label="Memory (MiB)" error={errorOf('memoryMb')}>
                <Input type="number" min={128} {...form.register('memoryMb', wholeNumber(128, 4_194_304))} />
              </Field>
              <Field label="Disk (GiB)" error={errorOf('diskGb')}>
                <Input type="number" min={1} {...form.register('diskGb', wholeNumber(1, 65_536))} />
              </Field>
            </div>
            <Field
              label="Tags of nodes"
              optional
              hint="Such as ssd, epyc: its CloudPods are placed only on nodes that have them all."
              error={errorOf('nodeTags')}
            >
              <Input autoComplete="off" spellCheck={false} {...form.register('nodeTags')} />
            </Field>
            {mayShare && (
              <Checkbox
                label="Sold by every tenant"
                checked={shared}
                onChange={(event) => setShared(event.target.checked)}
              />
            )}
            {!shared && tenant.id === undefined && (
              <Field label="Tenant" hint="The only one that sells it." error={errorOf('tenantId')}>
                <TenantPicker value={owner} onChange={setOwner} />
              </Field>
            )}
          </div>
        </Card>
        <NetworkFields of={of} />
        <PriceFields of={of} />
      </Form>
    </div>
  )
}
