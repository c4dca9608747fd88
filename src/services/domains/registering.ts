import type { z } from 'zod'
import type {
  domainDs,
  domainNameservers,
  domainRegister,
  domainTransferIn,
  DomainContacts,
  NameServer,
} from '../../../shared/api/domainRegistrations.ts'
import { canRegistration } from '../../../shared/states/domain.ts'
import type { Ctx } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import * as operations from '../../db/domainOperations.ts'
import { violatedConstraint } from '../../db/index.ts'
import { AppError, requireAllowed } from '../../errors.ts'
import { randomToken } from '../../lib/crypto.ts'
import type { DsRecord } from '../../lib/dns/dnssec.ts'
import { DnsError } from '../../lib/dns/errors.ts'
import { canonicalName, requireHost } from '../../lib/dns/names.ts'
import { newId } from '../../lib/ids.ts'
import * as dnsServerService from '../dnsServerService.ts'
import { enqueueSync } from '../domainQueues.ts'
import * as dnsZoneService from '../dnsZoneService.ts'
import * as tenantScopeService from '../tenantScopeService.ts'
import { emit, lockDomain } from './changes.ts'
import { readDomainName, type DomainName } from './names.ts'
import {
  contactsFrom,
  order,
  requestOf,
  requireCustomer,
  requireOffer,
  type Charge,
  type Request,
} from './ordering.ts'

/** Orders about domains at a registry; each begins with the rules, and ends in `order`. */
export type Ordered = { domainId: string; operationId: string; jobId: string | null }

const refuse = (path: string, message: string): AppError =>
  new AppError('invalid_input', message, { errors: [{ path, message }] })

/** @throws AppError invalid_input */
function registrable(typed: string): DomainName {
  const read = readDomainName(typed)
  if (read.name !== read.registrableName)
    throw refuse('name', `${read.unicodeName} is below ${read.registrableName}: only that is registered.`)
  return read
}

/** @throws AppError invalid_input */
function servers(list: readonly NameServer[], name: string): NameServer[] {
  return list.map(({ host: typed, addresses }, at) => {
    const path = `nameservers.${at}`
    try {
      const host = requireHost(canonicalName(typed, '.', 'full')).slice(0, -1)
      const isBelow = host.endsWith(`.${name}`)
      if (isBelow && addresses.length === 0)
        throw new DnsError(`${host} is below ${name}: it needs an address.`)
      if (!isBelow && addresses.length > 0)
        throw new DnsError(`${host} is not below ${name}: its own zone has its addresses.`)
      return { host, addresses }
    } catch (error) {
      if (error instanceof DnsError) throw refuse(path, error.message)
      throw error
    }
  })
}

/** Where zones of ours are served. @throws AppError invalid_input when that is not known */
async function ourServers(ctx: Ctx): Promise<NameServer[]> {
  const hosts = await dnsServerService.nameServersForNew(ctx)
  if (hosts.length < 2)
    throw refuse('nameservers', 'Say two name servers at least: no DNS server of mPanel has two to offer.')
  return hosts.map((host) => ({ host, addresses: [] }))
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
 * @throws AppError invalid_input, not_found, invalid_state, already_exists
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
  const of = { operation: 'register', years, currency, name: name.name, accountId: null } as const
  const offer = await requireOffer(ctx, of)
  const domain = await insert(ctx, body, name, offer.accountId)
  const request: Request = {
    years,
    nameservers,
    contacts: contactsFrom(body.contacts, []),
    privacy: body.privacy,
  }
  const charge = { customerId: customer.id, currency, minor: offer.minor, dueAt: null }
  return { domainId: domain.id, ...(await order(ctx, domain, { kind: 'register', request, charge })) }
}

/**
 * Orders the transfer of a domain to us. One that was added as registered elsewhere stays the same domain.
 * @throws AppError invalid_input, not_found, invalid_state, already_exists, conflict
 */
export async function transferIn(ctx: Ctx, body: z.infer<typeof domainTransferIn>): Promise<Ordered> {
  const name = registrable(body.name)
  await tenantScopeService.requireActive(ctx, body.tenantId)
  const customer = await requireCustomer(ctx, body.tenantId, body.customerId)
  const { currency } = customer
  const of = { operation: 'transferIn', years: 1, currency, name: name.name, accountId: null } as const
  const offer = await requireOffer(ctx, of)
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
  const request: Request = { years: 1, contacts: contactsFrom(body.contacts, []) }
  const charge = { customerId: customer.id, currency, minor: offer.minor, dueAt: null }
  const asked = { kind: 'transferIn', request, charge, secret: body.authCode } as const
  return { domainId: domain.id, ...(await order(ctx, domain, asked)) }
}

async function chargeFor(
  ctx: Ctx,
  domain: DomainRow,
  operation: 'renew' | 'restore',
  years: number,
): Promise<Charge> {
  if (domain.customer_id === null)
    throw new AppError('invalid_state', 'Give the domain to a customer first: somebody has to pay for it.')
  const customer = await requireCustomer(ctx, domain.tenant_id, domain.customer_id)
  const { currency } = customer
  const of = { operation, years, currency, name: domain.name, accountId: domain.registrar_account_id }
  const { minor } = await requireOffer(ctx, of)
  return { customerId: customer.id, currency, minor, dueAt: operation === 'renew' ? domain.expires_at : null }
}

