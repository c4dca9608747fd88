import { domainOf, emailAddress } from '../../../shared/api/authSso.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import * as db from '../../db/authSso.ts'
import { AppError } from '../../errors.ts'
import type { OidcPerson } from '../../integrations/oidc/types.ts'
import { newId } from '../../lib/ids.ts'
import * as userAdmissionService from '../userAdmissionService.ts'
import { addIdentity } from './identities.ts'
import { asUser, openOrAsk, type OpenedSession } from './login.ts'
import { noteRefusal, type Back } from './ssoWay.ts'

const MAX_NAME = 200

/** The e-mail somebody may sign up with: of one of the provider's proven domains, and his own as the provider says. */
function emailOf({ proofs }: db.ProviderRow, { email, emailVerified }: OidcPerson): string | undefined {
  const { data } = emailAddress.safeParse(email)
  if (data === undefined || !emailVerified) return undefined
  const isTheirs = proofs.some(({ domain, provenAt }) => provenAt !== null && domain === domainOf(data))
  return isTheirs ? data : undefined
}

/** A name of one line, without what cannot be seen. */
const nameOf = ({ name }: OidcPerson, email: string): string =>
  (name ?? '')
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, MAX_NAME) || email

/**
 * Makes an account for somebody whom nobody knew, as the provider is set, and opens its session.
 * @returns why not: `unknown` also for an e-mail that has an account, which only its owner connects; `stale` when the
 * provider was changed while he was there
 */
export async function signUp(
  root: Root,
  origin: Origin,
  { row, person }: Pick<Back, 'row' | 'person'>,
): Promise<OpenedSession | 'unknown' | 'not_admitted' | 'stale'> {
  const { sign_up_role_id: roleId, sign_up_by: by, tenant_id: tenantId, name: provider } = row
  const email = emailOf(row, person)
  if (email === undefined || roleId === null || by === null) {
    await noteRefusal(root, origin, row, undefined)
    return email === undefined && roleId !== null ? 'not_admitted' : 'unknown'
  }
  const user = { id: newId(), email, password_hash: null }
  try {
    return await transaction(root, asUser(origin, user), 'platform', async (ctx) => {
      await db.lockProvider(ctx.tx, row.id)
      const present = await db.findProvider(ctx.tx, row.id)
      if (present?.version !== row.version) return 'stale'
      // The same person in another tab was quicker.
      if (await db.findIdentity(ctx.tx, row.id, person.issuer, person.subject)) return 'stale'
      const account = { id: user.id, email, name: nameOf(person, email) }
      await userAdmissionService.admit(ctx, account, { roleId, tenantId, by, provider })
      await addIdentity(ctx, user, row, person)
      return openOrAsk(ctx, user, {
        by: 'sso',
        known: false,
        tries: 0,
        isSecondFactor: row.trusts_mfa && person.multiFactor,
      })
    })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    root.log.warn({ provider: row.id, fault: error.message }, 'a sign-up was refused')
    await noteRefusal(root, origin, row, undefined)
    return error.code === 'already_exists' ? 'unknown' : 'not_admitted'
  }
}
