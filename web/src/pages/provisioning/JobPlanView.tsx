import { t } from '../../../../shared/text.ts'
import { actionWords } from '../../lib/actions.ts'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { jobPlanQuery, type JobPlan } from '../../api/provisioning.ts'
import { AuditChanges } from '../../components/AuditChanges.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { formatMoney, isZero } from '../../lib/money.ts'

import { Badge } from '../../ui/Badge.tsx'
import { Notice } from '../../ui/Notice.tsx'

/** What a job would ask of its cluster, write and cost. Nothing of it is done. */
export function JobPlanView({ id }: { id: string }) {
  const query = useQuery(jobPlanQuery(id))
  return (
    <Loaded query={query} what="plan">
      {(plan) => (
        <div className="space-y-5">
          <Outcome plan={plan} />
          <Part title="Steps and calls to the cluster">
            <ol className="space-y-3">
              {plan.steps.map((step) => (
                <PlannedStep key={step.name} step={step} />
              ))}
            </ol>
          </Part>
          <Part title="Costs">
            <Costs costs={plan.costs} />
          </Part>
          <Part title="Database">
            {plan.changes.length === 0 ? (
              <p className="text-muted">Nothing would change.</p>
            ) : (
              <ul className="font-mono text-[12.5px]">
                {plan.changes.map((change) => (
                  <li key={change.table}>
                    {change.table}: {counted(change)}
                  </li>
                ))}
              </ul>
            )}
          </Part>
          <Part title="Audit log">
            {plan.events.length === 0 && <p className="text-muted">Nothing would be recorded.</p>}
            <ul className="space-y-2">
              {plan.events.map((event, index) => (
                // Events of a plan have no ids, and their order is all that tells two alike apart.
                // oxlint-disable-next-line react/no-array-index-key
                <li key={index}>
                  {actionWords(event.action)}
                  {event.target && <span className="text-muted"> · {event.target}</span>}
                  <AuditChanges event={{ diff: event.diff, details: null }} />
                </li>
              ))}
            </ul>
          </Part>
        </div>
      )}
    </Loaded>
  )
}

const OUTCOMES = {
  succeeds: ['success', t`It would succeed`],
  waits: ['info', t`It would wait, and try again`],
  fails: ['danger', t`It would fail, and undo what it began`],
  stuck: ['warning', t`It would stop and wait for somebody`],
  open: ['info', t`It is foreseen up to a point`],
} as const

function Outcome({ plan: { outcome, message } }: { plan: JobPlan }) {
  const [tone, title] = OUTCOMES[outcome]
  return (
    <Notice tone={tone} title={title}>
      {message ?? t`As the cluster and the database are now. Nothing of this was done.`}
    </Notice>
  )
}

const Part = ({ title, children }: { title: string; children: ReactNode }) => (
  <section className="space-y-2">
    <h3 className="text-[13px] font-semibold text-muted">{title}</h3>
    {children}
  </section>
)

const REACHED = { done: t`Done before`, now: t`Would run`, later: t`Not reached` } as const

const PlannedStep = ({ step }: { step: JobPlan['steps'][number] }) => (
  <li>
    <p className="flex flex-wrap items-center justify-between gap-2">
      {step.title}
      <Badge tone={step.reached === 'now' ? 'info' : 'neutral'}>{REACHED[step.reached]}</Badge>
    </p>
    {step.calls.map((call, index) => (
      // oxlint-disable-next-line react/no-array-index-key -- the same call may be made twice
      <div key={index} className="mt-1 rounded border border-line bg-raised p-2 font-mono text-[12.5px]">
        <p className="break-all">
          <b>{call.method}</b> {call.path}
        </p>
        {Object.entries(call.params).map(([name, value]) => (
          <p key={name} className="pl-4 break-all text-muted">
            {name}={value}
          </p>
        ))}
      </div>
    ))}
  </li>
)

const counted = ({ inserted, updated, deleted }: JobPlan['changes'][number]): string =>
  [
    inserted > 0 && t`${inserted} added`,
    updated > 0 && t`${updated} changed`,
    deleted > 0 && t`${deleted} removed`,
  ]
    .filter((part) => part !== false)
    .join(', ')

function Costs({ costs: { quota, money } }: { costs: JobPlan['costs'] }) {
  const lines = [
    ...Object.entries(quota ?? {})
      .filter(([, value]) => value !== 0)
      .map(([name, value]) => OF_QUOTA[name as keyof typeof OF_QUOTA](`${value > 0 ? '+' : ''}${value}`)),
    ...money.flatMap(({ invoiced, credited }) => [
      ...(isZero(invoiced) ? [] : [t`${formatMoney(invoiced)} invoiced`]),
      ...(isZero(credited) ? [] : [t`${formatMoney(credited)} credited`]),
    ]),
  ]
  if (lines.length === 0) return <p className="text-muted">None: no money, and nothing of the quota.</p>
  return (
    <ul>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

const OF_QUOTA = {
  pods: (amount: string) => t`${amount} pods of the quota`,
  cores: (amount: string) => t`${amount} cores of the quota`,
  memoryMb: (amount: string) => t`${amount} MiB of memory of the quota`,
  diskGb: (amount: string) => t`${amount} GiB of disk of the quota`,
  addresses: (amount: string) => t`${amount} addresses of the quota`,
  snapshots: (amount: string) => t`${amount} snapshots of the quota`,
  backups: (amount: string) => t`${amount} backups of the quota`,
}
