import { useQuery } from '@tanstack/react-query'
import { Pencil, Plus, Trash2, Undo2 } from 'lucide-react'
import { useMemo, useState } from 'react'
import { canZone } from '../../../../../shared/states/domainZone.ts'
import { t } from '../../../../../shared/text.ts'
import { recordsQuery, type Zone, type ZoneRrset } from '../../../api/dnsZones.ts'
import { Filters, SearchFilter } from '../../../components/Filters.tsx'
import { Loaded } from '../../../components/Loaded.tsx'
import { count } from '../../../lib/words.ts'
import { Badge } from '../../../ui/Badge.tsx'
import { Button } from '../../../ui/Button.tsx'
import { Card } from '../../../ui/Card.tsx'
import { DataTable, type Column } from '../../../ui/DataTable.tsx'
import { Dialog } from '../../../ui/Dialog.tsx'
import { Notice } from '../../../ui/Notice.tsx'
import { RrsetForm } from './RrsetForm.tsx'
import { keyOf, rowsOf, shortName, type Row, type Staged } from './staged.ts'
import { Unsaved } from './Unsaved.tsx'

const SHOWN = 100
const OTHERS: Record<Exclude<ZoneRrset['managedBy'], 'user'>, string> = {
  system: t`Kept by mPanel: the name servers of the zone are those of its DNS server.`,
  acme: t`A challenge for a certificate: it goes by itself.`,
  pod: t`It follows a CloudPod: change it there.`,
}

/** The records of a zone. Changes are collected, looked at, and saved together as one revision. */
export function ZoneEditor({
  zone,
  mayNot,
  staged,
  setStaged,
}: {
  zone: Zone
  mayNot: string | undefined
  staged: Staged
  setStaged: (staged: Staged) => void
}) {
  const query = useQuery(recordsQuery(zone.domainId))
  const [editing, setEditing] = useState<Row | 'new' | null>(null)
  const verdict = canZone.edit(zone)
  const why = mayNot ?? (verdict.allowed ? undefined : verdict.reason)
  const stage = (change: (next: Map<string, NonNullable<ReturnType<Staged['get']>>>) => void) => {
    const next = new Map(staged)
    change(next)
    setStaged(next)
  }
  return (
    <Card
      title="Records"
      flush
      actions={
        <Button
          size="sm"
          variant="primary"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={why}
          onClick={() => setEditing('new')}
        >
          Add records
        </Button>
      }
    >
      <Loaded query={query} what="records">
        {({ rrsets, warnings, revision }) => (
          <>
            <Unsaved
              zone={zone}
              rrsets={rrsets}
              revision={revision}
              staged={staged}
              onDone={() => setStaged(new Map())}
            />
            {warnings.length > 0 && (
              <div className="border-b border-line p-3">
                <Notice tone="warning" title="Is this what you mean?">
                  <ul className="list-disc space-y-1 pl-4">
                    {warnings.slice(0, 10).map(({ name, type, message }) => (
                      <li key={`${name} ${type} ${message}`}>
                        {shortName(name, zone.name)} {type}: {message}
                      </li>
                    ))}
                  </ul>
                </Notice>
              </div>
            )}
            <Records
              zone={zone}
              rrsets={rrsets}
              staged={staged}
              why={why}
              onEdit={setEditing}
              onRemove={({ name, type }) =>
                stage((next) => next.set(keyOf({ name, type }), { name, type, value: null }))
              }
              onUndo={(row) => stage((next) => next.delete(keyOf(row)))}
            />
            <Dialog
              open={editing !== null}
              onClose={() => setEditing(null)}
              title={editing === 'new' ? t`Add records` : t`Change records`}
            >
              {editing !== null && (
                <RrsetForm
                  zone={zone}
                  row={editing === 'new' ? null : editing}
                  taken={rrsets}
                  onClose={() => setEditing(null)}
                  onDone={(change) => {
                    stage((next) => next.set(keyOf(change), change))
                    setEditing(null)
                  }}
                />
              )}
            </Dialog>
          </>
        )}
      </Loaded>
    </Card>
  )
}

const STAGED = { new: t`New`, changed: t`Changed`, removed: t`Goes` } as const

