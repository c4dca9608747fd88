import type { FieldValues, Path } from 'react-hook-form'
import { MAX_POSTCODE } from '../../../../shared/domainLimits.ts'
import { t } from '../../../../shared/text.ts'
import type { Customer } from '../../api/customers.ts'
import type { DomainContact, ShownContact } from '../../api/domainRegistrations.ts'
import { CountrySelect } from '../../components/CountrySelect.tsx'
import { REQUIRED, type ApiForm } from '../../components/Form.tsx'
import { Field, Input } from '../../ui/Field.tsx'

export type ContactValues = Record<
  'name' | 'company' | 'street' | 'city' | 'region' | 'postcode' | 'country' | 'phone' | 'email',
  string
>
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

/** As the API takes it. */
export const contactOf = (typed: ContactValues): DomainContact => ({
  ...typed,
  company: none(typed.company),
  region: none(typed.region),
})
/** As it is typed. */
export const typedOf = (contact: ShownContact): ContactValues => ({
  ...contact,
  company: contact.company ?? '',
  region: contact.region ?? '',
})
/** What is known of a customer already: the rest is typed. */
export function holderOf({ name, company, email, country, addresses }: Customer): ContactValues {
  const address = addresses.find(({ kind }) => kind === 'billing') ?? addresses[0]
  return {
    ...NO_CONTACT,
    name,
    company: company ?? '',
    email,
    country: address?.country ?? country ?? '',
    street: [address?.line1, address?.line2].filter(Boolean).join(', '),
    city: address?.city ?? '',
    region: address?.region ?? '',
    postcode: address?.postalCode ?? '',
  }
}

const FIELDS: [name: keyof ContactValues, label: string, hint?: string, optional?: boolean][] = [
  ['name', t`Name`, t`The person whom the registry is told.`],
  ['company', t`Company`, undefined, true],
  ['street', t`Street and number`],
  ['postcode', t`Postal code`],
  ['city', t`City`],
  ['region', t`State or province`, undefined, true],
  ['country', t`Country`],
  ['phone', t`Phone`, t`Such as +49.301234567.`],
  ['email', t`E-mail`],
]
const TOO_LONG = t`Registries take at most ${MAX_POSTCODE} characters as a postal code.`

/** Who a person is, at this place of a form. The form's other fields are its own affair. */
export function ContactFields<Values extends FieldValues, Answer>({
  of: { form, errorOf },
  at,
}: {
  of: ApiForm<Values, Answer>
  at: string
}) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {FIELDS.map(([name, label, hint, optional = false]) => {
        const field = form.register(`${at}.${name}` as Path<Values>, {
          ...(!optional && { required: REQUIRED }),
          ...(name === 'postcode' && { maxLength: { value: MAX_POSTCODE, message: TOO_LONG } }),
        })
        return (
          <Field key={name} label={label} hint={hint} optional={optional} error={errorOf(`${at}.${name}`)}>
            {name === 'country' ? <CountrySelect {...field} /> : <Input maxLength={200} {...field} />}
          </Field>
        )
      })}
    </div>
  )
}
