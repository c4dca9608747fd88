import type { z } from 'zod'
import type {
  DomainOrdered,
  DomainSearch,
  domainSearchRequest,
} from '../../shared/api/domainRegistrations.ts'
import { canRegistration } from '../../shared/states/domain.ts'
import { transaction, type Ctx, type Origin, type Root } from '../context.ts'
import * as operations from '../db/domainOperations.ts'
import * as registrars from '../db/domainRegistrars.ts'
import type { Offer } from '../db/domainRegistrars.ts'
import { AppError, notFound, requireAllowed } from '../errors.ts'
import type { Availability } from '../integrations/registrars/types.ts'
import { displayName } from '../lib/dns/names.ts'
import { newId } from '../lib/ids.ts'
import { toMoney } from '../lib/money.ts'
import { faultOf } from '../lib/outcome.ts'
import { emit, lockDomain } from './domains/changes.ts'
import { readDomainName } from './domains/names.ts'
import { getRegistration, presentOperation } from './domains/presentRegistration.ts'
import type { Ordered } from './domains/registering.ts'
import { connectionFor } from './domains/registrarAccounts.ts'
import * as provisioningService from './provisioningService.ts'

/** Domains that are registered through us: what is ordered, what a registry is asked, and what it says. */
export {
  answerTransfer,
  register,
  remove,
  renew,
  restore,
  setAutoRenew,
  setContacts,
  setDs,
  setLock,
  setNameservers,
  setPrivacy,
  submitDs,
  transferIn,
} from './domains/registering.ts'
export { tellExpiring } from './domains/notices.ts'
export { getRegistration, listOperations } from './domains/presentRegistration.ts'
export { authCodeOf, compare, lookAt, noteDoubt, open, settle } from './domains/operations.ts'
export type { Answer, Ask, Found, Look } from './domains/operations.ts'
export { seenOf, type Seen } from './domains/registryFacts.ts'
export { followPayments, keepMessage, pollAll, renewDue, syncDue } from './domains/timing.ts'

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
/** Names in one search. */
const MOST = 40

/**
 * Looks which names are free, in all TLDs that are sold. The registries are asked outside of any transaction, and of a registry
 * that does not answer nothing is claimed.
 * @throws AppError invalid_input
 */
export async function search(
  root: Root,
  origin: Origin,
  { words, currency }: z.infer<typeof domainSearchRequest>,
): Promise<DomainSearch> {
  // Nothing of a tenant is read.
  const [register, renewals] = await transaction(root, origin, [], async (ctx) => {
    const of = { years: 1, currency, tld: null, accountId: null }
    return [
      await registrars.offers(ctx.tx, { ...of, operation: 'register' }),
      await registrars.offers(ctx.tx, { ...of, operation: 'renew' }),
    ]
  })
  const best = new Map<string, Offer>()
  for (const offer of register) if (!best.has(offer.tld)) best.set(offer.tld, offer)
  const names = namesOf(words, [...best.keys()]).slice(0, MOST)
  const byAccount = Map.groupBy(names, ({ tld }) => best.get(tld)?.accountId ?? '')
  const found = new Map<string, Availability | string>()
  await Promise.all(
    [...byAccount].map(async ([accountId, list]) => {
      if (accountId === '') return
      const connection = await transaction(root, origin, [], (ctx) => connectionFor(ctx, accountId))
      const answer = await root.vendors
        .registrar({ ...connection, timeoutMs: TIMEOUT_MS })
        .check(list.map(({ name }) => name))
      if (answer.outcome === 'ok') for (const one of answer.value) found.set(one.name, one)
      else for (const { name } of list) found.set(name, faultOf(answer))
    }),
  )
  const money = (offer: Offer | undefined) => (offer ? toMoney(offer.minor, currency) : null)
  return {
    items: names.map(({ name, tld }) => {
      const offer = best.get(tld)
      const answer = found.get(name)
      const isKnown = typeof answer === 'object'
      const premium = isKnown && answer.premium
      return {
        name,
        unicodeName: displayName(name),
        tld,
        available: isKnown ? answer.available : null,
        reason: isKnown
          ? premium && answer.available
            ? 'It has a price of its own: ask for an offer.'
            : answer.reason
          : offer === undefined
            ? `.${tld} is not sold in ${currency}.`
            : 'The registry has not answered: try again.',
        premium,
        price: premium ? null : money(offer),
        renewal: premium
          ? null
          : money(renewals.find((one) => one.tld === tld && one.accountId === offer?.accountId)),
      }
    }),
  }
}

/** What was typed with its TLD comes first; one word is tried in all of them. @throws AppError invalid_input */
function namesOf(words: string, tlds: readonly string[]): { name: string; tld: string }[] {
  const typed = words.trim().toLowerCase().replace(/\s+/g, '-').replace(/\.$/, '')
  const label = typed.split('.')[0] ?? ''
  const full = typed.includes('.') ? [readDomainName(typed).registrableName] : []
  const [first] = tlds
  if (full.length === 0 && first === undefined)
    throw new AppError('invalid_state', 'No TLD is sold in this currency: set prices first.')
  const ascii = (full[0] ?? readDomainName(`${label}.${first}`).name).split('.')[0] ?? ''
  const all = new Set([...full, ...tlds.map((tld) => `${ascii}.${tld}`)])
  return [...all].map((name) => ({ name, tld: name.slice(name.indexOf('.') + 1) }))
}

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
