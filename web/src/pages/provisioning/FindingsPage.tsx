import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { SearchCheck } from 'lucide-react'
import { useState } from 'react'
import { FINDING_KINDS, FINDING_STATES } from '../../../../shared/states/finding.ts'
import { t } from '../../../../shared/text.ts'
import { findingsQuery, type Finding } from '../../api/findings.ts'
import { CsvButton } from '../../components/CsvButton.tsx'
import { ChoiceFilter, Filters, oneOf } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { codeWords } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { Decide } from './DecideFinding.tsx'
import { FINDING_WORDS } from '../../lib/findingWords.ts'

const route = getRouteApi('/t/$tenant/findings')

/** Where clusters and mPanel say different things, and what to do about each. */
export default function FindingsPage() {
  const { tenant, can } = useSession()
  const { page, ...wanted } = route.useSearch()
  const navigate = route.useNavigate()
  const state = oneOf(FINDING_STATES, wanted.state)
  const kind = oneOf(FINDING_KINDS, wanted.kind)
  const [deciding, setDeciding] = useState<Finding>()
  const list = findingsQuery({ state, kind, cursor: cursorOf(page) })
  const query = useQuery({
    ...list,
    enabled: can('infrastructure:read', null),
    // Nothing tells when they change.
    refetchInterval: 10_000,
  })
  return (
    <Page title="Findings" permission="infrastructure:read" ofPlatform>
      <p className="text-muted">
        Once a minute each cluster, and each IP pool of a NetBox, is compared with what is known here. What
        differs is listed, repaired or taken over, as the settings say. What differs in the books is under{' '}
        <Link {...paths.billingFindings(tenant.slug, { state: 'open' })} className="underline">
          Billing findings
        </Link>
        .
      </p>
      <Card flush>
        <Filters>
          <ChoiceFilter
            label="State"
            value={state}
            options={FINDING_STATES}
            onChange={(chosen) => void navigate({ search: { state: chosen, kind } })}
          />
          <ChoiceFilter
            label="Kind"
            value={kind}
            options={FINDING_KINDS}
            onChange={(chosen) => void navigate({ search: { state, kind: chosen } })}
          />
          <CsvButton of={list} />
        </Filters>
        <List
          query={query}
          what="findings"
          columns={useColumns(setDeciding)}
          trail={page}
          onTrail={(trail) => void navigate({ search: { state, kind, page: trail } })}
          empty={
            <EmptyState icon={SearchCheck} title="Nothing found">
              {state || kind ? t`No finding matches.` : t`The last comparison found no difference.`}
            </EmptyState>
          }
        />
      </Card>
      <Dialog
        open={deciding !== undefined}
        onClose={() => setDeciding(undefined)}
        title={deciding ? `${FINDING_WORDS[deciding.kind]}: ${deciding.label}` : t`Finding`}
      >
        {deciding && <Decide finding={deciding} onClose={() => setDeciding(undefined)} />}
      </Dialog>
    </Page>
  )
}

function useColumns(decide: (finding: Finding) => void): Column<Finding>[] {
  const { tenant, can } = useSession()
  const mayNot = can('infrastructure:manage', null) ? undefined : NO_PERMISSION('infrastructure:manage')
  return [
    {
      header: t`Guest or address`,
      render: ({ label, pod, pool, clusterName, vmid }) => (
        <>
          {pod ? (
            <Link
              {...paths.cloudPod(tenant.slug, pod.id)}
              className="font-medium break-words hover:underline"
            >
              {label}
            </Link>
          ) : (
            <span className="font-medium break-words">{label}</span>
          )}
          <div className="text-[13px] text-muted">
            {clusterName}, {pool ? t`pool ${pool.name}` : `VMID ${vmid}`}
          </div>
        </>
      ),
    },
    {
      header: t`What differs`,
      render: ({ kind, expected, found, problem }) => (
        <>
          <div>{FINDING_WORDS[kind]}</div>
          <div className="text-[13px] break-words text-muted">
            {found}; expected: {expected}
          </div>
          {problem && <div className="text-[13px] break-words text-danger">{problem}</div>}
        </>
      ),
    },
    {
      header: t`State`,
      narrow: true,
      render: ({ state, jobId }) => (
        <>
          <StateBadge of="finding" state={state} />
          {jobId && state === 'repairing' && (
            <div className="text-[13px]">
              <Link {...paths.job(tenant.slug, jobId)} className="hover:underline">
                Its job
              </Link>
            </div>
          )}
        </>
      ),
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
          aria-label={t`Decide about ${finding.label}: ${FINDING_WORDS[finding.kind]}`}
          disabledReason={mayNot ?? over(finding)}
          onClick={() => decide(finding)}
        >
          Decide
        </Button>
      ),
    },
  ]
}

const over = ({ state, outcome, decidedBy }: Finding): string | undefined => {
  if (state === 'closed') {
    const how = codeWords(outcome ?? '')
    return decidedBy ? t`It is over: ${how}, decided by ${decidedBy}.` : t`It is over: ${how}.`
  }
  return state === 'repairing' ? t`It is being repaired: wait for the job.` : undefined
}
