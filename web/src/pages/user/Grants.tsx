import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Plus, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { canDecideAbout } from '../../../../shared/states/role.ts'
import { t } from '../../../../shared/text.ts'
import { giveRole, rolesQuery, takeRole, type Grant, type Role, type User } from '../../api/users.ts'
import { Form, useApiForm } from '../../components/Form.tsx'
import { isPlatformUser, NO_PERMISSION, useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Badge } from '../../ui/Badge.tsx'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { DataTable, type Column } from '../../ui/DataTable.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { EmptyState } from '../../ui/EmptyState.tsx'
import { toast } from '../../ui/Toast.tsx'
import { useGiver, useIsMyself } from './giver.ts'
import { grantOf, RoleChoice, useRoleChoice } from './RoleChoice.tsx'
import { roleWords } from '../../lib/roleWords.ts'

type Held = User['grants'][number]
const MYSELF = t`Nobody changes their own roles: ask somebody else.`

/** The roles a user holds, as far as the viewer sees them, with what may be given and taken. */
export function Grants({ user }: { user: User }) {
  const { tenant, can } = useSession()
  const giver = useGiver()
  const myself = useIsMyself(user.id)
  const [giving, setGiving] = useState(false)
  const [taking, setTaking] = useState<Held | null>(null)
  const roles = useQuery({ ...rolesQuery({ limit: 200 }), enabled: can('roles:read') })
  const known = new Map(roles.data?.items.map((role) => [role.id, role]))
  const columns: Column<Held>[] = [
    {
      header: t`Role`,
      render: (grant) => (
        <span className="flex flex-wrap items-center gap-2">
          <Link {...paths.role(tenant.slug, grant.roleId)} className="font-medium hover:underline">
            {roleWords(grant.roleName)}
          </Link>
          {grant.requiresMfa && <Badge tone="info">Needs a second step</Badge>}
        </span>
      ),
    },
    { header: t`Where`, render: (grant) => grant.tenantName ?? t`On the platform` },
    {
      header: t`Actions`,
      narrow: true,
      align: 'right',
      render: (grant) => (
        <Button
          size="sm"
          aria-label={t`Take ${grant.roleName}`}
          disabledReason={myself ? MYSELF : reasonFor(known.get(grant.roleId), grant)}
          onClick={() => setTaking(grant)}
        >
          Take
        </Button>
      ),
    },
  ]
  function reasonFor(role: Role | undefined, { tenantId }: Held): string | undefined {
    if (!can('users:manage', tenantId)) return NO_PERMISSION('users:manage')
    const verdict = role && canDecideAbout(role, tenantId, giver)
    return verdict?.allowed === false ? verdict.reason : undefined
  }
  const mayGive = can('users:manage') || can('users:manage', null)
  return (
    <Card
      flush
      title="Roles"
      actions={
        <Button
          size="sm"
          icon={<Plus aria-hidden className="size-4" />}
          disabledReason={myself ? MYSELF : mayGive ? undefined : NO_PERMISSION('users:manage')}
          onClick={() => setGiving(true)}
        >
          Give a role
        </Button>
      }
    >
      {user.grants.length === 0 ? (
        <EmptyState icon={ShieldCheck} title="No role yet">
          Without one this user sees nothing.
        </EmptyState>
      ) : (
        <DataTable
          label="Roles"
          columns={columns}
          rows={user.grants}
          rowKey={({ roleId, tenantId }) => `${roleId} ${tenantId}`}
        />
      )}
      <Dialog open={giving} onClose={() => setGiving(false)} title={t`Give ${user.name} a role`} wide>
        {giving && <Give user={user} onClose={() => setGiving(false)} />}
      </Dialog>
      <Dialog
        open={taking !== null}
        onClose={() => setTaking(null)}
        title={taking ? t`Take ${taking.roleName}` : ''}
      >
        {taking && <Take user={user} grant={taking} onClose={() => setTaking(null)} />}
      </Dialog>
    </Card>
  )
}

function Give({ user, onClose }: { user: User; onClose: () => void }) {
  const [choice, setChoice] = useRoleChoice()
  const grant = grantOf(choice)
  const of = useApiForm<Record<string, never>, User>({
    defaultValues: {},
    send: (_, key) => giveRole(user.id, grant as Grant, key),
    onDone: () => {
      toast.done(t`Role given`, t`It holds from the next request on.`)
      onClose()
    },
  })
  return (
    <Form
      of={of}
      submitLabel="Give"
      submitReason={grant ? undefined : t`Choose where, and a role.`}
      onCancel={onClose}
    >
      <RoleChoice choice={choice} onChange={setChoice} held={user.grants} />
    </Form>
  )
}

function Take({ user, grant, onClose }: { user: User; grant: Held; onClose: () => void }) {
  const { me, tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<Record<string, never>, User>({
    defaultValues: {},
    send: () => takeRole(user.id, { roleId: grant.roleId, tenantId: grant.tenantId }),
    onDone: ({ grants }) => {
      toast.done(t`Role taken`, t`It counts from the next request on.`)
      onClose()
      // Whoever holds nothing in a tenant is no longer the tenant's to see.
      if (grants.length === 0 && !isPlatformUser(me)) void navigate(paths.users(tenant.slug))
    },
  })
  return (
    <Form of={of} danger submitLabel="Take" onCancel={onClose}>
      {grant.tenantName ? (
        <p>
          {user.name} loses what {grant.roleName} allows in {grant.tenantName} with the next request, and open
          pages stop being live within seconds. Jobs that have begun are brought to their end.
        </p>
      ) : (
        <p>
          {user.name} loses what {grant.roleName} allows on the platform with the next request, and open pages
          stop being live within seconds. Jobs that have begun are brought to their end.
        </p>
      )}
    </Form>
  )
}