function Records({
  zone,
  rrsets,
  staged,
  why,
  onEdit,
  onRemove,
  onUndo,
}: {
  zone: Zone
  rrsets: readonly ZoneRrset[]
  staged: Staged
  why: string | undefined
  onEdit: (row: Row) => void
  onRemove: (row: Row) => void
  onUndo: (row: Row) => void
}) {
  const [q, setQ] = useState<string>()
  const [more, setMore] = useState(1)
  const rows = useMemo(() => rowsOf(zone.name, rrsets, staged), [zone.name, rrsets, staged])
  const found = useMemo(() => {
    const words = q?.toLowerCase()
    if (!words) return rows
    return rows.filter(({ name, type, value }) =>
      `${name} ${type} ${value.contents.join(' ')} ${value.comment}`.toLowerCase().includes(words),
    )
  }, [rows, q])
  const columns: Column<Row>[] = [
    {
      header: t`Name`,
      render: ({ name, type, staged: change }) => (
        <span className="flex flex-wrap items-center gap-x-2 font-medium">
          <span className="break-all">{shortName(name, zone.name)}</span>
          <span className="text-muted sm:hidden">{type}</span>
          {change && <Badge tone="info">{STAGED[change]}</Badge>}
        </span>
      ),
    },
    { header: t`Type`, from: 'sm', narrow: true, render: ({ type }) => type },
    { header: 'TTL', from: 'md', narrow: true, align: 'right', render: ({ value }) => value.ttl },
    {
      header: t`Content`,
      render: ({ value, staged: change }) => (
        <div className={change === 'removed' ? 'text-muted line-through' : ''}>
          {value.contents.map((content) => (
            <div key={content} className="font-mono text-[13px] break-all">
              {content}
            </div>
          ))}
          {value.comment && <div className="text-[13px] text-muted">{value.comment}</div>}
        </div>
      ),
    },
    {
      header: t`Actions`,
      narrow: true,
      render: (row) => <Actions {...{ zone, row, why, onEdit, onRemove, onUndo }} />,
    },
  ]
  return (
    <>
      <Filters>
        <SearchFilter
          label="Search records"
          value={q}
          onChange={(typed) => {
            setQ(typed)
            setMore(1)
          }}
        />
        <span className="text-muted">{count(found.length, t`set`, t`sets`)}</span>
      </Filters>
      <DataTable
        label="records"
        columns={columns}
        rows={found.slice(0, more * SHOWN)}
        rowKey={(row) => `${keyOf(row)} ${row.owner}`}
      />
      {found.length > more * SHOWN && (
        <div className="border-t border-line p-3 text-center">
          <Button size="sm" onClick={() => setMore(more + 1)}>
            Show more
          </Button>
        </div>
      )}
    </>
  )
}

function Actions({
  zone,
  row,
  why,
  onEdit,
  onRemove,
  onUndo,
}: {
  zone: Zone
  row: Row
  why: string | undefined
  onEdit: (row: Row) => void
  onRemove: (row: Row) => void
  onUndo: (row: Row) => void
}) {
  const what = `${shortName(row.name, zone.name)} ${row.type}`
  const reason = why ?? (row.managedBy === 'user' ? undefined : OTHERS[row.managedBy])
  return (
    <span className="flex justify-end gap-1">
      {row.staged !== null && (
        <Button
          size="sm"
          variant="ghost"
          aria-label={t`Undo the change of ${what}`}
          icon={<Undo2 aria-hidden className="size-4" />}
          onClick={() => onUndo(row)}
        />
      )}
      {row.staged !== 'removed' && (
        <>
          <Button
            size="sm"
            variant="ghost"
            aria-label={t`Change ${what}`}
            icon={<Pencil aria-hidden className="size-4" />}
            disabledReason={reason}
            onClick={() => onEdit(row)}
          />
          {row.staged !== 'new' && (
            <Button
              size="sm"
              variant="ghost"
              aria-label={t`Remove ${what}`}
              icon={<Trash2 aria-hidden className="size-4" />}
              disabledReason={reason}
              onClick={() => onRemove(row)}
            />
          )}
        </>
      )}
    </span>
  )
}
