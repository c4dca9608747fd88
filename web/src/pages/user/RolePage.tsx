import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Pencil, Trash2, Users } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { deleteRole, roleQuery, updateRole, type Role } from '../../api/users.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { Timeline } from '../../components/Timeline.tsx'
import { paths } from '../../paths.ts'
import { Button, buttonClass } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { CopyId } from '../../ui/CopyId.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { MfaSwitch } from './MfaSwitch.tsx'
import { RoleMatrix } from './RoleMatrix.tsx'
import { kindOf, useRoleReasons } from './roleReasons.ts'
import { roleWords } from '../../lib/roleWords.ts'

const route = getRouteApi('/t/$tenant/roles/$id')

export default function RolePage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...roleQuery(id), enabled: can('roles:read') })
  const role = query.data
  return (
    <Page
      title={role ? roleWords(role.name) : t`Role`}
      crumbs={[{ label: t`Roles`, link: paths.roles(tenant.slug) }]}
      permission="roles:read"
      actions={role && <Actions role={role} />}
    >
      <Loaded query={query} what="role">
        {(data) => <Content role={data} />}
      </Loaded>
    </Page>
  )
}

function Content({ role }: { role: Role }) {
  return (
    <div className="space-y-4">
      <Card>
        <Facts
          facts={[
            [
              t`Key`,
              <code key="key" className="break-all">
                {role.key}
              </code>,
            ],
            [t`Kind`, kindOf(role)],
            [t`Second step to log in`, <MfaSwitch key="mfa" role={role} />],
            [t`Is held`, role.held ? t`By users` : t`By nobody`],
            role.builtin ? null : [t`Since`, <Time key="since" at={role.createdAt} />],
            [t`Id`, <CopyId key="id" id={role.id} what="role id" />],
          ]}
        />
      </Card>
      <Card title="Permissions" flush>
        <RoleMatrix roles={[role]} />
      </Card>
      <Card title="Timeline" flush>
        <Timeline targetId={role.id} />
      </Card>
    </div>
  )
}

function Actions({ role }: { role: Role }) {
  const { tenant, can } = useSession()
  const reasons = useRoleReasons()
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const close = () => setOpen(null)
  return (
    <>
      {can('users:read') && (
        <Link {...paths.users(tenant.slug, { role: role.id })} className={buttonClass()}>
          <Users aria-hidden className="size-4" />
          Who holds it
        </Link>
      )}
      <Button
        icon={<Pencil aria-hidden className="size-4" />}
        disabledReason={reasons.change(role)}
        onClick={() => setOpen('edit')}
      >
        Rename
      </Button>
      <Button
        variant="danger"
        icon={<Trash2 aria-hidden className="size-4" />}
        disabledReason={reasons.remove(role)}
        onClick={() => setOpen('delete')}
      >
        Delete
      </Button>
      <Dialog open={open === 'edit'} onClose={close} title="Rename the role">
        {open === 'edit' && <Rename role={role} onClose={close} />}
      </Dialog>
      <Dialog open={open === 'delete'} onClose={close} title={t`Delete ${role.name}`}>
        {open === 'delete' && <Delete role={role} onClose={close} />}
      </Dialog>
    </>
  )
}

function Rename({ role, onClose }: { role: Role; onClose: () => void }) {
  const of = useApiForm<{ name: string }, Role>({
    defaultValues: { name: role.name },
    send: (body) => updateRole(role, body),
    onDone: () => {
      toast.done(t`Role renamed`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <Field label="Name" error={of.errorOf('name')}>
        <Input maxLength={200} {...of.form.register('name', { required: REQUIRED })} />
      </Field>
    </Form>
  )
}

function Delete({ role, onClose }: { role: Role; onClose: () => void }) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const of = useApiForm<Record<string, never>, void>({
    defaultValues: {},
    send: () => deleteRole(role.id),
    onDone: () => {
      toast.done(t`Role deleted`)
      void navigate(paths.roles(tenant.slug))
    },
  })
  return (
    <Form of={of} danger submitLabel="Delete" onCancel={onClose}>
      <p>Nobody holds {role.name}. It can be made again, with the same key.</p>
    </Form>
  )
}
