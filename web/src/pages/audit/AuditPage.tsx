import { t } from '../../../../shared/text.ts'
import { actionWords } from '../../lib/actions.ts'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Download, FileClock } from 'lucide-react'
import { useState } from 'react'
import { auditQuery, exportEvents, type AuditEvent, type AuditFilter } from '../../api/audit.ts'
import { dayOf, oneOf } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { SubjectLink } from '../../components/SubjectLink.tsx'
import { useSubmit } from '../../api/submit.ts'
import { actorName, humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { AuditEventDetail } from './AuditEventDetail.tsx'
import { AuditFilters, OUTCOMES } from './AuditFilters.tsx'

const route = getRouteApi('/t/$tenant/audit')

/** The day of an address as the API wants it; a `to` means the end of that day. */
const dayStart = (typed: string | undefined): string | undefined => {
  const day = dayOf(typed)
  return day === undefined ? undefined : `${day}T00:00:00Z`
}
const dayEnd = (day: string | undefined): string | undefined => {
  const start = dayStart(day)
  return start === undefined ? undefined : new Date(Date.parse(start) + 86_400_000).toISOString()
}

export default function AuditPage() {
  const { tenant, can } = useSession()
  const { page, ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<AuditEvent | null>(null)
  const asked = {
    ...filter,
    tenantId: tenant.id,
    outcome: oneOf(OUTCOMES, filter.outcome),
    from: dayStart(filter.from),
    to: dayEnd(filter.to),
  }
  const query = useQuery({
    ...auditQuery({ ...asked, cursor: cursorOf(page) }),
    enabled: can('audit:read'),
  })
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...part }, replace: true })
  const narrowed = Object.values(filter).some(Boolean)

  const columns: Column<AuditEvent>[] = [
    { header: t`When`, narrow: true, from: 'sm', render: (event) => <Time at={event.at} /> },
    {
      header: t`What`,
      render: (event) => (
        <>
          <button
            type="button"
            className="text-left font-medium break-words hover:underline"
            onClick={() => setOpen(event)}
          >
            {actionWords(event.action)}
          </button>
          <div className="text-[13px] text-muted sm:hidden">
            <Time at={event.at} />
          </div>
        </>
      ),
    },
    {
      header: t`On`,
      render: ({ target }) =>
        target === null ? (
          '—'
        ) : (
          <>
            <SubjectLink {...target} />
            <div className="text-[13px] text-muted">{humanize(target.type)}</div>
          </>
        ),
    },
    {
      header: t`Who`,
      from: 'md',
      render: (event) => <span className="break-words">{actorName(event.actor)}</span>,
    },
    {
      header: t`Outcome`,
      from: 'lg',
      narrow: true,
      render: (event) => <StateBadge of="outcome" state={event.outcome} />,
    },
  ]
  return (
    <Page
      title="Audit"
      permission="audit:read"
      actions={
        <>
          {can('audit:manage', null) && (
            <Link {...paths.auditProof(tenant.slug)} className={buttonClass()}>
              Proof and retention
            </Link>
          )}
          {can('audit:manage') && (
            <>
              <Link {...paths.auditWebhooks(tenant.slug)} className={buttonClass()}>
                Webhooks
              </Link>
              <Link {...paths.auditSinks(tenant.slug)} className={buttonClass()}>
                Sinks
              </Link>
            </>
          )}
          {can('audit:export') && (
            <>
              <ExportButton filter={asked} format="jsonl" />
              <ExportButton filter={asked} format="csv" />
            </>
          )}
        </>
      }
    >
      <Card flush>
        <AuditFilters filter={filter} onChange={change} onClear={() => void navigate({ search: {} })} />
        <List
          query={query}
          what="events"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState
              icon={FileClock}
              title={narrowed ? t`No event matches` : t`Nothing has happened yet`}
            />
          }
        />
      </Card>
      <Dialog
        open={open !== null}
        onClose={() => setOpen(null)}
        title={open ? actionWords(open.action) : ''}
        wide
      >
        {open && <AuditEventDetail event={open} />}
      </Dialog>
    </Page>
  )
}

function ExportButton({ filter, format }: { filter: AuditFilter; format: 'jsonl' | 'csv' }) {
  const saving = useSubmit({ send: () => exportEvents(filter, format) })
  return (
    <Button
      icon={<Download aria-hidden className="size-4" />}
      loading={saving.isPending}
      onClick={() =>
        saving.mutate(undefined, {
          onError: (error) => toast.failed(t`The log was not exported`, error.message),
        })
      }
    >
      {format === 'csv' ? 'CSV' : t`Export`}
    </Button>
  )
}
