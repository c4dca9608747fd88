import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Globe, ReceiptText } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { subscriptionsQuery } from '../../api/billing.ts'
import { domainsQuery } from '../../api/domains.ts'
import { fieldsQuery } from '../../api/customerSettings.ts'
import { customerQuery, type Customer } from '../../api/customers.ts'
import { DomainList } from '../../components/DomainList.tsx'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { SubscriptionList } from '../../components/SubscriptionList.tsx'
import { Timeline } from '../../components/Timeline.tsx'
import { countryName } from '../../lib/countries.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Tabs } from '../../ui/Tabs.tsx'
import { Time } from '../../ui/Time.tsx'
import { Invoices } from '../billing/Invoices.tsx'
import { Contacts } from './Contacts.tsx'
import { CustomerActions } from './CustomerActions.tsx'
import { CustomerAccount } from './CustomerAccount.tsx'
import { CustomerTax } from './CustomerTax.tsx'
import { Notes } from './Notes.tsx'
import { PaymentMethods } from './PaymentMethods.tsx'
import { Statistics } from './Statistics.tsx'

const route = getRouteApi('/t/$tenant/customers/$id')
const TABS = [
  'overview',
  'contacts',
  'notes',
  'subscriptions',
  'invoices',
  'domains',
  'payment',
  'account',
  'tax',
  'timeline',
] as const

export default function CustomerPage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...customerQuery(id), enabled: can('customers:read') })
  const customer = query.data
  return (
    <Page
      title={customer?.name ?? t`Customer`}
      crumbs={[{ label: t`Customers`, link: paths.customers(tenant.slug) }]}
      permission="customers:read"
      badge={customer && <StateBadge of="catalogue" state={customer.state} />}
      actions={customer && <CustomerActions customer={customer} />}
    >
      <Loaded query={query} what="customer">
        {(data) => <Content customer={data} />}
      </Loaded>
    </Page>
  )
}

const addressLine = (one: Customer['addresses'][number]): string =>
  [one.line1, one.line2, `${one.postalCode} ${one.city}`.trim(), one.region, countryName(one.country)]
    .filter(Boolean)
    .join(', ')

const ADDRESSES: Record<string, string> = {
  billing: t`Billing address`,
  postal: t`Postal address`,
  other: t`Other address`,
}
const addressWords = (kind: string): string => ADDRESSES[kind] ?? humanize(kind)

const ownValue = (value: Customer['custom'][string] | undefined): string | null =>
  value === undefined ? null : typeof value === 'boolean' ? (value ? t`Yes` : t`No`) : String(value)

function Content({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const search = route.useSearch()
  const tab = oneOf(TABS, search.tab) ?? 'overview'
  const navigate = route.useNavigate()
  const fields = useQuery(fieldsQuery({ tenantId: customer.tenantId, limit: 200 }))
  return (
    <div className="space-y-4">
      <Ended customer={customer} />
      <Card>
        <Facts
          facts={[
            [t`E-mail`, customer.email],
            [t`Kind`, humanize(customer.kind)],
            [t`Company`, customer.company],
            [t`Country`, customer.country && countryName(customer.country)],
            [t`Currency`, customer.currency],
            [t`Language`, customer.language],
            [t`Group`, customer.group?.name],
            [t`Tags`, customer.tags.join(', ') || null],
            ...customer.taxIds.map(
              ({ type, country, value }) =>
                [type === 'vat' ? t`VAT number` : t`Tax id (${countryName(country)})`, value] as const,
            ),
            ...customer.addresses.map((one) => [addressWords(one.kind), addressLine(one)] as const),
            ...(fields.data?.items ?? []).map(
              ({ key, label }) => [label, ownValue(customer.custom[key])] as const,
            ),
            [t`Reference`, customer.externalRef],
            [t`Since`, <Time key="since" at={customer.createdAt} />],
            [t`Id`, <CopyId key="id" id={customer.id} what="customer id" />],
          ]}
        />
      </Card>
      <Tabs
        value={tab}
        onChange={(chosen) => void navigate({ search: { tab: chosen }, replace: true })}
        tabs={[
          { value: 'overview', label: t`Overview`, content: <Statistics customer={customer} /> },
          { value: 'contacts', label: t`Contacts`, content: <Contacts customer={customer} /> },
          { value: 'notes', label: t`Notes`, content: <Notes customer={customer} /> },
          { value: 'subscriptions', label: t`Subscriptions`, content: <Subscriptions customer={customer} /> },
          can('billing:read', customer.tenantId) && {
            value: 'invoices',
            label: t`Invoices`,
            content: <Invoices of={{ customerId: customer.id }} tenantId={customer.tenantId} />,
          },
          can('domains:read') && {
            value: 'domains',
            label: t`Domains`,
            content: <Domains customer={customer} />,
          },
          { value: 'payment', label: t`Payment`, content: <PaymentMethods customer={customer} /> },
          { value: 'account', label: t`Account`, content: <CustomerAccount customer={customer} /> },
          { value: 'tax', label: t`Tax`, content: <CustomerTax customer={customer} /> },
          can('audit:read') && {
            value: 'timeline',
            label: t`Timeline`,
            content: (
              <Card flush>
                <Timeline targetId={customer.id} targetType="customer" />
              </Card>
            ),
          },
        ]}
      />
    </div>
  )
}

/** Why nothing happens here any more. */
function Ended({ customer: { mergedInto, erasedAt, closedAt } }: { customer: Customer }) {
  const { tenant } = useSession()
  if (mergedInto)
    return (
      <Notice
        tone="info"
        title="This customer was merged into another one."
        action={
          <Link {...paths.customer(tenant.slug, mergedInto.id)} className="font-medium underline">
            Go to {mergedInto.name}
          </Link>
        }
      />
    )
  if (erasedAt)
    return (
      <Notice tone="info" title="The personal data of this customer was erased.">
        <Time at={erasedAt} />
      </Notice>
    )
  if (!closedAt) return null
  return (
    <Notice tone="info" title="This customer is closed and can order nothing.">
      Since <Time at={closedAt} />
    </Notice>
  )
}

function Domains({ customer }: { customer: Customer }) {
  const query = useQuery(domainsQuery({ customerId: customer.id, limit: 100 }))
  return (
    <Card flush>
      <DomainList
        query={query}
        empty={
          <EmptyState icon={Globe} title="No domains yet">
            Domains that belong to this customer are listed here.
          </EmptyState>
        }
      />
    </Card>
  )
}

function Subscriptions({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const permitted = can('subscriptions:read', customer.tenantId)
  const query = useQuery({
    ...subscriptionsQuery({ customerId: customer.id, limit: 100 }),
    enabled: permitted,
  })
  return (
    <Card flush>
      {permitted ? (
        <SubscriptionList
          query={query}
          empty={
            <EmptyState icon={ReceiptText} title="No subscriptions yet">
              What this customer orders is listed here, with its CloudPod and its invoices.
            </EmptyState>
          }
        />
      ) : (
        <p className="p-4 text-muted">{NO_PERMISSION('subscriptions:read')}</p>
      )}
    </Card>
  )
}
