import { t } from '../../../../shared/text.ts'
import {
  createField,
  createGroup,
  updateField,
  updateGroup,
  type CustomerField,
  type CustomerGroup,
} from '../../api/customerSettings.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { useSession } from '../../components/session.ts'
import { humanize } from '../../lib/words.ts'
import { Checkbox, Field, Input, Select } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'

const done = (onClose: () => void) => () => {
  toast.done(t`Saved`)
  onClose()
}

export function GroupForm({ group, onClose }: { group: CustomerGroup | undefined; onClose: () => void }) {
  const { tenant } = useSession()
  const of = useApiForm<{ name: string; description: string }, CustomerGroup>({
    defaultValues: { name: group?.name ?? '', description: group?.description ?? '' },
    send: (values, key) =>
      group ? updateGroup(group, values) : createGroup({ ...values, tenantId: tenant.id ?? '' }, key),
    onDone: done(onClose),
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field label="Name" error={of.errorOf('name')}>
        <Input maxLength={100} {...of.form.register('name', { required: REQUIRED })} />
      </Field>
      <Field label="Description" optional error={of.errorOf('description')}>
        <Input maxLength={500} {...of.form.register('description')} />
      </Field>
    </Form>
  )
}

const TYPES: CustomerField['type'][] = ['text', 'number', 'boolean', 'date', 'choice']
type FieldValues = {
  key: string
  label: string
  type: CustomerField['type']
  choices: string
  required: boolean
  searchable: boolean
}

/** What values depend on is fixed once the field exists: it is not offered then. */
export function FieldForm({ field, onClose }: { field: CustomerField | undefined; onClose: () => void }) {
  const { tenant } = useSession()
  const of = useApiForm<FieldValues, CustomerField>({
    defaultValues: {
      key: field?.key ?? '',
      label: field?.label ?? '',
      type: field?.type ?? 'text',
      choices: field?.choices.join(', ') ?? '',
      required: field?.required ?? false,
      searchable: field?.searchable ?? false,
    },
    send: ({ key, label, type, choices, required, searchable }, once) => {
      const wanted = choices
        .split(',')
        .map((choice) => choice.trim())
        .filter(Boolean)
      const some = type === 'choice' ? { choices: wanted } : {}
      if (field) return updateField(field, { label, required, ...some })
      return createField({ tenantId: tenant.id ?? '', key, label, type, required, searchable, ...some }, once)
    },
    onDone: done(onClose),
  })
  const { form, errorOf } = of
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field label="Label" error={errorOf('label')}>
        <Input maxLength={100} {...form.register('label', { required: REQUIRED })} />
      </Field>
      {!field && (
        <>
          <Field label="Key" hint="Its name in the API, such as accountManager." error={errorOf('key')}>
            <Input maxLength={40} {...form.register('key', { required: REQUIRED })} />
          </Field>
          <Field label="Type" error={errorOf('type')}>
            <Select {...form.register('type')}>
              {TYPES.map((type) => (
                <option key={type} value={type}>
                  {humanize(type)}
                </option>
              ))}
            </Select>
          </Field>
        </>
      )}
      {form.watch('type') === 'choice' && (
        <Field
          label="Choices"
          hint={field ? t`Separated by commas. Keep those that exist.` : t`Separated by commas.`}
          error={errorOf('choices')}
        >
          <Input {...form.register('choices', { required: REQUIRED })} />
        </Field>
      )}
      <Checkbox label="Every customer must have it" {...form.register('required')} />
      {!field && <Checkbox label="Customers are found by it" {...form.register('searchable')} />}
    </Form>
  )
}
