import { isSuper } from '../../../shared/states/role.ts'
import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as admin from '../../db/userAdmin.ts'
import * as rights from '../../db/userRights.ts'
import * as roles from '../../db/userRoles.ts'
import * as users from '../../db/users.ts'
import { AppError } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { holds, rightsOf } from '../userService.ts'
import { allowedBy } from './roles.ts'

type Place = { roleId: string; tenantId: string | null }

/**
 * The role, if that person may still give it there: what was promised is given later, and rights are taken away
 * meanwhile. It stays as it is until the transaction ends.
 */
export async function stillGivable(
  ctx: Ctx,
  giverId: string,
  { roleId, tenantId }: Place,
): Promise<roles.RoleRow | undefined> {
  const grants = await rights.grantsOfUser(ctx.tx, giverId, ctx.now())
  const role = await roles.lock(ctx.tx, 'platform', roleId)
  if (!grants || !role) return undefined
  const held = rightsOf(grants)
  const may =
    holds(held, 'users:manage', tenantId) &&
    allowedBy(role).every((permission) => holds(held, permission, tenantId)) &&
    (!isSuper(role) || grants.some((grant) => grant.key === 'SUPER_ADMIN' && grant.permissions === null))
  return may ? role : undefined
}

/**
 * Makes an account without a password for somebody whom an identity provider has vouched for, with the role that was
 * promised to such people.
 * @throws AppError already_exists for the e-mail, invalid_state for a tenant that is not active, forbidden when who
 * promised the role may not give it any more
 */
export async function admit(
  ctx: Ctx,
  { id, email, name }: { id: string; email: string; name: string },
  { roleId, tenantId, by, provider }: Place & { by: string; provider: string },
): Promise<void> {
  if (tenantId !== null) await tenantScopeService.requireActive(ctx, tenantId)
  const role = await stillGivable(ctx, by, { roleId, tenantId })
  if (!role) throw new AppError('forbidden', 'Who has set this up may not give the role any more.')
  const now = ctx.now()
  const home = { home_tenant_id: tenantId, created_at: now, updated_at: now }
  await users.insert(ctx.tx, { id, email, name, password_hash: null, ...home }).catch((error: unknown) => {
    if (violatedConstraint(error) !== 'users_email') throw error
    throw new AppError('already_exists', `${email} has an account.`)
  })
  await admin.insertGrant(ctx.tx, { id: newId(), userId: id, roleId, tenantId, by, at: now })
  const event = { tenantId, target: { type: 'user', id, label: email } }
  const details = { role: role.key, provider, promisedBy: by }
  await auditService.record(ctx, { ...event, action: 'USER_CREATED', details })
  await auditService.record(ctx, { ...event, action: 'ROLE_GRANTED', details })
}
