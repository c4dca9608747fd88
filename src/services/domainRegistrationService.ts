import type { DomainOrdered } from '../../shared/api/domainRegistrations.ts'
import { canRegistration } from '../../shared/states/domain.ts'
import { transaction, type Ctx, type Origin, type Root } from '../context.ts'
import * as operations from '../db/domainOperations.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import { newId } from '../lib/ids.ts'
import { faultOf } from '../lib/outcome.ts'
import { emit, lockDomain } from './domains/changes.ts'
import { getRegistration, presentOperation } from './domains/presentRegistration.ts'
import type { Ordered } from './domains/ordering.ts'
import { connectionFor } from './domains/registrarAccounts.ts'
import * as provisioningService from './provisioningService.ts'

/** Domains that are registered through us: what is ordered, what a registry is asked, and what it says. */
export { agreedOf, register, remove, renew, restore, transferIn } from './domains/registering.ts'
export { agreedPrice } from './domains/premium.ts'
export { defaultContacts, setDefaultContacts } from './domains/contacts.ts'
export { search } from './domains/searching.ts'
export {
  answerTransfer,
  setAutoRenew,
  setContacts,
  setDs,
  setLock,
  setNameservers,
  setPrivacy,
  submitDs,
} from './domains/updating.ts'
export { tellExpiring } from './domains/notices.ts'
export { getRegistration, listOperations } from './domains/presentRegistration.ts'
export { authCodeOf, compare, lookAt, noteDoubt, open, settle } from './domains/operations.ts'
export type { Answer, Ask, Found, Look } from './domains/operations.ts'
export { seenOf, type Seen } from './domains/registryFacts.ts'
export { followPayment, followPayments, keepMessage, pollAll, renewDue, syncDue } from './domains/timing.ts'

/** What happens to the domains of all tenants by itself until a time, the soonest first. */
export const whatComes = (ctx: Ctx, until: Date, limit: number): Promise<operations.Soon[]> =>
  operations.soonest(ctx.tx, ctx.now(), until, limit)

/** An order as it is answered. */
export async function present(
  ctx: Ctx,
  tenantId: string,
  { domainId, operationId, jobId }: Ordered,
): Promise<DomainOrdered> {
  const domain = await getRegistration(ctx, tenantId, domainId)
  const operation = await operations.lock(ctx.tx, tenantId, operationId)
  if (!operation) throw notFound('operation')
  return {
    domain,
    operation: presentOperation(operation, domain.name),
    job: jobId === null ? null : await provisioningService.getJob(ctx, jobId),
  }
}

const TIMEOUT_MS = 5_000

/**
 * The code by which a domain moves to another registrar. It is asked for while somebody waits, outside of any transaction, and
 * kept nowhere.
 * @throws AppError not_found, invalid_state, unavailable
 */
export async function authCode(
  root: Root,
  origin: Origin,
  tenantId: string,
  id: string,
): Promise<{ authCode: string | null }> {
  const { name, connection } = await transaction(root, origin, [tenantId], async (ctx) => {
    const row = await lockDomain(ctx, tenantId, id)
    requireAllowed(canRegistration.authCode(row))
    if (row.registrar_account_id === null) throw notFound('registrar')
    // Before it is asked for: whoever gets it may take the domain away.
    await emit(ctx, row, 'DOMAIN_AUTH_CODE_ASKED')
    return { name: row.name, connection: await connectionFor(ctx, row.registrar_account_id) }
  })
  const answer = await root.vendors
    .registrar({ ...connection, timeoutMs: TIMEOUT_MS })
    .authCode(`MP-${newId()}`, name)
  if (answer.outcome === 'ok') return { authCode: answer.value }
  throw new AppError('unavailable', `The registry has not given the code: ${faultOf(answer)}`)
}
