import type { z } from 'zod'
import type { Page } from '../../../shared/api/common.ts'
import type { impersonationBody, OwnImpersonation } from '../../../shared/api/impersonation.ts'
import type { Permission } from '../../../shared/permissions.ts'
import type { Ctx } from '../../context.ts'
import * as impersonations from '../../db/authImpersonation.ts'
import { renewToken } from '../../db/authSessions.ts'
import type { ListOptions } from '../../db/list.ts'
import * as userRights from '../../db/userRights.ts'
import * as users from '../../db/users.ts'
import { AppError, notFound } from '../../errors.ts'
import { randomToken, sha256 } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { holds, rightsOf, type Identity } from './rights.ts'

const LASTS_MS = 30 * 60_000
/** How a session can have been verified that counts for this: neither a password nor another provider’s word. */
const SECOND_FACTORS: readonly string[] = ['totp', 'recovery_code', 'passkey']

type Rights = Pick<Identity, 'platform' | 'tenants'>

/** What an operator needs for acting under another name. */
const neededFor = (readOnly: boolean): readonly Permission[] =>
  readOnly ? ['users:view-as', 'users:impersonate'] : ['users:impersonate']

const mayActAs = (operator: Rights, readOnly: boolean): boolean =>
  neededFor(readOnly).some((permission) => holds(operator, permission, null))

/**
 * Why an operator does not act under this name, if so: never upward. Who only looks sees no more than he may himself,
 * so what the user may besides does not matter.
 */
function faultOf(operator: Rights, user: Rights, readOnly: boolean): string | undefined {
  if (user.platform.size > 0) return 'Nobody acts as a user of the platform.'
  if (readOnly) return undefined
  const [, beyond] =
    [...user.tenants].find(([tenantId, held]) => [...held].some((one) => !holds(operator, one, tenantId))) ??
    []
  return beyond && 'This user may do things that you may not: you cannot act as them.'
}

/**
 * The identity of an operator who acts under another name; undefined once he may not any more. It is asked for every
 * request, so a change of either's rights holds from the next one on.
 */
export function impersonated(
  user: Identity,
  { impersonator, expires_at }: Pick<users.FoundSession, 'impersonator' | 'expires_at'>,
): Identity | undefined {
  if (!impersonator) return user
  const { id, email, name, parentId, reason, readOnly, hasMfa, grants } = impersonator
  const operator = rightsOf(grants)
  if (!hasMfa || !mayActAs(operator, readOnly) || faultOf(operator, user, readOnly)) return undefined
  return {
    ...user,
    tenants: readOnly ? withinBoth(user, operator) : user.tenants,
    actor: { ...user.actor, impersonator: { id, label: email } },
    // The operator has proven who he is; what the user lacks is the user's business.
    mustEnrol: false,
    impersonation: { by: { id, email, name }, parentId, reason, readOnly, until: expires_at },
  }
}

const withinBoth = (user: Rights, operator: Rights): Identity['tenants'] =>
  new Map(
    [...user.tenants].map(([id, held]) => [id, new Set([...held].filter((one) => holds(operator, one, id)))]),
  )

type Opened = { token: string; expiresAt: Date }

/**
 * Opens a session of half an hour under another name, from the operator's own, which waits for its end.
 * @throws AppError mfa_enrolment_required for who has no second factor, step_up_required when it was not what he proved
 * himself with, not_found, forbidden for oneself, service accounts, users of the platform and with more rights than
 * one's own, invalid_state for a disabled user
 */
export async function startImpersonation(
  ctx: Ctx,
  me: Identity,
  userId: string,
  { reason, readOnly }: z.infer<typeof impersonationBody>,
): Promise<Opened> {
  const now = ctx.now()
  const own = await requireSecondFactor(ctx, me)
  const user = await impersonations.subject(ctx.tx, userId)
  if (!user) throw notFound('user')
  if (userId === me.user.id) throw new AppError('forbidden', 'You are this user already.')
  if (user.kind === 'service')
    throw new AppError('forbidden', 'A service account is a program: nobody acts as one.')
  const grants = await userRights.grantsOfUser(ctx.tx, userId, now)
  if (!grants) throw new AppError('invalid_state', 'The user is disabled: enable them first.')
  const fault = faultOf(me, rightsOf(grants), readOnly)
  if (fault !== undefined) throw new AppError('forbidden', fault)
  const token = randomToken()
  const expiresAt = new Date(Math.min(now.getTime() + LASTS_MS, own.expires_at.getTime()))
  await users.insertSession(ctx.tx, {
    id: newId(),
    token_hash: sha256(token),
    user_id: userId,
    impersonator_id: me.user.id,
    parent_id: me.sessionId,
    reason,
    read_only: readOnly,
    verified_by: own.verified_by,
    verified_at: now,
    created_at: now,
    last_seen_at: now,
    expires_at: expiresAt,
    ip: ctx.ip ?? null,
    user_agent: ctx.userAgent ?? null,
  })
  const tenants = grants.flatMap(({ tenantId }) => (tenantId === null ? [] : [tenantId]))
  await tell(ctx, 'IMPERSONATION_STARTED', user, tenants, {
    reason,
    readOnly,
    until: expiresAt.toISOString(),
  })
  return { token, expiresAt }
}

