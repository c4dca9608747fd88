import type { Permission } from '../../shared/permissions.ts'
import type { Actor, Root } from '../context.ts'
import * as rights from '../db/userRights.ts'
import { holds, rightsOf } from './userService.ts'

/** Who wanted a job, and the permission by which the request was accepted; none for what mPanel does by itself. */
export type Originator = Actor & { permission?: Permission }

/**
 * Whether the originator of a job may, now that it runs, still do what was asked: jobs wait, and rights are taken away
 * meanwhile. @param tenantId null: the platform as a whole
 */
export async function isStillPermitted(
  root: Root,
  { type, id, permission }: Originator,
  tenantId: string | null,
): Promise<boolean> {
  if (permission === undefined || id === null) return true
  const at = root.now()
  if (type === 'user') {
    const grants = await root.db.transaction('platform', (tx) => rights.grantsOfUser(tx, id, at))
    return grants !== undefined && holds(rightsOf(grants), permission, tenantId)
  }
  if (type !== 'api_key') return true
  const key = await root.db.transaction('platform', (tx) => rights.liveApiKey(tx, id, at))
  if (!key?.scopes.includes(permission)) return false
  if (key.tenant_id !== null && key.tenant_id !== tenantId) return false
  return holds(rightsOf(key.grants), permission, tenantId)
}
