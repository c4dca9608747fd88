import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { SearchX } from 'lucide-react'
import { useState, type FormEvent } from 'react'
import { t } from '../../../../shared/text.ts'
import { searchQuery, type DomainSearch } from '../../api/domainRegistrations.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { formatMoney } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'

const route = getRouteApi('/t/$tenant/domains/search')
const CURRENCIES = ['EUR', 'USD']

type Found = DomainSearch['items'][number]

/** Which names are free, and what they cost. */
export default function DomainSearchPage() {
  const { tenant } = useSession()
  const { words } = route.useSearch()
  const navigate = route.useNavigate()
  const [typed, setTyped] = useState(words ?? '')
  const [currency, setCurrency] = useState('EUR')
  const search = (event: FormEvent) => {
    event.preventDefault()
    void navigate({ search: { words: typed.trim() || undefined } })
  }
  return (
    <Page
      title="Register a domain"
      crumbs={[{ label: t`Domains`, link: paths.domains(tenant.slug) }]}
      permission="domains:read"
    >
      <div className="max-w-5xl space-y-4">
        <Card>
          <form onSubmit={search} className="grid items-end gap-3 sm:grid-cols-[1fr_auto_auto]">
            <Field label="Name">
              <Input
                type="search"
                autoCapitalize="none"
                autoComplete="off"
                spellCheck={false}
                maxLength={253}
                placeholder="Such as my-shop, or my-shop.com"
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            </Field>
            <Field label="Prices in">
              <Select value={currency} onChange={(event) => setCurrency(event.target.value)}>
                {CURRENCIES.map((code) => (
                  <option key={code}>{code}</option>
                ))}
              </Select>
            </Field>
            <Button
              type="submit"
              variant="primary"
              disabledReason={typed.trim() === '' ? t`Type a name first.` : undefined}
            >
              Search
            </Button>
          </form>
        </Card>
        {words !== undefined && <Results words={words} currency={currency} />}
      </div>
    </Page>
  )
}

function Results({ words, currency }: { words: string; currency: string }) {
  const query = useQuery(searchQuery(words, currency))
  return (
    <Card title={t`“${words}”`} flush>
      <Loaded query={query} what="names">
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon={SearchX} title="Nothing is sold under such a name">
              Try another word, or another currency.
            </EmptyState>
          ) : (
            <DataTable label="names" columns={COLUMNS} rows={items} rowKey={({ name }) => name} />
          )
        }
      </Loaded>
    </Card>
  )
}

/** What the order beside it costs. */
const costOf = ({ available, price, transfer }: Found) => (available === false ? transfer : price)
const money = (of: Found['price']): string => (of ? formatMoney(of) : '—')

const COLUMNS: Column<Found>[] = [
  {
    header: t`Name`,
    render: (found) => (
      <div className="min-w-0">
        <p className="font-medium break-all">{found.unicodeName}</p>
        {found.unicodeName !== found.name && <p className="text-[13px] break-all text-muted">{found.name}</p>}
        {found.reason !== null && <p className="text-[13px] text-muted">{found.reason}</p>}
        <div className="mt-1 flex flex-wrap items-center gap-1.5 sm:hidden">
          <Free found={found} />
          <span className="text-[13px] text-muted">{money(costOf(found))}</span>
        </div>
      </div>
    ),
  },
  { header: t`Availability`, from: 'sm', render: (found) => <Free found={found} /> },
  {
    header: t`First year`,
    align: 'right',
    from: 'sm',
    render: (found) => money(costOf(found)),
  },
  {
    header: t`Renewal`,
    align: 'right',
    from: 'md',
    render: ({ renewal }) => money(renewal),
  },
  { header: t`Order`, align: 'right', narrow: true, render: (found) => <Order found={found} /> },
]

function Free({ found: { available, premium } }: { found: Found }) {
  return (
    <span className="inline-flex flex-wrap gap-1.5">
      <Badge tone={available === null ? 'warning' : available ? 'success' : 'neutral'}>
        {available === null ? t`Unknown` : available ? t`Free` : t`Taken`}
      </Badge>
      {premium && <Badge tone="info">Premium</Badge>}
    </span>
  )
}

function Order({ found }: { found: Found }) {
  const { name, available, premium } = found
  const { tenant, can } = useSession()
  const reason = !can('domains:create')
    ? t`You do not have the permission domains:create.`
    : available === null
      ? t`The registry has not answered: search again.`
      : (available || premium) && costOf(found) === null
        ? (found.reason ?? t`It is not sold in this currency.`)
        : undefined
  const label = available === false ? t`Transfer` : t`Register`
  if (reason !== undefined)
    return (
      <Button size="sm" disabledReason={reason}>
        {label}
      </Button>
    )
  return (
    <Link
      {...paths.orderDomain(tenant.slug, { name, ...(available === false && { transfer: 'yes' }) })}
      className={buttonClass(available ? 'primary' : 'secondary', 'sm')}
    >
      {label}
    </Link>
  )
}
