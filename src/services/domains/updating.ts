import type { z } from 'zod'
import type { DomainContacts } from '../../../shared/api/domainContacts.ts'
import type { domainDs, domainNameservers } from '../../../shared/api/domainRegistrations.ts'
import { canRegistration } from '../../../shared/states/domain.ts'
import type { Ctx } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import * as operations from '../../db/domainOperations.ts'
import { AppError, requireAllowed } from '../../errors.ts'
import type { DsRecord } from '../../lib/dns/dnssec.ts'
import * as dnsZoneService from '../dnsZoneService.ts'
import { enqueueSync } from '../domainQueues.ts'
import { emit, lockDomain } from './changes.ts'
import { contactsFrom, isOtherHolder } from './contacts.ts'
import { order, requestOf, type Ordered, type Request } from './ordering.ts'
import { servers } from './servers.ts'

/** Orders that change what a registry has of a domain, and cost nothing. */

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
/** Says who has a domain, and whom a registry asks. @throws AppError not_found, invalid_state, conflict */
export async function setContacts(
  ctx: Ctx,
  tenantId: string,
  id: string,
  body: DomainContacts,
): Promise<Ordered> {
  const before = await operations.contactsOf(ctx.tx, tenantId, id)
  const contacts = await contactsFrom(ctx, tenantId, body, before)
  const isHolderChange = isOtherHolder(before, contacts)
  return update(ctx, tenantId, id, () => ({ contacts, isHolderChange }))
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
