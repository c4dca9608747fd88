import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { canDecideAbout, fitsPlace } from '../../../../shared/states/role.ts'
import { t } from '../../../../shared/text.ts'
import { rolesQuery, type Role } from '../../api/users.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { TenantPicker } from '../../components/pickers.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { count } from '../../lib/words.ts'
import { Field } from '../../ui/Field.tsx'
import { RadioCards } from '../../ui/RadioCards.tsx'
import { useGiver } from './giver.ts'
import { ranked } from './roleReasons.ts'

/** Where a role holds: on the platform (null), in a tenant, or not chosen yet. */
type Place = { id: string; name: string } | null | undefined
export type Choice = { place: Place; roleId: string }

export function useRoleChoice(): [Choice, (choice: Choice) => void] {
  const { tenant, can } = useSession()
  const here = tenant.id === undefined ? undefined : { id: tenant.id, name: tenant.name }
  const onPlatform = here === undefined && can('users:manage', null)
  return useState<Choice>({ place: onPlatform ? null : here, roleId: '' })
}

/** The grant that was chosen, once it is complete. */
export const grantOf = ({ place, roleId }: Choice) =>
  place === undefined || roleId === '' ? undefined : { roleId, tenantId: place?.id ?? null }

/** A place and one of the roles that can be given there. What the viewer may not give says why. */
export function RoleChoice({
  choice,
  onChange,
  held = [],
}: {
  choice: Choice
  onChange: (choice: Choice) => void
  held?: readonly { roleId: string; tenantId: string | null }[]
}) {
  const { can } = useSession()
  const { place } = choice
  const move = (to: Place) => onChange({ place: to, roleId: '' })
  return (
    <>
      <RadioCards
        label="Where it holds"
        name="place"
        value={place === null ? 'platform' : 'tenant'}
        onChange={(value) => move(value === 'platform' ? null : undefined)}
        options={[
          {
            value: 'platform',
            title: t`On the platform`,
            detail: t`Holds for every tenant.`,
            disabledReason: can('users:manage', null) ? undefined : NO_PERMISSION('users:manage'),
          },
          { value: 'tenant', title: t`In one tenant`, detail: t`Holds for nothing else.` },
        ]}
      />
      {place !== null && (
        <Field label="Tenant">
          <TenantPicker value={place ?? null} onChange={move} />
        </Field>
      )}
      {place !== undefined && (
        <RolePicker
          key={place?.id ?? 'platform'}
          tenantId={place?.id ?? null}
          value={choice.roleId}
          held={held}
          onChange={(roleId) => onChange({ place, roleId })}
        />
      )}
    </>
  )
}

const MOST = 200

function RolePicker({
  tenantId,
  value,
  held,
  onChange,
}: {
  tenantId: string | null
  value: string
  held: readonly { roleId: string; tenantId: string | null }[]
  onChange: (roleId: string) => void
}) {
  const giver = useGiver()
  const own = tenantId === null ? { kind: 'platform' as const } : { kind: 'tenant' as const, tenantId }
  const builtin = useQuery(rolesQuery({ kind: 'builtin', limit: MOST }))
  const custom = useQuery(rolesQuery({ ...own, limit: MOST }))
  const reasonOf = (role: Role): string | undefined => {
    if (held.some((grant) => grant.roleId === role.id && grant.tenantId === tenantId))
      return t`The user holds it already.`
    const verdict = canDecideAbout(role, tenantId, giver)
    return verdict.allowed ? undefined : verdict.reason
  }
  return (
    <Loaded query={builtin} what="roles">
      {(first) => (
        <Loaded query={custom} what="roles">
          {(more) => (
            <RadioCards
              label="Role"
              name="role"
              value={value}
              onChange={onChange}
              options={[...ranked(first.items), ...more.items]
                .filter((role) => fitsPlace(role, tenantId).allowed)
                .map((role) => ({
                  value: role.id,
                  title: role.name,
                  detail: count(role.permissions.length, t`permission`, t`permissions`),
                  disabledReason: reasonOf(role),
                }))}
            />
          )}
        </Loaded>
      )}
    </Loaded>
  )
}
