import { useQuery } from '@tanstack/react-query'
import { VenetianMask } from 'lucide-react'
import { useState } from 'react'
import type { User } from '../../../../shared/api/users.ts'
import { t } from '../../../../shared/text.ts'
import { listQuery, type ListFilter } from '../../api/lists.ts'
import type { Tenant } from '../../api/tenants.ts'
import { useDebounced } from '../../components/hooks.ts'
import { ACTING_NEEDS_MFA, ImpersonateDialog } from '../../components/ImpersonateDialog.tsx'
import { useSession } from '../../components/session.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field } from '../../ui/Field.tsx'
import { SearchSelect } from '../../ui/SearchSelect.tsx'

/** Chooses one of the tenant's users, to act or look as. */
export function ActAsButton({ tenant }: { tenant: Tenant }) {
  const { me } = useSession()
  const [open, setOpen] = useState(false)
  const [user, setUser] = useState<User | null>(null)
  const close = () => {
    setOpen(false)
    setUser(null)
  }
  return (
    <>
      <Button
        icon={<VenetianMask aria-hidden className="size-4" />}
        disabledReason={me.mfa ? undefined : ACTING_NEEDS_MFA}
        onClick={() => setOpen(true)}
      >
        Act as a user
      </Button>
      <Dialog open={open && user === null} onClose={close} title={t`Act as a user of ${tenant.name}`}>
        <UserPicker tenantId={tenant.id} onChoose={setUser} />
      </Dialog>
      {user !== null && <ImpersonateDialog user={user} onClose={close} />}
    </>
  )
}

function UserPicker({ tenantId, onChoose }: { tenantId: string; onChoose: (user: User) => void }) {
  const [typed, setTyped] = useState('')
  const q = useDebounced(typed.trim()) || undefined
  const { data, isFetching } = useQuery(
    listQuery<User, ListFilter & { q?: string | undefined }>('users', '/api/admin/users', {
      tenantId,
      q,
      limit: 20,
    }),
  )
  const people = (data?.items ?? []).filter(({ kind, state }) => kind === 'person' && state === 'active')
  return (
    <Field label="User">
      <SearchSelect
        label="User"
        placeholder="Choose a user"
        items={people.map((user) => ({ id: user.id, label: user.email, detail: user.name, user }))}
        value={null}
        onChange={({ user }) => onChoose(user)}
        onSearch={setTyped}
        searching={isFetching}
      />
    </Field>
  )
}
