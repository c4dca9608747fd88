import { useQuery } from '@tanstack/react-query'
import { UserPlus, Users } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { membersQuery, removeMember, type User } from '../../api/invitations.ts'
import type { Tenant } from '../../api/tenants.ts'
import { ConfirmDestroy } from '../../components/ConfirmDestroy.tsx'
import { InviteDialog } from '../../components/InviteDialog.tsx'
import { cursorOf, List } from '../../components/List.tsx'
import { OpenInvitations } from '../../components/OpenInvitations.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import type { Column } from '../../ui/DataTable.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { toast } from '../../ui/Toast.tsx'
import { NOT_ACTIVE } from './notActive.ts'
import { roleWords } from '../../lib/roleWords.ts'

/** Who belongs to a tenant, and who is asked to. */
export function MembersTab({
  tenant,
  trail,
  onTrail,
}: {
  tenant: Tenant
  trail: string | undefined
  onTrail: (trail: string | undefined) => void
}) {
  const { me, can } = useSession()
  const [inviting, setInviting] = useState(false)
  const [leaving, setLeaving] = useState<User | null>(null)
  const query = useQuery(membersQuery(tenant.id, cursorOf(trail)))
  const may = can('users:manage', tenant.id) ? undefined : NO_PERMISSION('users:manage')
  const reason = may ?? (tenant.state === 'active' ? undefined : NOT_ACTIVE[tenant.state])
  const open = query.data?.invitations ?? []
  const columns: Column<User>[] = [
    {
      header: t`Member`,
      render: ({ name, email, state }) => (
        <>
          <span className="flex flex-wrap items-center gap-2">
            <span className="font-medium break-words">{name}</span>
            {state === 'disabled' && <Badge tone="warning">Disabled</Badge>}
          </span>
          {name !== email && <span className="text-[13px] break-all text-muted">{email}</span>}
        </>
      ),
    },
    {
      header: t`Roles`,
      from: 'sm',
      render: ({ grants }) => grants.map(({ roleName }) => roleWords(roleName)).join(', '),
    },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (user) => (
        <Button
          size="sm"
          aria-label={t`Remove ${user.email}`}
          disabledReason={
            reason ??
            (user.id === me.user.id ? t`Nobody changes their own roles: ask somebody else.` : undefined)
          }
          onClick={() => setLeaving(user)}
        >
          Remove
        </Button>
      ),
    },
  ]
  return (
    <div className="space-y-4">
      <Card
        title="Members"
        flush
        actions={
          <Button
            size="sm"
            icon={<UserPlus aria-hidden className="size-4" />}
            disabledReason={reason}
            onClick={() => setInviting(true)}
          >
            Invite
          </Button>
        }
      >
        <List
          query={query}
          what="members"
          columns={columns}
          trail={trail}
          onTrail={onTrail}
          empty={
            <EmptyState icon={Users} title="No members yet">
              Invite somebody by e-mail.
            </EmptyState>
          }
        />
      </Card>
      {open.length > 0 && (
        <Card title="Open invitations" flush>
          <OpenInvitations invitations={open} reason={reason} />
        </Card>
      )}
      <InviteDialog open={inviting} onClose={() => setInviting(false)} tenantId={tenant.id} />
      {leaving && (
        <ConfirmDestroy
          open
          onClose={() => setLeaving(null)}
          title="Remove the member"
          name={leaving.email}
          effect={t`${leaving.name} loses all roles in ${tenant.name}. The account itself stays.`}
          submitLabel="Remove"
          send={(key) => removeMember({ tenantId: tenant.id, userId: leaving.id }, key)}
          onDone={() => {
            toast.done(t`The member is removed`)
            setLeaving(null)
          }}
        />
      )}
    </div>
  )
}
