import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { CircleCheck, CircleX } from 'lucide-react'
import { PERMISSIONS, type Permission } from '../../../../shared/permissions.ts'
import { t } from '../../../../shared/text.ts'
import { explanationQuery, type Explanation, type User } from '../../api/users.ts'
import { oneOf } from '../../components/Filters.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { isPlatformUser, useSession } from '../../components/session.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Select } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { byResource } from '../../lib/permissionGroups.ts'

const route = getRouteApi('/t/$tenant/users/$id')
const PLATFORM = 'platform'

/** Why a user may do something somewhere, or may not, in sentences. */
export function Why({ user }: { user: User }) {
  const { me, tenant } = useSession()
  const { permission: typed, in: typedPlace } = route.useSearch()
  const navigate = route.useNavigate()
  const permission: Permission = oneOf(PERMISSIONS, typed) ?? 'cloudpods:read'
  const places = placesOf(user, isPlatformUser(me), tenant)
  const place = places.find(({ id }) => id === typedPlace)?.id ?? places[0]?.id ?? PLATFORM
  const query = useQuery(explanationQuery(user.id, permission, place === PLATFORM ? undefined : place))
  const ask = (change: { permission?: string; in?: string }) =>
    void navigate({ search: { tab: 'why', permission, in: place, ...change }, replace: true })
  return (
    <Card title="Why may this user do something, or why not?">
      <div className="space-y-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Permission">
            <Select value={permission} onChange={(event) => ask({ permission: event.target.value })}>
              {byResource(PERMISSIONS).map(({ resource, label, permissions }) => (
                <optgroup key={resource} label={label}>
                  {permissions.map((one) => (
                    <option key={one} value={one}>
                      {one}
                    </option>
                  ))}
                </optgroup>
              ))}
            </Select>
          </Field>
          <Field
            label="Where"
            hint="The chosen tenant, and every tenant in which this user holds a role that you see."
          >
            <Select value={place} onChange={(event) => ask({ in: event.target.value })}>
              {places.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        <Loaded query={query} what="explanation">
          {(explanation) => <Answer explanation={explanation} />}
        </Loaded>
      </div>
    </Card>
  )
}

function placesOf(user: User, ofPlatform: boolean, here: { id: string | undefined; name: string }) {
  const places = new Map<string, string>()
  if (here.id !== undefined) places.set(here.id, here.name)
  for (const { tenantId, tenantName } of user.grants)
    if (tenantId !== null) places.set(tenantId, tenantName ?? t`Another tenant`)
  const platform = ofPlatform ? [{ id: PLATFORM, name: t`On the platform` }] : []
  const tenants = [...places].map(([id, name]) => ({ id, name }))
  return here.id === undefined ? [...platform, ...tenants] : [...tenants, ...platform]
}

function Answer({ explanation: { allowed, sentence, grants } }: { explanation: Explanation }) {
  return (
    <div aria-live="polite" className="space-y-4">
      <Notice tone={allowed ? 'success' : 'warning'} title={allowed ? t`Yes` : t`No`}>
        {sentence}
      </Notice>
      {grants.length > 0 && (
        <ul aria-label="What each role does" className="space-y-3">
          {grants.map((grant) => {
            const gives = grant.inScope && grant.hasPermission
            const Icon = gives ? CircleCheck : CircleX
            return (
              <li key={`${grant.roleId} ${grant.tenantId}`} className="flex items-start gap-2">
                <Icon
                  aria-hidden
                  className={gives ? 'mt-0.5 size-4 text-success-text' : 'mt-0.5 size-4 text-muted'}
                />
                <span className="min-w-0 break-words">
                  <span className="font-medium">
                    {grant.roleName} ({grant.tenantName ?? t`the platform`})
                  </span>
                  <span className="block text-muted">{grant.sentence}</span>
                </span>
              </li>
            )
          })}
        </ul>
      )}
    </div>
  )
}
