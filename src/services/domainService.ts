import type { z } from 'zod'
import type { Domain, domainAccepted, domainCreate, domainListQuery } from '../../shared/api/domains.ts'
import { canCustomer } from '../../shared/states/customer.ts'
import { canDomain } from '../../shared/states/domain.ts'
import type { Ctx } from '../context.ts'
import * as customers from '../db/customers.ts'
import * as domains from '../db/domains.ts'
import type { DomainRow, DomainView } from '../db/domains.ts'
import { violatedConstraint } from '../db/index.ts'
import { AppError, notFound, requireAllowed, requireVersion } from '../errors.ts'
import { randomToken } from '../lib/crypto.ts'
import { newId } from '../lib/ids.ts'
import { recordOf } from './domainProofs.ts'
import { enqueueVerify } from './domainQueues.ts'
import { emit, lockDomain } from './domains/changes.ts'
import { readDomainName } from './domains/names.ts'
import { isHeldByOther } from './domains/proof.ts'
import * as dnsZoneService from './dnsZoneService.ts'
import * as provisioningService from './provisioningService.ts'
import * as tenantScopeService from './tenantScopeService.ts'

export { emit, lockDomain }
export { checkDue, decide, forCheck, lookUp } from './domains/proof.ts'

type Accepted = z.infer<typeof domainAccepted>

const isoOf = (at: Date | null): string | null => at?.toISOString() ?? null

const present = (row: DomainView): Domain => ({
  id: row.id,
  tenantId: row.tenant_id,
  tenantName: row.tenant_name,
  customerId: row.customer_id,
  customerName: row.customer_name,
  name: row.name,
  unicodeName: row.unicode_name,
  registrableName: row.registrable_name,
  registration: row.registration,
  expiresAt: isoOf(row.expires_at),
  verifiedAt: isoOf(row.verified_at),
  // Of one that is ordered through us its registry says whose it is.
  proof: row.verified_at === null && row.registration === 'external' ? recordOf(row.name, row.proof) : null,
  checkedAt: isoOf(row.checked_at),
  checkFault: row.check_fault,
  version: row.version,
  createdAt: row.created_at.toISOString(),
  endedAt: isoOf(row.ended_at),
})

export async function list(ctx: Ctx, { verified, ...options }: z.infer<typeof domainListQuery>) {
  const filter = { ...options, verified: verified === undefined ? undefined : verified === 'true' }
  const page = await domains.list(ctx.tx, ctx.scope, filter)
  return { items: page.items.map(present), nextCursor: page.nextCursor }
}

/** @throws AppError not_found */
export async function get(ctx: Ctx, tenantId: string, id: string): Promise<Domain> {
  const row = await domains.find(ctx.tx, tenantId, id)
  if (!row) throw notFound('domain')
  return present(row)
}

/** @throws AppError not_found, invalid_state */
async function requireCustomer(ctx: Ctx, tenantId: string, customerId: string | null): Promise<void> {
  if (customerId === null) return
  const customer = await customers.keep(ctx.tx, tenantId, customerId)
  if (!customer) throw notFound('customer')
  requireAllowed(canCustomer.order(customer))
}

/**
 * Adds a domain that is registered elsewhere. It is used once a TXT record has proven whose it is.
 * @throws AppError invalid_input for what is no name, not_found, invalid_state, already_exists
 */
export async function create(ctx: Ctx, body: z.infer<typeof domainCreate>): Promise<Domain> {
  const { name, unicodeName, registrableName } = readDomainName(body.name)
  await tenantScopeService.requireActive(ctx, body.tenantId)
  await requireCustomer(ctx, body.tenantId, body.customerId)
  const id = newId()
  const now = ctx.now()
  const row = {
    id,
    tenant_id: body.tenantId,
    customer_id: body.customerId,
    name,
    unicode_name: unicodeName,
    registrable_name: registrableName,
    proof: randomToken(24),
    created_at: now,
    updated_at: now,
  }
  await domains.insert(ctx.tx, row).catch((error: unknown) => {
    if (violatedConstraint(error) !== 'domains_once_in_tenant') throw error
    const message = `${unicodeName} is in the list already.`
    throw new AppError('already_exists', message, { errors: [{ path: 'name', message }] })
  })
  await emit(ctx, row, 'DOMAIN_ADDED')
  return get(ctx, body.tenantId, id)
}

/** Gives a domain to another customer of its tenant, or to none. @throws AppError not_found, invalid_state, version_mismatch */
export async function update(
  ctx: Ctx,
  { id, tenantId, version }: { id: string; tenantId: string; version: number | undefined },
  { customerId }: { customerId: string | null },
): Promise<Domain> {
  const row = await lockDomain(ctx, tenantId, id)
  requireVersion(row.version, version)
  requireAllowed(canDomain.change(subjectOf(row)))
  if (customerId === row.customer_id) return get(ctx, tenantId, id)
  await requireCustomer(ctx, tenantId, customerId)
  await domains.update(ctx.tx, id, { customer_id: customerId, updated_at: ctx.now() })
  await emit(ctx, row, 'DOMAIN_UPDATED', { customerId: [row.customer_id, customerId] })
  return get(ctx, tenantId, id)
}

/** Looks for the proof now instead of later. @throws AppError not_found, invalid_state */
export async function verify(ctx: Ctx, tenantId: string, id: string): Promise<Accepted> {
  const row = await lockDomain(ctx, tenantId, id)
  requireAllowed(canDomain.verify(subjectOf(row)))
  const job = await enqueueVerify(ctx, row)
  return { domain: await get(ctx, tenantId, id), job: await provisioningService.getJob(ctx, job.id) }
}

/** Believes without the TXT record whose a domain is. @throws AppError not_found, invalid_state, already_exists */
export async function trust(ctx: Ctx, id: string, reason: string): Promise<Domain> {
  const tenantId = await tenantScopeService.ownerOf(ctx, 'domain', id)
  if (tenantId === null) throw notFound('domain')
  const row = await lockDomain(ctx, tenantId, id)
  requireAllowed(canDomain.verify(subjectOf(row)))
  if (await isHeldByOther(ctx, row))
    throw new AppError(
      'already_exists',
      `Another tenant has proven ${row.unicode_name}: remove it there first.`,
    )
  await domains.update(ctx.tx, id, { verified_at: ctx.now(), check_fault: null, updated_at: ctx.now() })
  await emit(ctx, row, 'DOMAIN_TRUSTED', { verified: [false, true] }, { reason })
  return get(ctx, tenantId, id)
}

/** Ends what we do for a domain, its zone with it; its registration elsewhere is not touched. @throws AppError not_found, invalid_state */
export async function remove(ctx: Ctx, tenantId: string, id: string): Promise<void> {
  const row = await lockDomain(ctx, tenantId, id)
  requireAllowed(canDomain.remove(subjectOf(row)))
  await dnsZoneService.requireLeaving(ctx, { tenantId, domainId: id })
  await dnsZoneService.endZoneIfAny(ctx, { tenantId, domainId: id })
  const now = ctx.now()
  await domains.update(ctx.tx, id, { registration: 'ended', ended_at: now, updated_at: now })
  await emit(ctx, row, 'DOMAIN_REMOVED', { registration: [row.registration, 'ended'] })
}

export const subjectOf = (row: DomainRow) => ({
  registration: row.registration,
  verifiedAt: row.verified_at,
})
