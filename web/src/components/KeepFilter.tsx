import type { FilteredList } from '../../../shared/states/savedFilter.ts'
import { t } from '../../../shared/text.ts'
import { removeSavedFilter, saveFilter, type SavedFilter } from '../api/savedFilters.ts'
import { useSubmit } from '../api/submit.ts'
import { Button } from '../ui/Button.tsx'
import { Field, Input } from '../ui/Field.tsx'
import { ErrorNotice } from './ErrorNotice.tsx'
import { Form, REQUIRED, useApiForm } from './Form.tsx'

/** Gives the filter shown a name, or takes one away. */
export default function KeepFilter({
  list,
  filter,
  saved,
  onDone,
}: {
  list: FilteredList
  filter: SavedFilter['search']
  saved: SavedFilter[]
  onDone: () => void
}) {
  const of = useApiForm({
    defaultValues: { name: '' },
    send: ({ name }, key) => saveFilter({ list, name, search: filter }, key),
    onDone,
  })
  const leaving = useSubmit({ send: removeSavedFilter })
  return (
    <>
      {saved.length > 0 && (
        <ul aria-label="Saved filters" className="divide-y divide-line">
          {saved.map(({ id, name }) => (
            <li key={id} className="flex items-center justify-between gap-3 py-2">
              <span className="min-w-0 break-words">{name}</span>
              <Button
                size="sm"
                aria-label={t`Remove ${name}`}
                loading={leaving.isPending && leaving.variables === id}
                onClick={() => leaving.mutate(id)}
              >
                Remove
              </Button>
            </li>
          ))}
        </ul>
      )}
      {leaving.error && <ErrorNotice error={leaving.error} />}
      <Form
        of={of}
        submitLabel="Save"
        submitReason={Object.keys(filter).length === 0 ? t`The list is not filtered.` : undefined}
        onCancel={onDone}
      >
        <Field
          label="Name"
          hint="For the filter that the list shows now. One that has this name takes it instead of its own."
          error={of.errorOf('name')}
        >
          <Input maxLength={100} {...of.form.register('name', { required: REQUIRED })} />
        </Field>
      </Form>
    </>
  )
}
