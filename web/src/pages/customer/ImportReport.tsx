import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { FileUp, Trash2 } from 'lucide-react'
import { canImport } from '../../../../shared/states/customerImport.ts'
import { t } from '../../../../shared/text.ts'
import {
  discardImport,
  importQuery,
  isAtWork,
  startImport,
  type CustomerImport,
  type ImportReport as Report,
  type ImportRow,
} from '../../api/customerImports.ts'
import { jobQuery } from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { JobNow } from '../../components/JobProgress.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { locale } from '../../lib/language.ts'
import { count, humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

/** One uploaded file: how far it is, what it would do, and the way to have that done. */
export function ImportReport({ id }: { id: string }) {
  const query = useQuery(importQuery(id))
  return (
    <Loaded query={query} what="import">
      {(one) => (
        <Card
          title={
            <span className="flex flex-wrap items-center gap-2">
              <span className="break-all">{one.name}</span>
              <StateBadge of="import" state={one.state} />
            </span>
          }
          actions={<Actions one={one} />}
        >
          <div className="space-y-3">
            {isAtWork(one) && <AtWork one={one} />}
            {one.problem && (
              <Notice tone="danger" title="The file could not be imported">
                {one.problem}
              </Notice>
            )}
            {one.report && !isAtWork(one) && <Result one={one} report={one.report} />}
          </div>
        </Card>
      )}
    </Loaded>
  )
}

function AtWork({ one }: { one: CustomerImport }) {
  const { tenant, can } = useSession()
  const seesJobs = can('jobs:read', one.tenantId)
  const job = useQuery({ ...jobQuery(one.jobId ?? ''), enabled: seesJobs && one.jobId !== null })
  return (
    <>
      {one.state === 'checking' && <p className="text-muted">Nothing is changed by checking.</p>}
      {job.data && (
        <>
          <JobNow job={job.data} />
          <Link {...paths.job(tenant.slug, job.data.id)} className="font-medium underline">
            Show the job
          </Link>
        </>
      )}
    </>
  )
}

function Actions({ one }: { one: CustomerImport }) {
  const { tenant, can } = useSession()
  const navigate = useNavigate()
  const start = useSubmit({ send: (_: null, key) => startImport(one.id, key) })
  const discard = useSubmit({
    send: discardImport,
    onDone: () => {
      toast.done(t`File discarded`)
      void navigate(paths.importCustomers(tenant.slug))
    },
  })
  const counts = one.report?.counts
  const verdict = canImport.start({ state: one.state, refused: counts?.refused ?? 0 })
  const permitted = can('customers:import', one.tenantId)
  if (one.state === 'done')
    return (
      <Button size="sm" onClick={() => void navigate(paths.customers(tenant.slug))}>
        Show the customers
      </Button>
    )
  if (one.state !== 'checked') return null
  return (
    <span className="flex flex-wrap gap-2">
      <Button
        size="sm"
        icon={<Trash2 aria-hidden className="size-4" />}
        loading={discard.isPending}
        disabledReason={permitted ? undefined : NO_PERMISSION('customers:import')}
        onClick={() =>
          discard.mutate(one.id, { onError: (error) => toast.failed(t`Not discarded`, error.message) })
        }
      >
        Discard
      </Button>
      <Button
        size="sm"
        variant="primary"
        icon={<FileUp aria-hidden className="size-4" />}
        loading={start.isPending}
        disabledReason={
          !permitted
            ? NO_PERMISSION('customers:import')
            : !verdict.allowed
              ? verdict.reason
              : counts && counts.create + counts.update === 0
                ? t`Every row is as it should be already.`
                : undefined
        }
        onClick={() => start.mutate(null, { onError: (error) => toast.failed(t`Not begun`, error.message) })}
      >
        Import
      </Button>
    </span>
  )
}

const TONE = { create: 'success', update: 'info', unchanged: 'neutral', refused: 'danger' } as const

const rowsOf = ({ create, update, unchanged, refused }: Report['counts']): string =>
  refused > 0
    ? t`${create} created, ${update} changed, ${unchanged} as they are, ${refused} refused.`
    : t`${create} created, ${update} changed, ${unchanged} as they are.`

function Result({
  one: { state },
  report: { counts, faults, rows },
}: {
  one: CustomerImport
  report: Report
}) {
  const total = counts.create + counts.update + counts.unchanged + counts.refused
  const over = state !== 'checked'
  return (
    <div className="space-y-3">
      <Notice tone={counts.refused > 0 ? 'danger' : over ? 'success' : 'info'}>
        <p>
          {over ? t`Done:` : counts.refused > 0 ? t`Not as it is:` : t`This would be done:`} {rowsOf(counts)}
        </p>
        {faults > 0 && (
          <p>
            {count(faults, t`fault`, t`faults`)}. {!over && t`Mend them and upload the file again.`}
          </p>
        )}
      </Notice>
      <DataTable label="Rows of the file" columns={COLUMNS} rows={rows} rowKey={({ line }) => String(line)} />
      {total > rows.length && (
        <p className="text-muted">And {(total - rows.length).toLocaleString(locale)} more rows.</p>
      )}
    </div>
  )
}

const COLUMNS: Column<ImportRow>[] = [
  { header: t`Line`, narrow: true, align: 'right', render: ({ line }) => line },
  {
    header: t`Outcome`,
    narrow: true,
    render: ({ outcome }) => <Badge tone={TONE[outcome]}>{humanize(outcome)}</Badge>,
  },
  {
    header: t`Customer`,
    from: 'sm',
    render: ({ name }) => <span className="break-words">{name || '—'}</span>,
  },
  {
    header: t`Changes or problems`,
    render: ({ problems, changes }) =>
      problems.length > 0 ? (
        <ul className="text-danger-text">
          {problems.map(({ path, message }) => (
            <li key={path + message} className="break-words">
              {path && `${path}: `}
              {message}
            </li>
          ))}
        </ul>
      ) : (
        <span className="break-words">{changes.join(', ') || '—'}</span>
      ),
  },
]
