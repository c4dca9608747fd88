import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { ListChecks, Pencil, Plus, Tags, Trash2 } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  deleteField,
  deleteGroup,
  fieldsQuery,
  groupsQuery,
  type CustomerField,
  type CustomerGroup,
} from '../../api/customerSettings.ts'
import { useSubmit } from '../../api/submit.ts'
import { List } from '../../components/List.tsx'
import { Page } from '../../components/Page.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { toast } from '../../ui/Toast.tsx'
import { FieldForm, GroupForm } from './SettingsForms.tsx'

const route = getRouteApi('/t/$tenant/customers/settings')

export default function CustomerSettingsPage() {
  const { tenant } = route.useParams()
  const { can } = useSession()
  return (
    <Page
      title="Groups and fields"
      crumbs={[{ label: t`Customers`, link: paths.customers(tenant) }]}
      permission="customers:read"
    >
      {can('customers:read') && (
        <div className="space-y-4">
          <Groups />
          <Fields />
        </div>
      )}
    </Page>
  )
}

type Editing<Thing> = { thing: Thing | undefined } | null

function Groups() {
  const { tenant } = useSession()
  const query = useQuery(groupsQuery({ tenantId: tenant.id, limit: 200 }))
  const [editing, setEditing] = useState<Editing<CustomerGroup>>(null)
  const columns: Column<CustomerGroup>[] = [
    { header: t`Group`, render: ({ name }) => <span className="font-medium break-words">{name}</span> },
    { header: t`Description`, from: 'sm', render: ({ description }) => description || '—' },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (group) => (
        <RowActions
          name={group.name}
          tenantId={group.tenantId}
          onEdit={() => setEditing({ thing: group })}
          remove={() => deleteGroup(group.id)}
        />
      ),
    },
  ]
  return (
    <Card
      title="Groups"
      flush
      actions={<New label="New group" onClick={() => setEditing({ thing: undefined })} />}
    >
      <List
        query={query}
        what="groups"
        columns={columns}
        empty={
          <EmptyState icon={Tags} title="No groups yet">
            A customer is in one group or in none; lists are filtered by it.
          </EmptyState>
        }
      />
      <Editor
        editing={editing}
        title={editing?.thing ? t`Edit the group` : t`New group`}
        onClose={() => setEditing(null)}
      >
        {(group, close) => <GroupForm group={group} onClose={close} />}
      </Editor>
    </Card>
  )
}

function Fields() {
  const { tenant } = useSession()
  const query = useQuery(fieldsQuery({ tenantId: tenant.id, limit: 200 }))
  const [editing, setEditing] = useState<Editing<CustomerField>>(null)
  const columns: Column<CustomerField>[] = [
    {
      header: t`Field`,
      render: ({ label, key }) => (
        <>
          <div className="font-medium break-words">{label}</div>
          <code className="text-[13px] text-muted">{key}</code>
        </>
      ),
    },
    {
      header: t`Type`,
      render: ({ type, choices }) => (
        <>
          {humanize(type)}
          {choices.length > 0 && <div className="text-[13px] text-muted">{choices.join(', ')}</div>}
        </>
      ),
    },
    { header: t`Required`, from: 'sm', narrow: true, render: ({ required }) => (required ? t`Yes` : t`No`) },
    {
      header: t`Searchable`,
      from: 'md',
      narrow: true,
      render: ({ searchable }) => (searchable ? t`Yes` : t`No`),
    },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (field) => (
        <RowActions
          name={field.label}
          tenantId={field.tenantId}
          onEdit={() => setEditing({ thing: field })}
          remove={() => deleteField(field.id)}
        />
      ),
    },
  ]
  return (
    <Card
      title="Fields"
      flush
      actions={<New label="New field" onClick={() => setEditing({ thing: undefined })} />}
    >
      <List
        query={query}
        what="fields"
        columns={columns}
        empty={
          <EmptyState icon={ListChecks} title="No fields of your own yet">
            A field keeps something more about each customer, such as a contract number.
          </EmptyState>
        }
      />
      <Editor
        editing={editing}
        title={editing?.thing ? t`Edit the field` : t`New field`}
        onClose={() => setEditing(null)}
      >
        {(field, close) => <FieldForm field={field} onClose={close} />}
      </Editor>
    </Card>
  )
}

function New({ label, onClick }: { label: string; onClick: () => void }) {
  const { tenant, can } = useSession()
  const reason = can('customers:update') ? undefined : NO_PERMISSION('customers:update')
  return (
    <Button
      size="sm"
      icon={<Plus aria-hidden className="size-4" />}
      disabledReason={reason ?? (tenant.id === undefined ? t`Choose a tenant first.` : undefined)}
      onClick={onClick}
    >
      {label}
    </Button>
  )
}

function Editor<Thing>({
  editing,
  title,
  onClose,
  children,
}: {
  editing: Editing<Thing>
  title: string
  onClose: () => void
  children: (thing: Thing | undefined, close: () => void) => ReactNode
}) {
  return (
    <Dialog open={editing !== null} onClose={onClose} title={title}>
      {editing && children(editing.thing, onClose)}
    </Dialog>
  )
}

function RowActions({
  name,
  tenantId,
  onEdit,
  remove,
}: {
  name: string
  tenantId: string
  onEdit: () => void
  remove: () => Promise<unknown>
}) {
  const { can } = useSession()
  const removal = useSubmit({ send: remove, onDone: () => toast.done(t`${name} removed`) })
  const disabledReason = can('customers:update', tenantId) ? undefined : NO_PERMISSION('customers:update')
  const failed = (error: Error) => toast.failed(t`${name} was not removed`, error.message)
  return (
    <span className="inline-flex gap-1">
      <Button
        size="icon"
        variant="ghost"
        aria-label={t`Edit ${name}`}
        disabledReason={disabledReason}
        onClick={onEdit}
      >
        <Pencil aria-hidden className="size-4" />
      </Button>
      <Button
        size="icon"
        variant="ghost"
        aria-label={t`Remove ${name}`}
        loading={removal.isPending}
        disabledReason={disabledReason}
        onClick={() => removal.mutate(undefined, { onError: failed })}
      >
        <Trash2 aria-hidden className="size-4" />
      </Button>
    </span>
  )
}