async function requireSecondFactor(ctx: Ctx, { sessionId }: Identity) {
  const own = sessionId === null ? undefined : await impersonations.proofOf(ctx.tx, sessionId)
  if (!own?.has_mfa)
    throw new AppError(
      'mfa_enrolment_required',
      'Acting as a user needs a second factor: set one up under My account, Security, then repeat this.',
    )
  // A provider's word counts only where it is trusted with the second step.
  if (!SECOND_FACTORS.includes(own.verified_by) && !own.sso_mfa)
    throw new AppError(
      'step_up_required',
      'Enter a code of your authenticator app or use a passkey, then repeat this.',
    )
  return own
}

/** Each tenant of the user finds it in its own log. */
async function tell(
  ctx: Ctx,
  action: string,
  user: { id: string; email: string },
  tenants: readonly string[],
  details: Record<string, unknown>,
): Promise<void> {
  const all = await tenantScopeService.limitTo(ctx, 'platform')
  const places = tenants.length === 0 ? [null] : [...new Set(tenants)]
  await auditService.recordAll(
    all,
    places.map((tenantId) => ({
      origin: ctx,
      event: { action, tenantId, target: { type: 'user', id: user.id, label: user.email }, details },
    })),
  )
}

/**
 * Ends the acting under another name.
 * @returns the operator's own session, with a new token
 * @throws AppError invalid_state when this is nobody else's session
 */
export async function stopImpersonation(ctx: Ctx, me: Identity): Promise<Opened> {
  if (!me.impersonation || me.sessionId === null)
    throw new AppError('invalid_state', 'You act under your own name.')
  const now = ctx.now()
  const { parentId, reason, readOnly } = me.impersonation
  // False when it ran out, or was stopped, since this request began: then it has its event.
  const first = await impersonations.stop(ctx.tx, me.sessionId, now)
  const token = randomToken()
  // The operator's browser has the other name's cookie in its place: nothing sends the former token any more.
  const expiresAt = await renewToken(ctx.tx, parentId, sha256(token), now, null)
  if (!expiresAt) throw new AppError('unauthenticated', 'Your own session has ended. Log in again.')
  if (first)
    await tell(ctx, 'IMPERSONATION_ENDED', me.user, [...me.tenants.keys()], {
      reason,
      readOnly,
      how: 'stopped',
    })
  return { token, expiresAt }
}

/**
 * Tells of each that is over without having been stopped: its time ran out, or its session or the operator's own was
 * ended. The event names whom the session was for, and is written with the mark that keeps it from being written again.
 */
export async function endImpersonations(ctx: Ctx): Promise<void> {
  for (const one of await impersonations.endOver(ctx.tx, ctx.now())) {
    const user = { id: one.user_id, email: one.email }
    const impersonator = { id: one.impersonator_id, label: one.impersonator_email }
    await tell(
      { ...ctx, actor: { type: 'user', id: user.id, label: user.email, impersonator } },
      'IMPERSONATION_ENDED',
      user,
      one.tenants,
      {
        reason: one.reason,
        readOnly: one.read_only,
        how: one.ran_out ? 'ran_out' : 'session_ended',
        endedAt: one.ended_at.toISOString(),
      },
    )
  }
}

/** When operators acted under the caller's name. */
export async function listImpersonations(
  ctx: Ctx,
  me: Identity,
  options: ListOptions,
): Promise<Page<OwnImpersonation>> {
  const page = await impersonations.listOfUser(ctx.tx, me.user.id, options)
  return {
    items: page.items.map((row) => ({
      id: row.id,
      startedAt: row.created_at.toISOString(),
      endedAt: row.ended_at.toISOString(),
      by: row.name === row.email ? row.email : `${row.name} (${row.email})`,
      reason: row.reason ?? '',
      readOnly: row.read_only,
    })),
    nextCursor: page.nextCursor,
  }
}
