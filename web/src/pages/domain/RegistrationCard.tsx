import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import { canRegistration } from '../../../../shared/states/domain.ts'
import { t } from '../../../../shared/text.ts'
import {
  lockDomain,
  operationsQuery,
  registrationQuery,
  setAutoRenew,
  setPrivacy,
  type DomainRegistration,
  type ShownContact,
} from '../../api/domainRegistrations.ts'
import type { Domain } from '../../api/domains.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { formatMoney } from '../../lib/money.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Switch } from '../../ui/Switch.tsx'
import { Time } from '../../ui/Time.tsx'
import type { DomainOperation } from '../../api/domainRegistrations.ts'
import { Risen } from './RenewForms.tsx'
import { RegistrationActions } from './RegistrationActions.tsx'

/** What a registry says of a domain that is registered through us, and what can be asked of it. */
export function RegistrationCard({ domain }: { domain: Domain }) {
  const query = useQuery(registrationQuery(domain.id))
  return (
    <>
      <Loaded query={query} what="registration">
        {(registration) => <Registration registration={registration} />}
      </Loaded>
      <Operations id={domain.id} />
    </>
  )
}

function Registration({ registration: of }: { registration: DomainRegistration }) {
  return (
    <Card
      title={
        <span className="flex flex-wrap items-center gap-2">
          Registration
          {of.premium && <Badge tone="info">Premium</Badge>}
          {of.simulated && <Badge tone="warning">Simulated registry</Badge>}
        </span>
      }
      actions={<RegistrationActions registration={of} />}
    >
      <div className="space-y-4">
        {of.operation && (
          <Notice
            tone={
              of.operation.state === 'unknown' || of.operation.state === 'awaiting_payment'
                ? 'warning'
                : 'info'
            }
            title={of.operation.words}
          >
            {WAITS[of.operation.state]} {of.operation.message}
            {of.operation.invoiceId !== null && of.operation.state === 'awaiting_payment' && (
              <InvoiceLink id={of.operation.invoiceId} tenantId={of.tenantId} />
            )}
          </Notice>
        )}
        <Risen of={of} />
        {of.finding && <Notice tone="warning">{of.finding}</Notice>}
        <Facts facts={factsOf(of)} />
        <Switches registration={of} />
      </div>
    </Card>
  )
}

function factsOf(of: DomainRegistration): [name: string, value: ReactNode][] {
  const facts: [string, ReactNode][] = [
    [t`Expires`, of.expiresAt && <Time key="expires" at={of.expiresAt} />],
    [t`Registered`, of.registeredAt && <Time key="registered" at={of.registeredAt} />],
    [t`Registrar`, of.registrar],
    [t`Renewal`, of.renewal && t`${formatMoney(of.renewal)} a year`],
    [t`Compared with the registry`, of.syncedAt && <Time key="synced" at={of.syncedAt} relative />],
    [t`The registry says`, of.statuses.join(', ') || null],
    [t`Name servers`, of.nameservers.map(({ host }) => host).join(', ') || null],
    ...PEOPLE.map(([role, label]): [string, ReactNode] => [
      label,
      of.contacts && <Person key={role} person={of.contacts[role]} />,
    ]),
  ]
  // Before the registry has it, nothing is missing.
  return of.registeredAt === null ? facts.filter(([, value]) => value !== null) : facts
}

function InvoiceLink({ id, tenantId }: { id: string; tenantId: string }) {
  const { tenant, can } = useSession()
  return (
    can('billing:read', tenantId) && (
      <p>
        <Link {...paths.invoice(tenant.slug, id)} className="font-medium underline">
          Go to the invoice
        </Link>
      </p>
    )
  )
}

const PEOPLE = [
  ['registrant', t`Holder`],
  ['admin', t`Administrative contact`],
  ['tech', t`Technical contact`],
  ['billing', t`Billing contact`],
] as const

/** Who it is; how to reach him when that is asked for. */
function Person({ person }: { person: ShownContact }) {
  const [showing, setShowing] = useState(false)
  const name = [person.name, person.company].filter(Boolean).join(', ')
  return (
    <button
      type="button"
      className="text-left underline underline-offset-2"
      aria-expanded={showing}
      onClick={() => setShowing(!showing)}
    >
      {showing
        ? `${name}, ${person.email}, ${person.phone}, ${person.street}, ${person.postcode} ${person.city}, ${person.country}`
        : name}
    </button>
  )
}

