import type { Permission } from '../../shared/permissions.ts'
import type { Actor, Root } from '../context.ts'
import * as rights from '../db/userRights.ts'
import { holds, isNamed, rightsOf } from './userService.ts'

/** Who wanted a job, and the permission by which the request was accepted; none for what mPanel does by itself. */
export type Originator = Actor & { permission?: Permission }

/**
 * Whether the originator of a job may, now that it runs, still do what was asked: jobs wait, and rights are taken away
 * meanwhile. An operator who asked under another name must still be allowed to.
 * @param tenantId null: the platform as a whole
 * @param subject what the job is about: a key may be limited to certain things
 */
export async function isStillPermitted(
  root: Root,
  { type, id, permission, impersonator }: Originator,
  tenantId: string | null,
  subject: { type: string; id: string | null },
): Promise<boolean> {
  if (permission === undefined || id === null) return true
  const at = root.now()
  const has = async (userId: string, needed: Permission, where: string | null): Promise<boolean> => {
    const grants = await root.db.transaction('platform', (tx) => rights.grantsOfUser(tx, userId, at))
    return grants !== undefined && holds(rightsOf(grants), needed, where)
  }
  if (type === 'user')
    return (
      (await has(id, permission, tenantId)) &&
      (impersonator === undefined || (await has(impersonator.id, 'users:impersonate', null)))
    )
  if (type !== 'api_key') return true
  return root.db.transaction('platform', async (tx) => {
    const key = await rights.liveApiKey(tx, id, at)
    if (!key?.scopes.includes(permission)) return false
    if (key.tenant_id !== null && key.tenant_id !== tenantId) return false
    const about = subject.id === null ? undefined : { type: subject.type, id: subject.id }
    if (key.resources.length > 0 && !(about && (await isNamed({ tx }, key.resources, about)))) return false
    return holds(rightsOf(key.grants), permission, tenantId)
  })
}
