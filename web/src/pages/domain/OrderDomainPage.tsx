import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect, useState, type ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import type { Customer } from '../../api/customers.ts'
import { registerDomain, transferDomain, type DomainOrdered } from '../../api/domainRegistrations.ts'
import { Form, REQUIRED, useApiForm, type ApiForm } from '../../components/Form.tsx'
import { Page } from '../../components/Page.tsx'
import { CustomerPicker, TenantPicker } from '../../components/pickers.tsx'
import { useSession } from '../../components/session.ts'
import { formatMoney } from '../../lib/money.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card } from '../../ui/Card.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { ContactFields, holderOf, NO_CONTACT, type ContactValues } from './ContactFields.tsx'
import { NO_PEOPLE, OtherContacts, peopleField, peopleOf, type PeopleValues } from './OtherContacts.tsx'
import { OrderPrice, usePrice } from './OrderPrice.tsx'
import { Agreement, agreedField, agreementMissing } from './RenewForms.tsx'
import { readServers, SERVERS_HINT } from './nameservers.ts'

const route = getRouteApi('/t/$tenant/domains/order')

type Values = PeopleValues & {
  years: string
  authCode: string
  servers: string
  privacy: boolean
  autoRenew: boolean
  agreed: boolean
}

/** Orders a registration, or a transfer from another registrar. */
export default function OrderDomainPage() {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const { name = '', transfer } = route.useSearch()
  const isTransfer = transfer !== undefined
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const [customer, setCustomer] = useState<Customer | null>(null)
  const price = usePrice(name, customer?.currency)
  const isPremium = price.found?.premium ?? false
  const cost = costOf(price, isTransfer)
  const of = useApiForm<Values, DomainOrdered>({
    defaultValues: {
      years: '1',
      authCode: '',
      servers: '',
      privacy: false,
      autoRenew: true,
      agreed: false,
      ...NO_PEOPLE,
    },
    fieldOf: (path) => (path.startsWith('nameservers') ? 'servers' : agreedField(peopleField(path))),
    send: (values, key) => {
      const same = {
        tenantId: owner?.id ?? '',
        customerId: customer?.id ?? '',
        name,
        contacts: peopleOf(values),
        autoRenew: values.autoRenew,
        // At a price of its own nothing is ordered that was not shown.
        ...(isPremium && { agreedMinor: cost?.amount }),
      }
      return isTransfer
        ? transferDomain({ ...same, authCode: values.authCode }, key)
        : registerDomain(
            {
              ...same,
              years: isPremium ? 1 : Number(values.years),
              ...(values.servers.trim() !== '' && { nameservers: readServers(values.servers) }),
              privacy: values.privacy,
            },
            key,
          )
    },
    onDone: ({ domain, job }) => {
      toast.done(
        isTransfer ? t`Transfer ordered` : t`Registration ordered`,
        job === null ? t`It begins when its invoice is paid.` : undefined,
      )
      void navigate(paths.domain(tenant.slug, domain.id))
    },
  })
  const { form, errorOf } = of
  const choose = (chosen: Customer | null) => {
    follow(form, customer, chosen)
    setCustomer(chosen)
  }
  const agreed = form.watch('agreed')
  const back = () => void navigate(paths.domainSearch(tenant.slug, { words: name }))
  return (
    <Page
      title={isTransfer ? t`Transfer ${name}` : t`Register ${name}`}
      crumbs={[
        { label: t`Domains`, link: paths.domains(tenant.slug) },
        { label: t`Search`, link: paths.domainSearch(tenant.slug, { words: name }) },
      ]}
      permission="domains:create"
    >
      <div className="max-w-3xl">
        <Form
          of={of}
          submitLabel={isTransfer ? t`Order the transfer` : t`Order the registration`}
          submitReason={
            name === ''
              ? t`Search a name first.`
              : owner === null
                ? t`Choose the tenant first.`
                : customer === null
                  ? t`Choose the customer first.`
                  : isPremium
                    ? agreementMissing(cost, agreed)
                    : undefined
          }
          onCancel={back}
        >
          <Card title="Order">
            <OrderFields of={of} isTransfer={isTransfer} isPremium={isPremium}>
              {tenant.id === undefined && (
                <Field label="Tenant">
                  <TenantPicker
                    value={owner}
                    onChange={(chosen) => {
                      setOwner(chosen)
                      choose(null)
                    }}
                  />
                </Field>
              )}
              {owner !== null && (
                <Field label="Customer" hint="Who pays, in his currency." error={errorOf('customerId')}>
                  <CustomerPicker value={customer} onChange={choose} tenantId={owner.id} />
                </Field>
              )}
            </OrderFields>
          </Card>
          {customer !== null && <PriceCard of={of} price={price} isTransfer={isTransfer} />}
          <Card title="Holder">
            <ContactFields of={of} at="contact" />
          </Card>
          <Card title="Other contacts">
            <OtherContacts of={of} tenantId={owner?.id ?? null} />
          </Card>
          {!isTransfer && <ServersCard of={of} />}
        </Form>
      </div>
    </Page>
  )
}

