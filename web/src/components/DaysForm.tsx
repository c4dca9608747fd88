import { t } from '../../../shared/text.ts'
import { Field, Input } from '../ui/Field.tsx'

export type Days = { from: string; to: string }

/** A period by its first and last day. */
export function DaysForm({ value, onChange }: { value: Days; onChange: (days: Days) => void }) {
  return (
    <div className="grid max-w-md grid-cols-2 gap-4">
      <Field label="From">
        <Input
          type="date"
          required
          value={value.from}
          onChange={({ target }) => target.value && onChange({ ...value, from: target.value })}
        />
      </Field>
      <Field label="To" error={value.to < value.from ? t`The last day is before the first one.` : undefined}>
        <Input
          type="date"
          required
          value={value.to}
          onChange={({ target }) => target.value && onChange({ ...value, to: target.value })}
        />
      </Field>
    </div>
  )
}