/** @throws AppError not_found, invalid_state, conflict */
export async function renew(ctx: Ctx, tenantId: string, id: string, years: number): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.renew(domain))
  await tenantScopeService.requireActive(ctx, tenantId)
  const charge = await chargeFor(ctx, domain, 'renew', years)
  const dueAt = charge.dueAt !== null && charge.dueAt > ctx.now() ? charge.dueAt : null
  const request: Request = { years, expiresAt: domain.expires_at?.toISOString() }
  return {
    domainId: id,
    ...(await order(ctx, domain, { kind: 'renew', request, charge: { ...charge, dueAt } })),
  }
}

/** @throws AppError not_found, invalid_state, conflict */
export async function restore(ctx: Ctx, tenantId: string, id: string): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.restore(domain))
  await tenantScopeService.requireActive(ctx, tenantId)
  const charge = await chargeFor(ctx, domain, 'restore', 1)
  return { domainId: id, ...(await order(ctx, domain, { kind: 'restore', request: {}, charge })) }
}

/** @throws AppError not_found, invalid_state, conflict */
export async function remove(ctx: Ctx, tenantId: string, id: string): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.delete(domain))
  return { domainId: id, ...(await order(ctx, domain, { kind: 'delete', request: {}, charge: null })) }
}

/** @throws AppError not_found, invalid_state, conflict */
async function update(
  ctx: Ctx,
  tenantId: string,
  id: string,
  request: (row: DomainRow) => Request,
): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.update(domain))
  const asked = { kind: 'update', request: request(domain), charge: null } as const
  return { domainId: id, ...(await order(ctx, domain, asked)) }
}

/** @throws AppError not_found, invalid_state, conflict */
export async function setNameservers(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: z.infer<typeof domainNameservers>,
): Promise<Ordered> {
  const { name } = await lockDomain(ctx, tenantId, id)
  const nameservers = servers(body.nameservers, name)
  await dnsZoneService.requireLeaving(
    ctx,
    { tenantId, domainId: id },
    nameservers.map(({ host }) => `${host}.`),
  )
  return update(ctx, tenantId, id, () => ({ nameservers }))
}

/** @throws AppError not_found, invalid_state, conflict */
export async function setDs(
  ctx: Ctx,
  tenantId: string,
  id: string,
  { records }: z.infer<typeof domainDs>,
): Promise<Ordered> {
  await lockDomain(ctx, tenantId, id)
  await dnsZoneService.requireLeaving(ctx, { tenantId, domainId: id })
  return submitDs(ctx, tenantId, id, records)
}

/** The keys that a zone of ours is signed with. @throws AppError not_found, invalid_state, conflict */
export const submitDs = (ctx: Ctx, tenantId: string, id: string, ds: DsRecord[]): Promise<Ordered> =>
  update(ctx, tenantId, id, () => ({ ds }))
export const setLock = (ctx: Ctx, tenantId: string, id: string, locked: boolean) =>
  update(ctx, tenantId, id, () => ({ locked }))
export const setPrivacy = (ctx: Ctx, tenantId: string, id: string, privacy: boolean) =>
  update(ctx, tenantId, id, () => ({ privacy }))
export async function setContacts(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: DomainContacts,
): Promise<Ordered> {
  const before = await operations.contactsOf(ctx.tx, tenantId, id)
  return update(ctx, tenantId, id, () => ({ contacts: contactsFrom(body, before) }))
}

/** @throws AppError not_found, invalid_state, conflict */
export async function answerTransfer(
  ctx: Ctx,
  tenantId: string,
  id: string,
  answer: 'approve' | 'reject' | 'cancel',
): Promise<Ordered> {
  const domain = await lockDomain(ctx, tenantId, id)
  if (answer !== 'cancel') {
    requireAllowed(canRegistration.answerTransferOut(domain))
    const asked = { kind: 'update', request: { answer }, charge: null } as const
    return { domainId: id, ...(await order(ctx, domain, asked)) }
  }
  requireAllowed(canRegistration.cancelTransferIn(domain))
  const [open] = await operations.open(ctx.tx, tenantId, id)
  if (!open || open.state !== 'pending_registry')
    throw new AppError('invalid_state', 'The registry has not got it yet: wait a moment, or for the answer.')
  const request: Request = { ...requestOf(open), isCancelled: true }
  await operations.update(ctx.tx, open.id, { request: JSON.stringify(request), updated_at: ctx.now() })
  await emit(ctx, domain, 'DOMAIN_TRANSFER_CANCEL_ASKED')
  return { domainId: id, operationId: open.id, jobId: (await enqueueSync(ctx, domain)).id }
}

/** @throws AppError not_found, invalid_state */
export async function setAutoRenew(
  ctx: Ctx,
  tenantId: string,
  id: string,
  autoRenew: boolean,
): Promise<void> {
  const domain = await lockDomain(ctx, tenantId, id)
  requireAllowed(canRegistration.update(domain))
  if (domain.auto_renew === autoRenew) return
  await domains.update(ctx.tx, id, { auto_renew: autoRenew, updated_at: ctx.now() })
  await emit(ctx, domain, 'DOMAIN_UPDATED', { autoRenew: [domain.auto_renew, autoRenew] })
}
