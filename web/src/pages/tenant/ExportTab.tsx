import { useQuery } from '@tanstack/react-query'
import { Download, FileArchive } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { useSubmit } from '../../api/submit.ts'
import { downloadExport, exportsQuery, startExport, type TenantExport } from '../../api/tenantEnd.ts'
import type { Tenant } from '../../api/tenants.ts'
import { JobText } from '../../components/JobText.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { StateBadge } from '../../components/StateBadge.tsx'
import { locale } from '../../lib/language.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

const sizeOf = (bytes: string): string =>
  Number(bytes) < 1_000_000
    ? `${Math.ceil(Number(bytes) / 1_000).toLocaleString(locale)} kB`
    : `${(Number(bytes) / 1_000_000).toLocaleString(locale, { maximumFractionDigits: 1 })} MB`

/** Everything of the tenant as a file: start it, follow it, download it. */
export function ExportTab({ tenant }: { tenant: Tenant }) {
  const query = useQuery(exportsQuery(tenant.id))
  const start = useSubmit({
    send: (_: null, key) => startExport(tenant.id, key),
    onDone: () => toast.done(t`The export has begun`),
  })
  const running = query.data?.items.some((one) => one.state === 'waiting')
  const reason =
    tenant.state === 'closed'
      ? t`The tenant is closed.`
      : running
        ? t`An export is being written.`
        : undefined
  return (
    <Card
      title="Exports"
      flush
      actions={
        <Button
          size="sm"
          disabledReason={reason}
          loading={start.isPending}
          onClick={() =>
            start.mutate(null, { onError: (error) => toast.failed(t`Not begun`, error.message) })
          }
        >
          Export everything
        </Button>
      }
    >
      <p className="border-b border-line p-4 text-muted">
        A compressed file of JSON Lines with every row that belongs to the tenant, out of one moment. Secrets
        are left out. A file is removed seven days after it was made.
      </p>
      <Loaded query={query} what="exports">
        {({ items }) => <Exports tenant={tenant} items={items} />}
      </Loaded>
    </Card>
  )
}

function Exports({ tenant, items }: { tenant: Tenant; items: TenantExport[] }) {
  const fetched = useSubmit({ send: (row: TenantExport) => downloadExport(tenant.slug, row) })
  const columns: Column<TenantExport>[] = [
    { header: t`Started`, render: (row) => <Time at={row.createdAt} /> },
    {
      header: t`State`,
      narrow: true,
      render: (row) => <StateBadge of="export" state={row.state} />,
    },
    { header: t`Rows`, narrow: true, from: 'sm', render: (row) => Number(row.rows).toLocaleString(locale) },
    { header: t`Size`, narrow: true, from: 'sm', render: (row) => sizeOf(row.bytes) },
    {
      header: 'SHA-256',
      from: 'md',
      render: (row) => (
        <span className="font-mono text-[13px] break-all">
          {row.sha256 ?? <JobText text={row.problem ?? row.waitingFor} />}
        </span>
      ),
    },
    {
      header: t`Removed`,
      narrow: true,
      from: 'md',
      render: (row) => (row.expiresAt === null ? '—' : <Time at={row.expiresAt} relative />),
    },
    {
      header: t`File`,
      narrow: true,
      render: (row) => (
        <Button
          size="sm"
          icon={<Download aria-hidden className="size-4" />}
          aria-label={t`Download the export of ${row.createdAt}`}
          loading={fetched.isPending && fetched.variables.id === row.id}
          disabledReason={row.state === 'ready' ? undefined : t`It is not ready.`}
          onClick={() =>
            fetched.mutate(row, { onError: (error) => toast.failed(t`Not downloaded`, error.message) })
          }
        >
          Download
        </Button>
      ),
    },
  ]
  if (items.length === 0)
    return (
      <EmptyState icon={FileArchive} title="No exports">
        None was made in the last seven days.
      </EmptyState>
    )
  return <DataTable label="Exports" columns={columns} rows={items} rowKey={(row) => row.id} />
}
