import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import {
  defaultContactsQuery,
  setDefaultContacts,
  type DomainDefaultContacts,
} from '../../api/domainRegistrations.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, permits, useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Checkbox } from '../../ui/Field.tsx'
import { toast } from '../../ui/Toast.tsx'
import { contactOf, ContactFields, NO_CONTACT, typedOf, type ContactValues } from './ContactFields.tsx'
import { ROLE_LABELS, ROLES, type Role } from './OtherContacts.tsx'

type Values = { roles: Record<Role, { isSet: boolean; contact: ContactValues }> }

/** Whom registries are told beside the holder, where an order says nothing: of a tenant, or with null of the platform. */
export function DefaultContacts({ tenantId }: { tenantId: string | null }) {
  const { me } = useSession()
  const mayRead = permits(me, 'domains:read', tenantId)
  const query = useQuery({ ...defaultContactsQuery(tenantId), enabled: mayRead })
  const [editing, setEditing] = useState(false)
  const reason = permits(me, 'domains:update', tenantId) ? undefined : NO_PERMISSION('domains:update')
  if (!mayRead) return null
  return (
    <Card
      title="Usual contacts of domains"
      actions={
        <Button disabledReason={reason} onClick={() => setEditing(true)}>
          Change contacts
        </Button>
      }
    >
      <Loaded query={query} what="contacts">
        {(data) => (
          <>
            <p className="mb-3 text-muted">
              Registries are told of them where an order names nobody else. Domains that are there keep whom
              they have.
            </p>
            <Facts facts={ROLES.map((role) => [ROLE_LABELS[role], nameIn(data, role)])} />
            <Dialog open={editing} onClose={() => setEditing(false)} title="Usual contacts of domains">
              <Edit data={data} tenantId={tenantId} onClose={() => setEditing(false)} />
            </Dialog>
          </>
        )}
      </Loaded>
    </Card>
  )
}

function nameIn({ tenant, platform }: DomainDefaultContacts, role: Role): string {
  const own = tenant?.[role]
  if (own) return own.name
  const inherited = platform[role]
  if (!inherited) return t`The holder`
  return tenant === null ? inherited.name : t`${inherited.name}, of the platform`
}

function Edit({
  data,
  tenantId,
  onClose,
}: {
  data: DomainDefaultContacts
  tenantId: string | null
  onClose: () => void
}) {
  const own = data.tenant ?? data.platform
  const typed = (role: Role) => {
    const contact = own[role]
    return { isSet: contact !== null, contact: contact ? typedOf(contact) : NO_CONTACT }
  }
  const of = useApiForm<Values, DomainDefaultContacts>({
    defaultValues: { roles: { admin: typed('admin'), tech: typed('tech'), billing: typed('billing') } },
    fieldOf: (path) => path.replace(/^(admin|tech|billing)\./, 'roles.$1.contact.'),
    send: ({ roles }) => {
      const one = (role: Role) => (roles[role].isSet ? contactOf(roles[role].contact) : null)
      return setDefaultContacts({ tenantId, admin: one('admin'), tech: one('tech'), billing: one('billing') })
    },
    onDone: () => {
      toast.done(t`Saved`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      {ROLES.map((role) => (
        <div key={role} className="space-y-4">
          <Checkbox label={t`${ROLE_LABELS[role]} of its own`} {...of.form.register(`roles.${role}.isSet`)} />
          {of.form.watch(`roles.${role}.isSet`) && <ContactFields of={of} at={`roles.${role}.contact`} />}
        </div>
      ))}
    </Form>
  )
}