/** The holder is most often the customer: what nobody has typed follows the choice. */
function follow(
  { getValues, setValue }: ApiForm<Values, DomainOrdered>['form'],
  from: Customer | null,
  to: Customer | null,
) {
  const before = from === null ? NO_CONTACT : holderOf(from)
  const known = to === null ? NO_CONTACT : holderOf(to)
  for (const field of Object.keys(known) as (keyof ContactValues)[])
    if (getValues(`contact.${field}`) === before[field])
      setValue(`contact.${field}`, known[field], { shouldDirty: true })
}

const costOf = ({ found }: ReturnType<typeof usePrice>, isTransfer: boolean) =>
  (isTransfer ? found?.transfer : found?.price) ?? null

/** What it costs; a premium name is agreed to, and anew when its price was refused. */
function PriceCard({
  of: { form, errorOf, submission },
  price,
  isTransfer,
}: {
  of: ApiForm<Values, DomainOrdered>
  price: ReturnType<typeof usePrice>
  isTransfer: boolean
}) {
  const { refetch } = price.query
  const isRefused = submission.error?.code === 'price_changed'
  useEffect(() => {
    if (!isRefused) return
    form.setValue('agreed', false)
    void refetch()
  }, [isRefused, form, refetch])
  const { found } = price
  const cost = costOf(price, isTransfer)
  const years = isTransfer || found?.premium ? 1 : Number(form.watch('years'))
  return (
    <Card title="Price">
      <OrderPrice of={price} isTransfer={isTransfer} years={years}>
        <Agreement
          text={cost && t`I agree to ${formatMoney(cost)} for ${found?.unicodeName ?? ''}.`}
          error={errorOf('agreed')}
          {...form.register('agreed')}
        />
      </OrderPrice>
    </Card>
  )
}

function ServersCard({ of: { form, errorOf } }: { of: ApiForm<Values, DomainOrdered> }) {
  return (
    <Card title="Name servers">
      <Field
        label="Name servers"
        optional
        hint={t`${SERVERS_HINT} Empty: those of mPanel’s DNS server.`}
        error={errorOf('servers')}
      >
        <Textarea spellCheck={false} className="font-mono text-[13px]" {...form.register('servers')} />
      </Field>
    </Card>
  )
}

/** What is ordered; `children`: for whom. */
function OrderFields({
  of: { form, errorOf },
  isTransfer,
  isPremium,
  children,
}: {
  of: ApiForm<Values, DomainOrdered>
  isTransfer: boolean
  /** For a year at a time. */
  isPremium: boolean
  children: ReactNode
}) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {children}
      {isTransfer ? (
        <Field
          label="Transfer code"
          hint="From the present registrar, where the domain must be unlocked. It is kept sealed."
          error={errorOf('authCode')}
        >
          <Input
            autoComplete="off"
            spellCheck={false}
            maxLength={255}
            {...form.register('authCode', { required: REQUIRED })}
          />
        </Field>
      ) : isPremium ? null : (
        <Field label="Period" error={errorOf('years')}>
          <Select {...form.register('years')}>
            {Array.from({ length: 10 }, (_, at) => (
              <option key={at} value={at + 1}>
                {count(at + 1, t`year`, t`years`)}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <div className="space-y-2 sm:col-span-2">
        <Checkbox label="Order renewals in time by itself" {...form.register('autoRenew')} />
        {!isTransfer && (
          <Checkbox
            label="Hide the holder from the public, where the registrar can"
            {...form.register('privacy')}
          />
        )}
      </div>
    </div>
  )
}
