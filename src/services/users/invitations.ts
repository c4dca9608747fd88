import type { Invitation, Members } from '../../../shared/api/invitations.ts'
import type { Ctx } from '../../context.ts'
import { violatedConstraint } from '../../db/index.ts'
import * as invitations from '../../db/invitations.ts'
import type { InvitationRow } from '../../db/invitations.ts'
import type { ListOptions } from '../../db/list.ts'
import * as users from '../../db/users.ts'
import { AppError, notFound } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as mailService from '../mailService.ts'
import * as tokens from '../singleUseTokenService.ts'
import type { Identity } from '../userService.ts'
import { changeGrant, getUser, listUsers, requireGrantable } from './accounts.ts'

const present = (ctx: Ctx, row: InvitationRow): Invitation => ({
  id: row.id,
  tenantId: row.tenant_id,
  email: row.email,
  roleId: row.role_id,
  role: row.role,
  roleName: row.role_name,
  invitedBy: row.inviter_name,
  createdAt: row.created_at.toISOString(),
  sentAt: row.sent_at.toISOString(),
  expiresAt: row.expires_at.toISOString(),
  expired: row.expires_at <= ctx.now(),
})

/** Where somebody is invited to, in words. */
export const placeOf = (row: Pick<InvitationRow, 'tenant_name'>): string =>
  row.tenant_name ?? 'the administration of mPanel'

/** The users of a tenant, and who is invited to it. */
export async function listMembers(ctx: Ctx, tenantId: string, options: ListOptions): Promise<Members> {
  const page = await listUsers(ctx, {}, options)
  const open = await invitations.listOfTenant(ctx.tx, tenantId)
  return { ...page, invitations: open.map((row) => present(ctx, row)) }
}

/** Who is invited to the platform. */
export async function listInvitations(ctx: Ctx, options: ListOptions) {
  const page = await invitations.listOfPlatform(ctx.tx, options)
  return { items: page.items.map((row) => present(ctx, row)), nextCursor: page.nextCursor }
}

/**
 * Invites somebody to a role, in a tenant or with null on the platform. Whether the e-mail has an account elsewhere
 * makes no difference and is told to nobody but its owner.
 * @throws AppError already_exists for a role held already and an open invitation, and those of `requireGrantable`
 */
export async function invite(
  ctx: Ctx,
  identity: Identity,
  tenantId: string | null,
  body: { email: string; roleId: string },
): Promise<Invitation> {
  const role = await requireGrantable(ctx, identity, { roleId: body.roleId, tenantId })
  const email = body.email.toLowerCase()
  if (await invitations.isHeld(ctx.tx, ctx.scope, { email, roleId: role.id, tenantId }))
    throw new AppError('already_exists', `${email} has the role ${role.name} already.`)
  const id = newId()
  const now = ctx.now()
  await invitations
    .insert(ctx.tx, {
      id,
      tenant_id: tenantId,
      email,
      role_id: role.id,
      invited_by: identity.user.id,
      created_at: now,
      sent_at: now,
      expires_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'invitations_open') throw error
      throw new AppError('already_exists', `${email} is invited already: send that invitation again.`)
    })
  return written(ctx, id, 'INVITATION_CREATED')
}

/**
 * Sends an invitation again with a new link; the earlier one ends.
 * @throws AppError not_found, and those of `requireGrantable`
 */
export async function resendInvitation(ctx: Ctx, identity: Identity, id: string): Promise<Invitation> {
  const row = await lockFor(ctx, identity, id)
  await invitations.update(ctx.tx, row.id, { invited_by: identity.user.id })
  return written(ctx, id, 'INVITATION_RESENT')
}

/** @throws AppError not_found, and those of `requireGrantable` */
export async function revokeInvitation(ctx: Ctx, identity: Identity, id: string): Promise<void> {
  const row = await lockFor(ctx, identity, id)
  await invitations.update(ctx.tx, id, { revoked_at: ctx.now() })
  await tokens.end(ctx, 'invitation', id)
  await auditService.record(ctx, eventOf(row, 'INVITATION_REVOKED'))
}

async function lockFor(ctx: Ctx, identity: Identity, id: string): Promise<InvitationRow> {
  const row = await invitations.lockOpen(ctx.tx, id)
  if (!row) throw notFound('invitation')
  await requireGrantable(ctx, identity, { roleId: row.role_id, tenantId: row.tenant_id })
  return row
}

/** Makes the link and the mail that carries it. */
async function written(ctx: Ctx, id: string, action: string): Promise<Invitation> {
  const link = await tokens.issue(ctx, 'invitation', id)
  await invitations.update(ctx.tx, id, { sent_at: ctx.now(), expires_at: link.expiresAt })
  const row = await invitations.findOpen(ctx.tx, id)
  if (!row) throw notFound('invitation')
  const language = (await users.findByEmail(ctx.tx, row.email))?.language ?? null
  await mailService.send(ctx, { email: row.email, tenantId: row.tenant_id, language }, 'invitation', {
    link,
    by: row.inviter_name,
    role: row.role_name,
    tenant: row.tenant_name,
  })
  await auditService.record(ctx, eventOf(row, action))
  return present(ctx, row)
}

export const eventOf = (row: InvitationRow, action: string): auditService.Event => ({
  action,
  tenantId: row.tenant_id,
  target: { type: 'invitation', id: row.id, label: row.email },
  details: { role: row.role },
})

/**
 * Takes all roles that a user has in a tenant.
 * @throws AppError not_found for who has none there, and those of `changeGrant`
 */
export async function removeMember(
  ctx: Ctx,
  identity: Identity,
  tenantId: string,
  userId: string,
): Promise<void> {
  const { grants } = await getUser(ctx, userId)
  for (const { roleId } of grants.filter((grant) => grant.tenantId === tenantId))
    await changeGrant(ctx, identity, userId, { roleId, tenantId }, 'take')
}
