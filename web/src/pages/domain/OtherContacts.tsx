import { useQuery } from '@tanstack/react-query'
import type { FieldValues, Path } from 'react-hook-form'
import { t } from '../../../../shared/text.ts'
import {
  defaultContactsQuery,
  type DomainContacts,
  type DomainRegistration,
  type ShownContact,
} from '../../api/domainRegistrations.ts'
import type { ApiForm } from '../../components/Form.tsx'
import { Field, Select } from '../../ui/Field.tsx'
import { contactOf, ContactFields, NO_CONTACT, typedOf, type ContactValues } from './ContactFields.tsx'

export const ROLES = ['admin', 'tech', 'billing'] as const
export type Role = (typeof ROLES)[number]
export const ROLE_LABELS: Record<Role, string> = {
  admin: t`Administrative contact`,
  tech: t`Technical contact`,
  billing: t`Billing contact`,
}

/** `default`: whom the tenant or the platform names, or else the holder. */
type Who = 'default' | 'holder' | 'own'
export type PeopleValues = {
  contact: ContactValues
  others: Record<Role, { who: Who; contact: ContactValues }>
}
const nobody = () => ({ who: 'default' as const, contact: NO_CONTACT })
export const NO_PEOPLE: PeopleValues = {
  contact: NO_CONTACT,
  others: { admin: nobody(), tech: nobody(), billing: nobody() },
}

/** As the API takes it. */
export function peopleOf({ contact, others }: PeopleValues): DomainContacts {
  const registrant = contactOf(contact)
  const one = (role: Role) => {
    const { who, contact: typed } = others[role]
    return who === 'default' ? {} : { [role]: who === 'holder' ? registrant : contactOf(typed) }
  }
  return { registrant, ...one('admin'), ...one('tech'), ...one('billing') }
}

const isSame = (a: ShownContact, b: ShownContact): boolean =>
  (Object.keys(NO_CONTACT) as (keyof ContactValues)[]).every((field) => a[field] === b[field])

/** Those of a domain, as they are typed. */
export function peopleIn(contacts: DomainRegistration['contacts']): PeopleValues {
  if (contacts === null) return NO_PEOPLE
  const one = (role: Role) =>
    isSame(contacts[role], contacts.registrant)
      ? { who: 'holder' as const, contact: NO_CONTACT }
      : { who: 'own' as const, contact: typedOf(contacts[role]) }
  return {
    contact: typedOf(contacts.registrant),
    others: { admin: one('admin'), tech: one('tech'), billing: one('billing') },
  }
}

/** The server's name of a contact's field, and ours. */
export const peopleField = (path: string): string =>
  path
    .replace(/^contacts\./, '')
    .replace(/^registrant\./, 'contact.')
    .replace(/^(admin|tech|billing)\./, 'others.$1.contact.')

/** Who is asked beside the holder, for each role. */
export function OtherContacts<Values extends FieldValues & PeopleValues, Answer>({
  of,
  tenantId,
}: {
  of: ApiForm<Values, Answer>
  /** Whose defaults are shown; null: nobody has been chosen yet. */
  tenantId: string | null
}) {
  const { data } = useQuery({ ...defaultContactsQuery(tenantId), enabled: tenantId !== null })
  const { form } = of
  return (
    <div className="space-y-5">
      {ROLES.map((role) => {
        const standard = data?.tenant?.[role] ?? data?.platform[role]
        const who = form.watch(`others.${role}.who` as Path<Values>) as Who
        return (
          <div key={role} className="space-y-4">
            <Field label={ROLE_LABELS[role]}>
              <Select {...form.register(`others.${role}.who` as Path<Values>)}>
                <option value="default">
                  {standard ? t`As usual: ${standard.name}` : t`As usual: the holder`}
                </option>
                <option value="holder">{t`The holder`}</option>
                <option value="own">{t`Somebody else`}</option>
              </Select>
            </Field>
            {who === 'own' && <ContactFields of={of} at={`others.${role}.contact`} />}
          </div>
        )
      })}
    </div>
  )
}
