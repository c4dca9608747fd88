import { t } from '../../../../shared/text.ts'
import { setContacts, type DomainOrdered, type DomainRegistration } from '../../api/domainRegistrations.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Checkbox } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { ContactFields } from './ContactFields.tsx'
import { OtherContacts, peopleField, peopleIn, peopleOf, type PeopleValues } from './OtherContacts.tsx'
import { ordered } from './RenewForms.tsx'

/** Who holds a domain, and whom its registry asks about the rest. */
export function EditContacts({ of, onClose }: { of: DomainRegistration; onClose: () => void }) {
  const { registrant } = of.contacts ?? {}
  const form = useApiForm<PeopleValues & { isMeant: boolean }, DomainOrdered>({
    defaultValues: { ...peopleIn(of.contacts), isMeant: false },
    fieldOf: peopleField,
    send: (people) => setContacts(of.id, peopleOf(people)),
    onDone: (answer) => {
      ordered(answer)
      onClose()
    },
  })
  const [name, company, isMeant] = form.form.watch(['contact.name', 'contact.company', 'isMeant'])
  const isAnother =
    registrant !== undefined &&
    (name.trim() !== registrant.name || company.trim() !== (registrant.company ?? ''))
  return (
    <Form
      of={form}
      submitLabel={of.keepsContacts ? t`Tell the registry` : t`Save`}
      submitReason={isAnother && !isMeant ? t`Say that the holder is to be another one.` : undefined}
      onCancel={onClose}
    >
      {!of.keepsContacts && (
        <Notice tone="info">Its registry keeps no contacts: they are kept here and told to nobody.</Notice>
      )}
      <h3 className="font-semibold">Holder</h3>
      <ContactFields of={form} at="contact" />
      {isAnother && (
        <Notice tone="warning" title="This makes somebody else the holder">
          <div className="space-y-2">
            <p>
              Another name or company is another holder. Some registries ask both for their consent, and lock
              the domain against transfers for 60 days. For a new address or number leave both as they are.
            </p>
            <Checkbox label="The domain is to have another holder" {...form.form.register('isMeant')} />
          </div>
        </Notice>
      )}
      <h3 className="font-semibold">Other contacts</h3>
      <OtherContacts of={form} tenantId={of.tenantId} />
    </Form>
  )
}
