import { Link } from '@tanstack/react-router'
import { Check, Minus } from 'lucide-react'
import { useState } from 'react'
import { PERMISSIONS, type Permission } from '../../../../shared/permissions.ts'
import { t } from '../../../../shared/text.ts'
import { updateRole, type Role } from '../../api/users.ts'
import { useSubmit } from '../../api/submit.ts'
import { useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { paths } from '../../paths.ts'
import { BareCheckbox } from '../../ui/BareCheckbox.tsx'
import { Button } from '../../ui/Button.tsx'
import { toast } from '../../ui/Toast.tsx'
import { actionOf, byResource } from '../../lib/permissionGroups.ts'
import { useRoleReasons } from './roleReasons.ts'
import { roleWords } from '../../lib/roleWords.ts'

/** What a role shall hold instead; `role` as it was when the change began. */
type Draft = { role: Role; permissions: ReadonlySet<Permission> }

const differences = ({ role, permissions }: Draft): number =>
  PERMISSIONS.filter((one) => role.permissions.includes(one) !== permissions.has(one)).length

/** Permissions by roles. Built-in roles are read; those of people's own making are changed here, and then saved. */
export function RoleMatrix({ roles }: { roles: Role[] }) {
  const [drafts, setDrafts] = useState<Record<string, Draft>>({})
  const drop = (id: string) =>
    setDrafts((all) => Object.fromEntries(Object.entries(all).filter(([roleId]) => roleId !== id)))
  const toggle = (role: Role, permission: Permission, on: boolean) => {
    const draft = drafts[role.id] ?? { role, permissions: new Set(role.permissions) }
    const permissions = new Set(draft.permissions)
    if (on) permissions.add(permission)
    else permissions.delete(permission)
    const changed = { ...draft, permissions }
    if (differences(changed) === 0) drop(role.id)
    else setDrafts({ ...drafts, [role.id]: changed })
  }
  return (
    <>
      <section aria-label="Permissions by roles" className="relative max-h-[70vh] overflow-auto">
        <table className="min-w-full border-collapse">
          <caption className="sr-only">What each role allows</caption>
          <Head roles={roles} />
          {byResource(PERMISSIONS).map(({ resource, label, permissions }) => (
            <tbody key={resource}>
              <tr className="border-y border-line bg-raised">
                <th
                  scope="rowgroup"
                  colSpan={roles.length + 1}
                  className="py-1.5 pr-3 pl-4 text-left text-[13px] font-semibold"
                >
                  <span className="sticky left-4">{label}</span>
                </th>
              </tr>
              {permissions.map((permission) => (
                <tr key={permission} className="border-b border-line last:border-0">
                  <th
                    scope="row"
                    className="sticky left-0 z-10 bg-surface py-2 pr-3 pl-4 text-left font-normal whitespace-nowrap"
                  >
                    <span className="sr-only">{label}: </span>
                    {actionOf(permission)}
                  </th>
                  {roles.map((role) => (
                    <td key={role.id} className="px-3 py-2 text-center">
                      <Cell role={role} permission={permission} draft={drafts[role.id]} onToggle={toggle} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </section>
      {Object.values(drafts).map((draft) => (
        <Pending key={draft.role.id} draft={draft} onDone={() => drop(draft.role.id)} />
      ))}
    </>
  )
}

function Head({ roles }: { roles: Role[] }) {
  const { tenant } = useSession()
  return (
    <thead>
      <tr>
        <th
          scope="col"
          className="sticky top-0 left-0 z-30 bg-surface py-2 pr-3 pl-4 text-left text-[13px] font-medium text-muted"
        >
          Permission
        </th>
        {roles.map((role) => (
          <th
            key={role.id}
            scope="col"
            className="sticky top-0 z-20 min-w-28 bg-surface px-3 py-2 align-bottom text-[13px] font-medium break-words"
          >
            <Link {...paths.role(tenant.slug, role.id)} className="hover:underline">
              {roleWords(role.name)}
            </Link>
            {role.builtin && <span className="block font-normal text-muted">built in</span>}
          </th>
        ))}
      </tr>
    </thead>
  )
}

function Cell({
  role,
  permission,
  draft,
  onToggle,
}: {
  role: Role
  permission: Permission
  draft: Draft | undefined
  onToggle: (role: Role, permission: Permission, on: boolean) => void
}) {
  const reasons = useRoleReasons()
  const has = draft ? draft.permissions.has(permission) : role.permissions.includes(permission)
  if (role.builtin) {
    const Icon = has ? Check : Minus
    return (
      <>
        <Icon
          aria-hidden
          className={has ? 'mx-auto size-4 text-success-text' : 'mx-auto size-4 text-muted'}
        />
        <span className="sr-only">{has ? t`yes` : t`no`}</span>
      </>
    )
  }
  const had = (draft?.role ?? role).permissions.includes(permission)
  return (
    <BareCheckbox
      label={t`${permission} in ${role.name}`}
      checked={has}
      disabledReason={reasons.change(role) ?? (had ? undefined : reasons.add(permission, role.tenantId))}
      onChange={(on) => onToggle(role, permission, on)}
    />
  )
}

/** What was changed in a role and is not saved yet. */
function Pending({ draft, onDone }: { draft: Draft; onDone: () => void }) {
  const { role, permissions } = draft
  const save = useSubmit<void, Role>({
    send: () => updateRole(role, { permissions: [...permissions] }),
    onDone: () => {
      toast.done(t`${role.name} saved`, t`It holds from the next request on.`)
      onDone()
    },
  })
  return (
    <div className="flex flex-wrap items-center justify-between gap-2 border-t border-line px-4 py-2.5">
      <span aria-live="polite">
        {role.name}: {count(differences(draft), t`change`, t`changes`)} not saved
      </span>
      <div className="flex gap-2">
        <Button size="sm" onClick={onDone}>
          Undo
        </Button>
        <Button
          size="sm"
          variant="primary"
          loading={save.isPending}
          onClick={() =>
            save.mutate(undefined, { onError: ({ message }) => toast.failed(t`Not saved`, message) })
          }
        >
          Save
        </Button>
      </div>
    </div>
  )
}
