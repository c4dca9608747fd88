import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { FileClock, X } from 'lucide-react'
import { useState } from 'react'
import { auditQuery, type AuditEvent } from '../../api/audit.ts'
import { Filters, SearchFilter } from '../../components/Filters.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { SubjectLink } from '../../components/SubjectLink.tsx'
import { actorName, humanize } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { AuditEventDetail } from './AuditEventDetail.tsx'

const route = getRouteApi('/t/$tenant/audit')

export default function AuditPage() {
  const { tenant, can } = useSession()
  const { page, ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<AuditEvent | null>(null)
  const query = useQuery({
    ...auditQuery({ tenantId: tenant.id, ...filter, cursor: cursorOf(page) }),
    enabled: can('audit:read'),
  })
  const change = (part: Partial<typeof filter>) =>
    void navigate({ search: { ...filter, ...part }, replace: true })
  const narrowed = Object.values(filter).some(Boolean)

  const columns: Column<AuditEvent>[] = [
    { header: 'When', narrow: true, from: 'sm', render: (event) => <Time at={event.at} /> },
    {
      header: 'What',
      render: (event) => (
        <>
          <button
            type="button"
            className="text-left font-medium break-words hover:underline"
            onClick={() => setOpen(event)}
          >
            {humanize(event.action)}
          </button>
          <div className="text-[13px] text-muted sm:hidden">
            <Time at={event.at} />
          </div>
        </>
      ),
    },
    {
      header: 'On',
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
      header: 'Who',
      from: 'md',
      render: (event) => <span className="break-words">{actorName(event.actor)}</span>,
    },
    {
      header: 'Outcome',
      from: 'lg',
      narrow: true,
      render: (event) => <StateBadge of="outcome" state={event.outcome} />,
    },
  ]
  return (
    <Page title="Audit" permission="audit:read">
      <Card flush>
        <Filters>
          <SearchFilter
            label="Action, such as PLAN_CREATED"
            value={filter.action}
            onChange={(action) => change({ action: action?.toUpperCase().replaceAll(' ', '_') })}
          />
          <SearchFilter
            label="Kind of target, such as cloudPod"
            value={filter.targetType}
            onChange={(targetType) => change({ targetType })}
          />
          <SearchFilter
            label="Id of the target"
            value={filter.targetId}
            onChange={(targetId) => change({ targetId })}
          />
          {filter.correlationId && (
            <span className="text-[13px] text-muted">Correlation {filter.correlationId}</span>
          )}
          {narrowed && (
            <Button
              size="sm"
              variant="ghost"
              icon={<X aria-hidden className="size-4" />}
              onClick={() => void navigate({ search: {} })}
            >
              Clear
            </Button>
          )}
        </Filters>
        <List
          query={query}
          what="events"
          columns={columns}
          trail={page}
          onTrail={(trail) => void navigate({ search: { ...filter, page: trail } })}
          empty={
            <EmptyState icon={FileClock} title={narrowed ? 'No event matches' : 'Nothing has happened yet'} />
          }
        />
      </Card>
      <Dialog
        open={open !== null}
        onClose={() => setOpen(null)}
        title={open ? humanize(open.action) : ''}
        wide
      >
        {open && <AuditEventDetail event={open} />}
      </Dialog>
    </Page>
  )
}
