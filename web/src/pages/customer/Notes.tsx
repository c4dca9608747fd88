import { useInfiniteQuery } from '@tanstack/react-query'
import { Pin, PinOff, StickyNote, Trash2 } from 'lucide-react'
import { t } from '../../../../shared/text.ts'
import { addNote, notesQuery, pinNote, removeNote, type CustomerNote } from '../../api/customerFile.ts'
import type { Customer } from '../../api/customers.ts'
import { useSubmit } from '../../api/submit.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { LoadMore } from '../../components/LoadMore.tsx'
import { useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { Field, Textarea } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { whyUnchangeable } from './unchangeable.ts'

/** What colleagues should know; pinned notes first. */
export function Notes({ customer }: { customer: Customer }) {
  const { can } = useSession()
  const pinned = useInfiniteQuery(notesQuery(customer.id, true))
  const query = useInfiniteQuery(notesQuery(customer.id, false))
  const reason = whyUnchangeable(customer, can('customers:update', customer.tenantId))
  const of = useApiForm<{ text: string }, CustomerNote>({
    defaultValues: { text: '' },
    send: ({ text }, key) => addNote(customer.id, text, key),
    onDone: () => of.form.reset(),
  })
  return (
    <Card title="Notes">
      <Form of={of} submitLabel="Add note" submitReason={reason}>
        <Field label="New note" error={of.errorOf('text')}>
          <Textarea maxLength={5000} {...of.form.register('text', { required: REQUIRED })} />
        </Field>
      </Form>
      <Loaded query={pinned} what="pinned notes">
        {(notes) => notes.length > 0 && <NoteList notes={notes} reason={reason} label="Pinned notes" />}
      </Loaded>
      <LoadMore query={pinned} what="pinned notes" />
      <Loaded query={query} what="notes">
        {(notes) =>
          notes.length === 0 ? (
            pinned.data?.length === 0 && (
              <EmptyState icon={StickyNote} title="No notes yet">
                What colleagues should know about this customer.
              </EmptyState>
            )
          ) : (
            <NoteList notes={notes} reason={reason} label="Notes" />
          )
        }
      </Loaded>
      <LoadMore query={query} what="notes" />
    </Card>
  )
}

function NoteList({
  notes,
  reason,
  label,
}: {
  notes: CustomerNote[]
  reason: string | undefined
  label: string
}) {
  return (
    <ul aria-label={label} className="mt-4 divide-y divide-line">
      {notes.map((note) => (
        <Note key={note.id} note={note} reason={reason} />
      ))}
    </ul>
  )
}

const failed = (error: Error) => toast.failed(t`The note was not changed`, error.message)

function Note({ note, reason }: { note: CustomerNote; reason: string | undefined }) {
  const pinning = useSubmit({ send: (pinned: boolean) => pinNote(note, pinned) })
  const removal = useSubmit({ send: removeNote, onDone: () => toast.done(t`Note removed`) })
  const Icon = note.pinned ? PinOff : Pin
  return (
    <li className="flex items-start gap-3 py-3">
      <div className="min-w-0 flex-1">
        <p className="break-words whitespace-pre-wrap">{note.text}</p>
        <p className="mt-1 text-[13px] text-muted">
          {note.pinned && t`Pinned · `}
          {note.author} · <Time at={note.createdAt} relative />
        </p>
      </div>
      <Button
        size="icon"
        variant="ghost"
        aria-label={note.pinned ? t`Unpin the note` : t`Pin the note`}
        disabledReason={reason}
        onClick={() => pinning.mutate(!note.pinned, { onError: failed })}
      >
        <Icon aria-hidden className="size-4" />
      </Button>
      <Button
        size="icon"
        variant="ghost"
        aria-label="Remove the note"
        disabledReason={reason}
        onClick={() => removal.mutate(note.id, { onError: failed })}
      >
        <Trash2 aria-hidden className="size-4" />
      </Button>
    </li>
  )
}
