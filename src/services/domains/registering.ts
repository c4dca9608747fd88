import type { z } from 'zod'
import type { domainRegister, domainTransferIn } from '../../../shared/api/domainRegistrations.ts'
import { canRegistration } from '../../../shared/states/domain.ts'
import type { Ctx } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import { violatedConstraint } from '../../db/index.ts'
import { AppError, requireAllowed } from '../../errors.ts'
import { randomToken } from '../../lib/crypto.ts'
import { newId } from '../../lib/ids.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { lockDomain } from './changes.ts'
import { contactsFrom } from './contacts.ts'
import { readDomainName, type DomainName } from './names.ts'
import { order, requireCustomer, requireOffer, type Charge, type Ordered, type Request } from './ordering.ts'
import { premiumOf, renewalSale, requireAgreed, saleOf, type Sale } from './premium.ts'
import { ourServers, refuse, servers } from './servers.ts'

/** Orders about domains at a registry that cost something; each begins with the rules, and ends in `order`. */

/** As it stands in a body. */
export const agreedOf = ({ agreedMinor }: { agreedMinor?: string | undefined }): bigint | undefined =>
  agreedMinor === undefined ? undefined : BigInt(agreedMinor)

/** What a name is sold for that is not ours yet. @throws AppError invalid_state, invalid_input, price_changed */
async function saleFor(
  ctx: Ctx,
  of: { operation: 'register' | 'transferIn'; years: number; currency: string; name: string },
  agreed: bigint | undefined,
): Promise<Sale> {
  const premium = await saleOf(ctx, of, agreed)
  if (premium) return premium
  const offer = await requireOffer(ctx, { ...of, accountId: null })
  if (agreed !== undefined) requireAgreed(of.name, { minor: offer.minor, currency: of.currency }, agreed)
  return offer
}

/** @throws AppError invalid_input */
function registrable(typed: string): DomainName {
  const read = readDomainName(typed)
  if (read.name !== read.registrableName)
    throw refuse('name', `${read.unicodeName} is below ${read.registrableName}: only that is registered.`)
  return read
}

async function insert(
  ctx: Ctx,
  body: { tenantId: string; customerId: string; autoRenew: boolean; privacy: boolean },
  name: DomainName,
  accountId: string,
): Promise<DomainRow> {
  const id = newId()
  const now = ctx.now()
  await domains
    .insert(ctx.tx, {
      id,
      tenant_id: body.tenantId,
      customer_id: body.customerId,
      name: name.name,
      unicode_name: name.unicodeName,
      registrable_name: name.registrableName,
      registration: 'registering',
      registrar_account_id: accountId,
      auto_renew: body.autoRenew,
      privacy: body.privacy,
      proof: randomToken(24),
      created_at: now,
      updated_at: now,
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'domains_once_in_tenant') throw error
      const message = `${name.unicodeName} is in the list already.`
      throw new AppError('already_exists', message, { errors: [{ path: 'name', message }] })
    })
  return lockDomain(ctx, body.tenantId, id)
}

/**
 * Orders the registration of a name. Whether it is free is known when the registry has answered; until then it is only asked for.
 * @throws AppError invalid_input, not_found, invalid_state, already_exists, price_changed
 */
export async function register(ctx: Ctx, body: z.infer<typeof domainRegister>): Promise<Ordered> {
  const name = registrable(body.name)
  const nameservers = servers(body.nameservers ?? (await ourServers(ctx)), name.name)
  if (nameservers.some(({ host }) => host.endsWith(`.${name.name}`)))
    throw refuse('nameservers', 'Name servers below the name itself are set once it is registered.')
  await tenantScopeService.requireActive(ctx, body.tenantId)
  const customer = await requireCustomer(ctx, body.tenantId, body.customerId)
  const { years } = body
  const { currency } = customer
  const of = { operation: 'register', years, currency, name: name.name } as const
  const { premium, ...offer } = await saleFor(ctx, of, agreedOf(body))
  const domain = await insert(ctx, body, name, offer.accountId)
  const request: Request = {
    years,
    nameservers,
    contacts: await contactsFrom(ctx, body.tenantId, body.contacts, []),
    privacy: body.privacy,
    premium,
  }
  const charge = { customerId: customer.id, currency, minor: offer.minor, dueAt: null }
  return { domainId: domain.id, ...(await order(ctx, domain, { kind: 'register', request, charge })) }
}