const WAITS: Record<DomainOperation['state'], string> = {
  awaiting_payment: t`It begins when its invoice is paid.`,
  queued: t`It begins in a moment.`,
  running: t`The registry is being asked.`,
  pending_registry: t`The registry has it and decides.`,
  unknown: t`The answer was lost: mPanel looks what has become of it, and repeats nothing before it knows.`,
  succeeded: '',
  rejected: '',
  cancelled: '',
}

const DEEDS = {
  autoRenew: (id: string, on: boolean): Promise<unknown> => setAutoRenew(id, on),
  lock: (id: string, on: boolean): Promise<unknown> => lockDomain(id, on),
  privacy: (id: string, on: boolean): Promise<unknown> => setPrivacy(id, on),
}

function Switches({ registration: of }: { registration: DomainRegistration }) {
  const { can } = useSession()
  const change = useSubmit<{ what: keyof typeof DEEDS; on: boolean }, unknown>({
    send: ({ what, on }) => DEEDS[what](of.id, on),
  })
  const verdict = canRegistration.update(of)
  const why = (permission: 'domains:update' | 'domains:transfer', busy: boolean) =>
    !can(permission, of.tenantId)
      ? NO_PERMISSION(permission)
      : !verdict.allowed
        ? verdict.reason
        : busy && of.operation !== null && of.operation.state !== 'awaiting_payment'
          ? t`Something else is being asked of the registry: wait for its end.`
          : undefined
  return (
    <div className="space-y-3">
      {change.error && <ErrorNotice error={change.error} />}
      <div className="flex flex-wrap gap-x-8 gap-y-3">
        <span className="inline-flex items-center gap-2">
          <span aria-hidden className="text-muted">
            Order renewals in time
          </span>
          <Switch
            label="Order renewals in time"
            checked={of.autoRenew}
            disabledReason={why('domains:update', false)}
            onChange={(on) => change.mutate({ what: 'autoRenew', on })}
          />
        </span>
        <span className="inline-flex items-center gap-2">
          <span aria-hidden className="text-muted">
            Locked against transfers
          </span>
          <Switch
            label="Locked against transfers"
            checked={of.locked}
            disabledReason={why('domains:transfer', true)}
            onChange={(on) => change.mutate({ what: 'lock', on })}
          />
        </span>
        {of.privacy !== null && (
          <span className="inline-flex items-center gap-2">
            <span aria-hidden className="text-muted">
              Holder hidden
            </span>
            <Switch
              label="Holder hidden"
              checked={of.privacy}
              disabledReason={why('domains:update', true)}
              onChange={(on) => change.mutate({ what: 'privacy', on })}
            />
          </span>
        )}
      </div>
    </div>
  )
}

const COLUMNS: Column<DomainOperation>[] = [
  {
    header: t`What was asked`,
    render: ({ words, message }) => (
      <div className="min-w-0">
        <p className="break-words">{words}</p>
        {message && <p className="text-[13px] break-words text-muted">{message}</p>}
      </div>
    ),
  },
  {
    header: t`State`,
    narrow: true,
    render: ({ state }) => <StateBadge of="domainOperation" state={state} />,
  },
  {
    header: t`Price`,
    align: 'right',
    from: 'sm',
    render: ({ price }) => (price ? formatMoney(price) : '—'),
  },
  { header: t`By`, from: 'lg', render: ({ by }) => by },
  { header: t`When`, from: 'md', narrow: true, render: ({ createdAt }) => <Time at={createdAt} relative /> },
]

function Operations({ id }: { id: string }) {
  const query = useInfiniteQuery({ ...operationsQuery(id), refetchInterval: 5_000 })
  return (
    <Card title="Asked of the registry" flush>
      <Loaded query={query} what="operations">
        {(items) => <DataTable label="operations" columns={COLUMNS} rows={items} rowKey={(row) => row.id} />}
      </Loaded>
    </Card>
  )
}
