import { t } from '../../../shared/text.ts'
import { CountrySelect } from './CountrySelect.tsx'
import { Plus, Trash2 } from 'lucide-react'
import { useFieldArray } from 'react-hook-form'
import type { Customer } from '../api/customers.ts'
import type { CustomerField } from '../api/customerSettings.ts'
import { Button } from '../ui/Button.tsx'
import { Field, Input, Select } from '../ui/Field.tsx'
import { REQUIRED, type ApiForm } from './Form.tsx'
import type { CustomerValues } from './CustomerForm.tsx'

type Of = { of: ApiForm<CustomerValues, Customer> }
const LEGEND = 'mb-2 font-semibold'

/** Addresses of a customer, as many as are wanted. */
export function AddressFields({ of: { form, errorOf } }: Of) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'addresses' })
  const empty = { line1: '', line2: '', city: '', region: '', postalCode: '', country: '' }
  return (
    <fieldset className="space-y-4">
      <legend className={LEGEND}>Addresses</legend>
      {fields.map((field, at) => (
        <div key={field.id} className="grid gap-4 border-b border-line pb-4 sm:grid-cols-3">
          <Field label="Used for" error={errorOf(`addresses.${at}.kind`)}>
            <Select {...form.register(`addresses.${at}.kind`)}>
              <option value="billing">Billing</option>
              <option value="postal">Post</option>
              <option value="other">Other</option>
            </Select>
          </Field>
          <Field label="Street" error={errorOf(`addresses.${at}.line1`)}>
            <Input maxLength={200} {...form.register(`addresses.${at}.line1`, { required: REQUIRED })} />
          </Field>
          <Field label="Second line" optional error={errorOf(`addresses.${at}.line2`)}>
            <Input maxLength={200} {...form.register(`addresses.${at}.line2`)} />
          </Field>
          <Field label="Postal code" optional error={errorOf(`addresses.${at}.postalCode`)}>
            <Input maxLength={20} {...form.register(`addresses.${at}.postalCode`)} />
          </Field>
          <Field label="City" error={errorOf(`addresses.${at}.city`)}>
            <Input maxLength={200} {...form.register(`addresses.${at}.city`, { required: REQUIRED })} />
          </Field>
          <Field label="Region" optional error={errorOf(`addresses.${at}.region`)}>
            <Input maxLength={200} {...form.register(`addresses.${at}.region`)} />
          </Field>
          <Field label="Country of the address" error={errorOf(`addresses.${at}.country`)}>
            <CountrySelect {...form.register(`addresses.${at}.country`, { required: REQUIRED })} />
          </Field>
          <div className="flex items-end">
            <Remove what={t`address ${at + 1}`} onClick={() => remove(at)} />
          </div>
        </div>
      ))}
      <Add
        full={fields.length >= 10}
        what="address"
        onClick={() =>
          append({
            ...empty,
            kind: fields.length === 0 ? 'billing' : 'other',
            country: form.getValues('country'),
          })
        }
      />
    </fieldset>
  )
}

export function TaxIdFields({ of: { form, errorOf } }: Of) {
  const { fields, append, remove } = useFieldArray({ control: form.control, name: 'taxIds' })
  return (
    <fieldset className="space-y-4">
      <legend className={LEGEND}>Tax ids</legend>
      {fields.map((field, at) => (
        <div key={field.id} className="grid gap-4 sm:grid-cols-[8rem_12rem_1fr_auto]">
          <Field label="Type" error={errorOf(`taxIds.${at}.type`)}>
            <Select {...form.register(`taxIds.${at}.type`)}>
              <option value="vat">VAT</option>
              <option value="other">Other</option>
            </Select>
          </Field>
          <Field label="Issued in" error={errorOf(`taxIds.${at}.country`)}>
            <CountrySelect {...form.register(`taxIds.${at}.country`, { required: REQUIRED })} />
          </Field>
          <Field label="Number" error={errorOf(`taxIds.${at}.value`)}>
            <Input maxLength={40} {...form.register(`taxIds.${at}.value`, { required: REQUIRED })} />
          </Field>
          <div className="flex items-end">
            <Remove what={t`tax id ${at + 1}`} onClick={() => remove(at)} />
          </div>
        </div>
      ))}
      <Add
        full={fields.length >= 10}
        what="tax id"
        onClick={() => append({ type: 'vat', country: form.getValues('country'), value: '' })}
      />
    </fieldset>
  )
}

/** The tenant's own fields, each with the control of its type. */
export function OwnFields({ of: { form, errorOf }, fields }: Of & { fields: CustomerField[] }) {
  if (fields.length === 0) return null
  return (
    <fieldset>
      <legend className={LEGEND}>Further fields</legend>
      <div className="grid gap-4 sm:grid-cols-2">
        {fields.map((field) => {
          const name = `custom.${field.key}` as const
          const rules = field.required ? { required: REQUIRED } : {}
          const options = field.type === 'boolean' ? ['true', 'false'] : field.choices
          return (
            <Field key={field.id} label={field.label} optional={!field.required} error={errorOf(name)}>
              {field.type === 'choice' || field.type === 'boolean' ? (
                <Select {...form.register(name, rules)}>
                  <option value="">—</option>
                  {options.map((option) => (
                    <option key={option} value={option}>
                      {field.type === 'boolean' ? (option === 'true' ? t`Yes` : t`No`) : option}
                    </option>
                  ))}
                </Select>
              ) : (
                <Input
                  type={field.type === 'text' ? 'text' : field.type}
                  step="any"
                  autoComplete="off"
                  {...form.register(name, rules)}
                />
              )}
            </Field>
          )
        })}
      </div>
    </fieldset>
  )
}

function Add({ what, full, onClick }: { what: string; full: boolean; onClick: () => void }) {
  return (
    <Button
      size="sm"
      icon={<Plus aria-hidden className="size-4" />}
      disabledReason={full ? t`Ten are the most.` : undefined}
      onClick={onClick}
    >
      Add {what}
    </Button>
  )
}

function Remove({ what, onClick }: { what: string; onClick: () => void }) {
  return (
    <Button size="icon" variant="ghost" aria-label={t`Remove ${what}`} onClick={onClick}>
      <Trash2 aria-hidden className="size-4" />
    </Button>
  )
}