/**
 * Orders the transfer of a domain to us. One that was added as registered elsewhere stays the same domain.
 * @throws AppError invalid_input, not_found, invalid_state, already_exists, conflict, price_changed
 */
export async function transferIn(ctx: Ctx, body: z.infer<typeof domainTransferIn>): Promise<Ordered> {
  const name = registrable(body.name)
  await tenantScopeService.requireActive(ctx, body.tenantId)
  const customer = await requireCustomer(ctx, body.tenantId, body.customerId)
  const { currency } = customer
  const of = { operation: 'transferIn', years: 1, currency, name: name.name } as const
  const { premium, ...offer } = await saleFor(ctx, of, agreedOf(body))
  const known = await domains.present(ctx.tx, body.tenantId, name.name)
  if (known) requireAllowed(canRegistration.transferIn(known))
  if (known)
    await domains.update(ctx.tx, known.id, {
      registrar_account_id: offer.accountId,
      customer_id: customer.id,
      auto_renew: body.autoRenew,
      updated_at: ctx.now(),
    })
  const domain = known
    ? await lockDomain(ctx, body.tenantId, known.id)
    : await insert(ctx, { ...body, privacy: false }, name, offer.accountId)
  const request: Request = {
    years: 1,
    contacts: await contactsFrom(ctx, body.tenantId, body.contacts, []),
    premium,
  }
  const charge = { customerId: customer.id, currency, minor: offer.minor, dueAt: null }
  const asked = { kind: 'transferIn', request, charge, secret: body.authCode } as const
  return { domainId: domain.id, ...(await order(ctx, domain, asked)) }
}

type Paid = { charge: Charge; premium: Request['premium'] }

async function chargeFor(
  ctx: Ctx,
  domain: DomainRow,
  operation: 'renew' | 'restore',
  { years, agreed }: { years: number; agreed: bigint | 'seen' | undefined },
): Promise<Paid> {
  if (domain.customer_id === null)
    throw new AppError('invalid_state', 'Give the domain to a customer first: somebody has to pay for it.')
  const customer = await requireCustomer(ctx, domain.tenant_id, domain.customer_id)
  const { currency } = customer
  const of = { operation, years, currency, name: domain.name, accountId: domain.registrar_account_id }
  const sale: Sale =
    premiumOf(domain) === null
      ? await requireOffer(ctx, of)
      : await renewalSale(ctx, domain, { operation, years, currency }, agreed)
  if (typeof agreed === 'bigint') requireAgreed(domain.unicode_name, { minor: sale.minor, currency }, agreed)
  const dueAt = operation === 'renew' ? domain.expires_at : null
  return { charge: { customerId: customer.id, currency, minor: sale.minor, dueAt }, premium: sale.premium }
}

/**
 * Orders a renewal.
 * @param agreed what was shown; `seen`: it is ordered by itself, for a premium name at no more than was agreed to before
 * @throws AppError not_found, invalid_state, invalid_input, conflict, price_changed
 */
export async function renew(
  ctx: Ctx,
  tenantId: string,
  id: string,
  years: number,
  agreed: bigint | 'seen' | undefined,
): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.renew(domain))
  await tenantScopeService.requireActive(ctx, tenantId)
  const { charge, premium } = await chargeFor(ctx, domain, 'renew', { years, agreed })
  const dueAt = charge.dueAt !== null && charge.dueAt > ctx.now() ? charge.dueAt : null
  const request: Request = { years, expiresAt: domain.expires_at?.toISOString(), premium }
  return {
    domainId: id,
    ...(await order(ctx, domain, { kind: 'renew', request, charge: { ...charge, dueAt } })),
  }
}

/** @throws AppError not_found, invalid_state, conflict, price_changed */
export async function restore(
  ctx: Ctx,
  tenantId: string,
  id: string,
  agreed: bigint | undefined,
): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.restore(domain))
  await tenantScopeService.requireActive(ctx, tenantId)
  const { charge, premium } = await chargeFor(ctx, domain, 'restore', { years: 1, agreed })
  return { domainId: id, ...(await order(ctx, domain, { kind: 'restore', request: { premium }, charge })) }
}

/** @throws AppError not_found, invalid_state, conflict */
export async function remove(ctx: Ctx, tenantId: string, id: string): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.delete(domain))
  return { domainId: id, ...(await order(ctx, domain, { kind: 'delete', request: {}, charge: null })) }
}
