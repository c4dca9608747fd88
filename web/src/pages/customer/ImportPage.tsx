import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Download, FileUp } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  importsQuery,
  templateFile,
  uploadImport,
  type CustomerImport,
  type ListedImport,
} from '../../api/customerImports.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { StateBadge } from '../../components/StateBadge.tsx'
import { locale } from '../../lib/language.ts'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { ImportReport } from './ImportReport.tsx'

const route = getRouteApi('/t/$tenant/customers/import')
const MOST_BYTES = 50_000_000

/** Choose a file, see what it would do, have that done; both go on when the page is left. */
export default function ImportPage() {
  const { tenant, can } = useSession()
  const { file } = route.useSearch()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const permitted = owner !== null && can('customers:import', owner.id)
  return (
    <Page
      title="Import customers"
      crumbs={[{ label: t`Customers`, link: paths.customers(tenant.slug) }]}
      permission="customers:import"
    >
      <div className="space-y-4">
        <Card title="The file">
          <div className="max-w-xl space-y-4">
            {tenant.id === undefined && (
              <Field label="Tenant" hint="Whose customers they are.">
                <TenantPicker value={owner} onChange={setOwner} />
              </Field>
            )}
            {owner && !permitted && <p className="text-muted">{NO_PERMISSION('customers:import')}</p>}
            {owner && permitted && <Upload key={owner.id} tenantId={owner.id} />}
          </div>
        </Card>
        {file && <ImportReport key={file} id={file} />}
        {owner && permitted && <Recent tenantId={owner.id} shown={file} />}
      </div>
    </Page>
  )
}

function Upload({ tenantId }: { tenantId: string }) {
  const navigate = route.useNavigate()
  const [file, setFile] = useState<File>()
  const sending = useSubmit<File, CustomerImport>({
    send: (chosen) => uploadImport(tenantId, chosen),
    onDone: ({ id }) => void navigate({ search: { file: id } }),
  })
  const tooLarge = file !== undefined && file.size > MOST_BYTES
  return (
    <>
      <p className="text-muted">
        A CSV file with a line of column names, such as an export. Rows are matched by id, else by
        externalRef, else by e-mail. Columns that are not in the file stay as they are; an empty cell takes a
        value away.
      </p>
      <a href={templateFile(tenantId)} className={buttonClass('secondary', 'sm')}>
        <Download aria-hidden className="size-4" />
        Template with all columns
      </a>
      <Field
        label="CSV file"
        hint="At most 200,000 rows and 50 MB, in UTF-8."
        error={tooLarge ? t`The file is larger than 50 MB. Divide it.` : undefined}
      >
        <Input
          type="file"
          accept=".csv,text/csv"
          className="h-auto py-1.5"
          onChange={({ target }) => setFile(target.files?.[0])}
        />
      </Field>
      {sending.error && <ErrorNotice error={sending.error} />}
      <Button
        variant="primary"
        icon={<FileUp aria-hidden className="size-4" />}
        loading={sending.isPending}
        disabledReason={file === undefined || tooLarge ? t`Choose a file first.` : undefined}
        onClick={() => file && sending.mutate(file)}
      >
        Check the file
      </Button>
    </>
  )
}

/** Those of the last days, so that nobody looks in vain for what went on without them. */
function Recent({ tenantId, shown }: { tenantId: string; shown: string | undefined }) {
  const { tenant } = useSession()
  const query = useQuery(importsQuery(tenantId))
  const columns: Column<ListedImport>[] = [
    {
      header: t`File`,
      render: (one) => (
        <Link
          {...paths.importCustomers(tenant.slug, { file: one.id })}
          aria-current={one.id === shown}
          className="font-medium break-all hover:underline"
        >
          {one.name}
        </Link>
      ),
    },
    { header: t`State`, narrow: true, render: ({ state }) => <StateBadge of="import" state={state} /> },
    {
      header: t`Rows`,
      narrow: true,
      align: 'right',
      from: 'sm',
      render: ({ rows }) => rows.toLocaleString(locale),
    },
    { header: t`By`, from: 'md', render: ({ requestedBy }) => requestedBy },
    {
      header: t`Uploaded`,
      narrow: true,
      from: 'sm',
      render: ({ createdAt }) => <Time at={createdAt} relative />,
    },
    {
      header: t`Removed`,
      narrow: true,
      from: 'md',
      render: ({ expiresAt }) => <Time at={expiresAt} relative />,
    },
  ]
  return (
    <Card title="Imports of the last days" flush>
      <Loaded query={query} what="imports">
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon={FileUp} title="No imports yet">
              A file and its report are removed after a week.
            </EmptyState>
          ) : (
            <DataTable label="Imports" columns={columns} rows={items} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
    </Card>
  )
}
