import { t } from '../../../../shared/text.ts'
import type { FieldValues, Path } from 'react-hook-form'
import type { DomainContacts } from '../../api/domainRegistrations.ts'
import { REQUIRED, type ApiForm } from '../../components/Form.tsx'
import { Field, Input } from '../../ui/Field.tsx'

export type ContactValues = {
  name: string
  company: string
  street: string
  city: string
  region: string
  postcode: string
  country: string
  phone: string
  email: string
}
export const NO_CONTACT: ContactValues = {
  name: '',
  company: '',
  street: '',
  city: '',
  region: '',
  postcode: '',
  country: '',
  phone: '',
  email: '',
}
const none = (text: string): string | null => text.trim() || null

/** As the API takes it: the same person in every role. */
export const contactsOf = (typed: ContactValues): DomainContacts => ({
  registrant: {
    ...typed,
    company: none(typed.company),
    region: none(typed.region),
    country: typed.country.toUpperCase(),
  },
})

const FIELDS: [name: keyof ContactValues, label: string, hint?: string, optional?: boolean][] = [
  ['name', t`Name`, t`The person whom the registry is told.`],
  ['company', t`Company`, undefined, true],
  ['street', t`Street and number`],
  ['postcode', t`Postal code`],
  ['city', t`City`],
  ['region', t`State or province`, undefined, true],
  ['country', t`Country`, t`Its code of two letters, such as DE.`],
  ['phone', t`Phone`, t`Such as +49.301234567.`],
  ['email', t`E-mail`],
]

/** Who holds a domain. The form's other fields are its own affair. */
export function ContactFields<Values extends FieldValues & { contact: ContactValues }, Answer>({
  of: { form, errorOf },
}: {
  of: ApiForm<Values, Answer>
}) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {FIELDS.map(([name, label, hint, optional = false]) => (
        <Field key={name} label={label} hint={hint} optional={optional} error={errorOf(`contact.${name}`)}>
          <Input
            maxLength={name === 'country' ? 2 : 200}
            {...form.register(`contact.${name}` as Path<Values>, optional ? {} : { required: REQUIRED })}
          />
        </Field>
      ))}
    </div>
  )
}

/** The server's name of a contact's field, and ours. */
export const contactField = (path: string): string => path.replace(/^(contacts\.)?registrant\./, 'contact.')
