import type { SsoFault } from '../../../shared/api/authSso.ts'
import type { StepUpWays } from '../../../shared/api/authAccount.ts'
import { transaction, type Ctx, type Origin, type Root } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import * as users from '../../db/users.ts'
import { AppError } from '../../errors.ts'
import type { OidcPerson } from '../../integrations/oidc/types.ts'
import * as auditService from '../auditService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import type { Identity } from '../userService.ts'
import * as factors from './factors.ts'
import { proven, type RenewedSession } from './sessionTokens.ts'
import { begin, type Back, type Begun } from './ssoWay.ts'

/** How far a provider's clock may be from ours. */
const SKEW_MS = 60_000

type User = { id: string; email: string }
const targetOf = ({ id, email }: User) => ({ type: 'user', id, label: email })

/** By what the caller can prove anew who he is. Who has a second factor uses it: nothing less counts. */
export const stepUpWays = (ctx: Ctx, { user }: Identity): Promise<StepUpWays> =>
  // The platform's providers are nobody's secret, but no tenant's rows either.
  tenantScopeService.asPlatform(ctx, async (wide) => {
    const methods = await factors.methodsOf(wide, user.id)
    if (methods.length > 0) return { methods, password: false, providers: [] }
    const stored = await users.findActive(wide.tx, user.id)
    const providers = await db.vouching(wide.tx, user.id, wide.now())
    return { methods, password: stored !== undefined && stored.password_hash !== null, providers }
  })

/**
 * Sends the caller to a provider that knows him, to be asked anew who he is.
 * @throws AppError not_found when the provider is none of `stepUpWays`, and those of `begin`
 */
export async function beginSsoStepUp(
  root: Root,
  origin: Origin,
  me: Identity & { sessionId: string },
  { providerId, returnTo }: { providerId: string; returnTo: string },
): Promise<Begun> {
  const provider = await transaction(root, origin, 'platform', async (ctx) => {
    const { providers } = await stepUpWays(ctx, me)
    return providers.find(({ id }) => id === providerId)
  })
  if (!provider) throw new AppError('not_found', 'You cannot prove who you are by this identity provider.')
  const way = { purpose: 'step_up', sessionId: me.sessionId, returnTo } as const
  const begun = await begin(root, origin, providerId, way)
  await transaction(root, origin, 'platform', (ctx) =>
    auditService.record(ctx, {
      action: 'STEP_UP_BEGUN',
      tenantId: null,
      target: targetOf(me.user),
      details: { provider: provider.name },
    }),
  )
  return begun
}

/** Whether the provider has asked who it is after it was sent there to do so. Without its word it has not. */
const isFresh = ({ authenticatedAt }: OidcPerson, begunAt: Date, now: Date): boolean =>
  authenticatedAt !== null &&
  authenticatedAt.getTime() >= begunAt.getTime() - SKEW_MS &&
  authenticatedAt.getTime() <= now.getTime() + SKEW_MS

/** Back from the provider, in the session that began: the session counts as verified now. @returns its new token, or why it does not */
export async function stepUpBySso(
  root: Root,
  origin: Origin,
  { row, person, begunAt }: Back,
  me: Identity & { sessionId: string },
): Promise<RenewedSession | SsoFault | undefined> {
  return transaction(root, origin, 'platform', async (ctx) => {
    const known = await db.findIdentity(ctx.tx, row.id, person.issuer, person.subject)
    const { providers } = await stepUpWays(ctx, me)
    const fault = !providers.some(({ id }) => id === row.id)
      ? 'refused'
      : known?.id !== me.user.id
        ? 'somebody_else'
        : isFresh(person, begunAt, ctx.now())
          ? undefined
          : 'not_fresh'
    const renewed = fault === undefined ? await proven(ctx, me.sessionId, 'sso') : fault
    await auditService.record(ctx, {
      action: 'STEP_UP',
      tenantId: null,
      target: targetOf(me.user),
      ...(fault === undefined ? {} : { outcome: 'denied' }),
      details: { by: 'sso', provider: row.name, ...(fault !== undefined && { why: fault }) },
    })
    return renewed
  })
}
