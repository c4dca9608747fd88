import type { z } from 'zod'
import type { invitationAccept, InvitationShown } from '../../../shared/api/invitations.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as invitations from '../../db/invitations.ts'
import type { InvitationRow } from '../../db/invitations.ts'
import * as admin from '../../db/userAdmin.ts'
import * as users from '../../db/users.ts'
import { AppError } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import { hashPassword } from '../../lib/password.ts'
import { passwordFault } from '../../lib/passwordRules.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import * as tokens from '../singleUseTokenService.ts'
import type { Identity } from '../userService.ts'
import { stillGivable } from './admission.ts'
import { requireHome } from './authority.ts'
import { eventOf, placeOf } from './invitations.ts'

type User = Awaited<ReturnType<typeof users.findByEmail>>

/** The invitation of a link that counts, and who has its e-mail. @throws AppError link_expired */
async function behind(ctx: Ctx, token: string): Promise<{ row: InvitationRow; user: User; expiresAt: Date }> {
  const { subjectId, expiresAt } = await tokens.look(ctx, 'invitation', token)
  const row = await invitations.findOpen(ctx.tx, subjectId)
  const user = row && (await users.findByEmail(ctx.tx, row.email))
  if (!row || (user && user.state !== 'active')) throw tokens.expired()
  return { row, user, expiresAt }
}

/** What a mailed invitation is for. @throws AppError link_expired */
export const showInvitation = (root: Root, origin: Origin, token: string): Promise<InvitationShown> =>
  transaction(root, origin, 'platform', async (ctx) => {
    const { row, user, expiresAt } = await behind(ctx, token)
    return {
      email: row.email,
      place: placeOf(row),
      roleName: row.role_name,
      invitedBy: row.inviter_name,
      account: user ? 'existing' : 'new',
      expiresAt: expiresAt.toISOString(),
    }
  })

/**
 * Accepts an invitation: who has no account gets one with this name and password, who has one must be logged in to it.
 * The one who invited must still be allowed to give the role.
 * @throws AppError link_expired, unauthenticated for an account that is not logged in, invalid_input, invalid_state for
 * a suspended tenant
 */
export async function acceptInvitation(
  root: Root,
  origin: Origin,
  identity: Identity | undefined,
  { token, name, password }: z.infer<typeof invitationAccept>,
): Promise<void> {
  const { row, user } = await transaction(root, origin, 'platform', (ctx) => behind(ctx, token))
  if (user && (identity?.user.id !== user.id || identity.sessionId === null))
    throw new AppError('unauthenticated', `Log in as ${row.email} first, then accept.`)
  const hash = user ? null : await newPassword(row.email, name, password)
  const id = user?.id ?? newId()
  const actor = { type: 'user', id, label: row.email } as const
  await transaction(root, { ...origin, actor }, 'platform', async (ctx) => {
    const { subjectId } = await tokens.use(ctx, 'invitation', token)
    const locked = await invitations.lockOpen(ctx.tx, subjectId)
    if (!locked) throw tokens.expired()
    if (locked.tenant_id !== null) await tenantScopeService.requireActive(ctx, locked.tenant_id)
    await requireInviter(ctx, locked)
    if (user) requireHome(user, locked.tenant_id)
    if (hash !== null) await createAccount(ctx, { id, email: row.email, name: name ?? '', hash }, locked)
    await admin.insertGrant(ctx.tx, {
      id: newId(),
      userId: id,
      roleId: locked.role_id,
      tenantId: locked.tenant_id,
      by: locked.invited_by,
      at: ctx.now(),
    })
    await invitations.update(ctx.tx, locked.id, { accepted_at: ctx.now() })
    await auditService.record(ctx, eventOf(locked, 'INVITATION_ACCEPTED'))
    await auditService.record(ctx, { ...eventOf(locked, 'ROLE_GRANTED'), target: ofUser(id, row.email) })
  })
}

const ofUser = (id: string, label: string) => ({ type: 'user', id, label })

async function newPassword(
  email: string,
  name: string | undefined,
  password: string | undefined,
): Promise<string> {
  const fault =
    password === undefined ? 'Choose a password.' : passwordFault(password, { email, name: name ?? '' })
  const errors = [
    ...(name === undefined ? [{ path: 'name', message: 'Enter your name.' }] : []),
    ...(fault === undefined ? [] : [{ path: 'password', message: fault }]),
  ]
  if (errors[0]) throw new AppError('invalid_input', errors[0].message, { errors })
  return hashPassword(password ?? '')
}

async function createAccount(
  ctx: Ctx,
  { id, email, name, hash }: { id: string; email: string; name: string; hash: string },
  { tenant_id: tenantId, role }: InvitationRow,
): Promise<void> {
  const now = ctx.now()
  await users
    .insert(ctx.tx, { id, email, name, password_hash: hash, created_at: now, updated_at: now })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'users_email') throw error
      throw new AppError('already_exists', `${email} has an account now: log in, then accept.`)
    })
  const target = ofUser(id, email)
  await auditService.record(ctx, { action: 'USER_CREATED', tenantId, target, details: { role } })
}

/** @throws AppError link_expired */
async function requireInviter(ctx: Ctx, row: InvitationRow): Promise<void> {
  const { invited_by: by, role_id: roleId, tenant_id: tenantId } = row
  if (!(await stillGivable(ctx, by, { roleId, tenantId }))) throw tokens.expired()
}
