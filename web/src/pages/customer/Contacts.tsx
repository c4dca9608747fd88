import { useInfiniteQuery } from '@tanstack/react-query'
import { Contact as ContactIcon, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  addContact,
  contactsQuery,
  removeContact,
  updateContact,
  type ContactCreate,
  type CustomerContact,
} from '../../api/customerFile.ts'
import type { Customer } from '../../api/customers.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { LoadMore } from '../../components/LoadMore.tsx'
import { useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Checkbox, Field, Input } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { whyUnchangeable } from './unchangeable.ts'

const TOPICS = ['billing', 'technical', 'abuse', 'general'] as const

export function Contacts({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const query = useInfiniteQuery(contactsQuery(customer.id))
  const [editing, setEditing] = useState<{ contact: CustomerContact | undefined } | null>(null)
  const close = () => setEditing(null)
  const removal = useSubmit({ send: removeContact, onDone: () => toast.done(t`Contact removed`) })
  const reason = whyUnchangeable(customer, can('customers:update', customer.tenantId))
  const columns: Column<CustomerContact>[] = [
    { header: t`Contact`, render: ({ name }) => <span className="font-medium break-words">{name}</span> },
    { header: t`E-mail`, render: ({ email }) => <span className="break-all">{email}</span> },
    { header: t`Phone`, from: 'md', render: ({ phone }) => phone || '—' },
    { header: t`Topics`, from: 'sm', render: ({ topics }) => topics.map(humanize).join(', ') },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (contact) => (
        <span className="inline-flex gap-1">
          <Button
            size="icon"
            variant="ghost"
            aria-label={t`Edit ${contact.name}`}
            disabledReason={reason}
            onClick={() => setEditing({ contact })}
          >
            <Pencil aria-hidden className="size-4" />
          </Button>
          <Button
            size="icon"
            variant="ghost"
            aria-label={t`Remove ${contact.name}`}
            disabledReason={reason}
            onClick={() =>
              removal.mutate(contact.id, {
                onError: (error) => toast.failed(t`The contact was not removed`, error.message),
              })
            }
          >
            <Trash2 aria-hidden className="size-4" />
          </Button>
        </span>
      ),
    },
  ]
  return (
    <Card
      title="Contacts"
      flush
      actions={
        <Button
          size="sm"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={reason}
          onClick={() => setEditing({ contact: undefined })}
        >
          New contact
        </Button>
      }
    >
      <Loaded query={query} what="contacts">
        {(contacts) =>
          contacts.length === 0 ? (
            <EmptyState icon={ContactIcon} title="No contacts yet">
              People of the customer beside the e-mail above, for bills or technical questions.
            </EmptyState>
          ) : (
            <DataTable label="contacts" columns={columns} rows={contacts} rowKey={({ id }) => id} />
          )
        }
      </Loaded>
      <LoadMore query={query} what="contacts" />
      <Dialog
        open={editing !== null}
        onClose={close}
        title={editing?.contact ? t`Edit the contact` : t`New contact`}
      >
        {editing && <ContactForm customer={customer} contact={editing.contact} onClose={close} />}
      </Dialog>
    </Card>
  )
}

type Values = { name: string; email: string; phone: string; topics: NonNullable<ContactCreate['topics']> }

function ContactForm({
  customer,
  contact,
  onClose,
}: {
  customer: Customer
  contact: CustomerContact | undefined
  onClose: () => void
}) {
  const of = useApiForm<Values, CustomerContact>({
    defaultValues: {
      name: contact?.name ?? '',
      email: contact?.email ?? '',
      phone: contact?.phone ?? '',
      topics: (contact?.topics ?? ['general']) as Values['topics'],
    },
    send: (values, key) => (contact ? updateContact(contact, values) : addContact(customer.id, values, key)),
    onDone: () => {
      toast.done(t`Contact saved`)
      onClose()
    },
  })
  const { form, errorOf } = of
  return (
    <Form
      of={of}
      submitLabel="Save"
      submitReason={form.watch('topics').length === 0 ? t`Choose at least one topic.` : undefined}
      onCancel={onClose}
    >
      <Field label="Name" error={errorOf('name')}>
        <Input maxLength={200} {...form.register('name', { required: REQUIRED })} />
      </Field>
      <Field label="E-mail" error={errorOf('email')}>
        <Input type="email" maxLength={320} {...form.register('email', { required: REQUIRED })} />
      </Field>
      <Field label="Phone" optional error={errorOf('phone')}>
        <Input maxLength={40} {...form.register('phone')} />
      </Field>
      <fieldset className="space-y-2">
        <legend className="mb-1 font-medium">Topics</legend>
        {TOPICS.map((topic) => (
          <Checkbox key={topic} value={topic} label={humanize(topic)} {...form.register('topics')} />
        ))}
      </fieldset>
    </Form>
  )
}
