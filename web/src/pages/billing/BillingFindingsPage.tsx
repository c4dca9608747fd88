import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { SearchCheck } from 'lucide-react'
import { useState } from 'react'
import {
  BILLING_FINDING_KINDS,
  BILLING_FINDING_STATES,
  ignorable,
} from '../../../../shared/states/billingFinding.ts'
import { t } from '../../../../shared/text.ts'
import { billingFindingsQuery, type BillingFinding } from '../../api/billingFindings.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, Filters, oneOf } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { BILLING_FINDING_WORDS } from '../../lib/findingWords.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { BooksCompared } from './BooksCompared.tsx'
import { IgnoreFinding } from './IgnoreFinding.tsx'

const route = getRouteApi('/t/$tenant/billing-findings')

/** Where books, contracts and payment providers disagree, and what to do about each. */
export default function BillingFindingsPage() {
  const { tenant, can } = useSession()
  const { page, ...wanted } = route.useSearch()
  const navigate = route.useNavigate()
  const state = oneOf(BILLING_FINDING_STATES, wanted.state)
  const kind = oneOf(BILLING_FINDING_KINDS, wanted.kind)
  const [about, setAbout] = useState<BillingFinding>()
  const list = billingFindingsQuery({ tenantId: tenant.id, state, kind, cursor: cursorOf(page) })
  const query = useQuery({ ...list, enabled: can('billing:read') })
  return (
    <Page title="Billing findings" permission="billing:read">
      <BooksCompared />
      <Card flush>
        <Filters>
          <ChoiceFilter
            label="State"
            value={state}
            options={BILLING_FINDING_STATES}
            onChange={(chosen) => void navigate({ search: { state: chosen, kind } })}
          />
          <ChoiceFilter
            label="Kind"
            value={kind}
            options={BILLING_FINDING_KINDS}
            onChange={(chosen) => void navigate({ search: { state, kind: chosen } })}
          />
          <CsvButton of={list} />
        </Filters>
        <List
          query={query}
          what="findings"
          columns={useColumns(setAbout)}
          trail={page}
          onTrail={(trail) => void navigate({ search: { state, kind, page: trail } })}
          empty={
            <EmptyState icon={SearchCheck} title="Nothing found">
              {state || kind ? t`No finding matches.` : t`Books, contracts and providers say the same.`}
            </EmptyState>
          }
        />
      </Card>
      <Dialog
        open={about !== undefined}
        onClose={() => setAbout(undefined)}
        title={about ? `${BILLING_FINDING_WORDS[about.kind]}: ${about.subject.label}` : t`Finding`}
      >
        {about && <IgnoreFinding finding={about} onClose={() => setAbout(undefined)} />}
      </Dialog>
    </Page>
  )
}

function Subject({ of: { type, id, label } }: { of: BillingFinding['subject'] }) {
  const { tenant } = useSession()
  const to =
    id === null
      ? null
      : type === 'subscription'
        ? paths.subscription(tenant.slug, id)
        : type === 'customer'
          ? paths.customer(tenant.slug, id)
          : type === 'provider'
            ? paths.paymentProvider(tenant.slug, id)
            : null
  return to === null ? (
    <span className="font-medium break-words">{label}</span>
  ) : (
    <Link {...to} className="font-medium break-words hover:underline">
      {label}
    </Link>
  )
}

function useColumns(open: (finding: BillingFinding) => void): Column<BillingFinding>[] {
  const { can } = useSession()
  const mayNot = can('billing:manage') ? undefined : NO_PERMISSION('billing:manage')
  return [
    {
      header: t`What differs`,
      render: ({ kind, subject, expected, found, whatToDo, state, reason, decidedBy }) => (
        <>
          <Subject of={subject} />
          <div>{BILLING_FINDING_WORDS[kind]}</div>
          <div className="text-[13px] break-words text-muted">
            {expected} {found}
          </div>
          {state === 'open' && <div className="mt-1 text-[13px] break-words">{whatToDo}</div>}
          {reason !== null && (
            <div className="text-[13px] break-words text-muted">
              {decidedBy}: {reason}
            </div>
          )}
        </>
      ),
    },
    {
      header: t`State`,
      from: 'md',
      narrow: true,
      render: ({ state }) => <StateBadge of="finding" state={state} />,
    },
    {
      header: t`Since`,
      from: 'md',
      narrow: true,
      render: ({ firstSeenAt }) => <Time at={firstSeenAt} relative />,
    },
    {
      header: t`Decision`,
      narrow: true,
      render: (finding) => (
        <Button
          size="sm"
          aria-label={t`Ignore: ${BILLING_FINDING_WORDS[finding.kind]}, ${finding.subject.label}`}
          disabledReason={mayNot ?? ignorable(finding.state) ?? undefined}
          onClick={() => open(finding)}
        >
          Ignore
        </Button>
      ),
    },
  ]
}
