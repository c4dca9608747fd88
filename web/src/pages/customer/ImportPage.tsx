import { useNavigate } from '@tanstack/react-router'
import { Download, FileUp } from 'lucide-react'
import { useState } from 'react'
import { importCustomers, templateFile, type ImportResult, type ImportRow } from '../../api/customerMerge.ts'
import { useSubmit } from '../../api/submit.ts'
import { ErrorNotice } from '../../components/ErrorNotice.tsx'
import { Page } from '../../components/Page.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

const SHOWN = 200
const MOST = 1_000_000

type File = { name: string; csv: string }

/** Choose a file, see row by row what it would do, confirm. */
export default function ImportPage() {
  const { tenant, can } = useSession()
  const [owner, setOwner] = useState(tenant.id === undefined ? null : { id: tenant.id, name: tenant.name })
  const [file, setFile] = useState<File | null>(null)
  const [fault, setFault] = useState<string>()
  const permitted = owner === null || can('customers:import', owner.id)
  const read = async (chosen: globalThis.File | undefined) => {
    setFile(null)
    setFault(undefined)
    if (!chosen) return
    if (chosen.size > MOST)
      setFault('The file is larger than 1 MB. Divide it and import the parts one by one.')
    else setFile({ name: chosen.name, csv: await chosen.text() })
  }
  return (
    <Page
      title="Import customers"
      crumbs={[{ label: 'Customers', link: paths.customers(tenant.slug) }]}
      permission="customers:import"
    >
      <Card title="The file">
        <div className="max-w-xl space-y-4">
          {tenant.id === undefined && (
            <Field label="Tenant" hint="Whose customers they are.">
              <TenantPicker value={owner} onChange={setOwner} />
            </Field>
          )}
          {owner && (
            <>
              <p className="text-muted">
                A CSV file with a line of column names, such as an export. Rows are matched by id, else by
                externalRef, else by e-mail. Columns that are not in the file stay as they are; an empty cell
                takes a value away.
              </p>
              <a href={templateFile(owner.id)} className={buttonClass('secondary', 'sm')}>
                <Download aria-hidden className="size-4" />
                Template with all columns
              </a>
              <Field label="CSV file" hint="At most 2,000 rows and 1 MB, in UTF-8." error={fault}>
                <Input
                  type="file"
                  accept=".csv,text/csv"
                  className="h-auto py-1.5"
                  onChange={({ target }) => void read(target.files?.[0])}
                />
              </Field>
              {!permitted && <p className="text-muted">{NO_PERMISSION('customers:import')}</p>}
            </>
          )}
        </div>
      </Card>
      {owner && file && permitted && (
        <DryRun key={`${owner.id} ${file.csv}`} tenantId={owner.id} file={file} />
      )}
    </Page>
  )
}

function DryRun({ tenantId, file: { csv, name } }: { tenantId: string; file: File }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const [checked, setChecked] = useState<ImportResult | null>(null)
  const dryRun = useSubmit<object, ImportResult>({
    send: (_, key) => importCustomers({ tenantId, csv, dryRun: true }, key),
    onDone: setChecked,
  })
  const real = useSubmit<object, ImportResult>({
    send: (_, key) => importCustomers({ tenantId, csv, dryRun: false }, key),
    onDone: (done) => {
      setChecked(done)
      toast.done('Customers imported')
    },
  })
  const error = real.error ?? dryRun.error
  const { counts } = checked ?? {}
  const nothing = counts && counts.create + counts.update === 0
  return (
    <Card
      title={`What ${name} does`}
      actions={
        checked?.done ? (
          <Button size="sm" onClick={() => void navigate(paths.customers(tenant.slug))}>
            Show the customers
          </Button>
        ) : checked === null ? (
          <Button size="sm" variant="primary" loading={dryRun.isPending} onClick={() => dryRun.mutate({})}>
            Check the file
          </Button>
        ) : (
          <Button
            size="sm"
            variant="primary"
            icon={<FileUp aria-hidden className="size-4" />}
            loading={real.isPending}
            disabledReason={
              counts && counts.refused > 0
                ? 'Mend the refused rows first: the file is imported as a whole or not at all.'
                : nothing
                  ? 'Every row is as it should be already.'
                  : undefined
            }
            onClick={() => real.mutate({})}
          >
            Import
          </Button>
        )
      }
    >
      {error && (
        <div className="space-y-2">
          <ErrorNotice error={error} />
          <ul className="list-disc pl-5 text-danger-text">
            {error.errors.map(({ message }) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </div>
      )}
      {checked === null ? (
        !error && <p className="text-muted">Nothing is changed by checking.</p>
      ) : (
        <Result result={checked} />
      )}
    </Card>
  )
}

const TONE = { create: 'success', update: 'info', unchanged: 'neutral', refused: 'danger' } as const

function Result({ result: { counts, rows, done } }: { result: ImportResult }) {
  const order: ImportRow['outcome'][] = ['refused', 'create', 'update', 'unchanged']
  const shown = rows
    .toSorted(
      (one, other) => order.indexOf(one.outcome) - order.indexOf(other.outcome) || one.line - other.line,
    )
    .slice(0, SHOWN)
  return (
    <div className="space-y-3">
      <Notice tone={counts.refused > 0 ? 'danger' : done ? 'success' : 'info'}>
        <p>
          {done ? 'Done: ' : counts.refused > 0 ? 'Not as it is: ' : 'This would be done: '}
          {counts.create} created, {counts.update} changed, {counts.unchanged} as they are
          {counts.refused > 0 && `, ${counts.refused} refused`}.
        </p>
      </Notice>
      <DataTable
        label="Rows of the file"
        columns={COLUMNS}
        rows={shown}
        rowKey={({ line }) => String(line)}
      />
      {rows.length > SHOWN && <p className="text-muted">And {rows.length - SHOWN} more rows.</p>}
    </div>
  )
}

const COLUMNS: Column<ImportRow>[] = [
  { header: 'Line', narrow: true, align: 'right', render: ({ line }) => line },
  {
    header: 'Outcome',
    narrow: true,
    render: ({ outcome }) => <Badge tone={TONE[outcome]}>{humanize(outcome)}</Badge>,
  },
  {
    header: 'Customer',
    from: 'sm',
    render: ({ name }) => <span className="break-words">{name || '—'}</span>,
  },
  {
    header: 'Changes or problems',
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
