import { isHeld, isOver, type OperationKind } from '../../../shared/states/domain.ts'
import type { Ctx } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import * as operations from '../../db/domainOperations.ts'
import type { OperationRow } from '../../db/domainOperations.ts'
import * as premium from '../../db/domainPremium.ts'
import { notFound } from '../../errors.ts'
import type { TransferFacts } from '../../integrations/registrars/types.ts'
import * as BillingService from '../BillingService.ts'
import { enqueueSync } from '../domainQueues.ts'
import { emit, lockDomain } from './changes.ts'
import { tellRenewalFailed } from './notices.ts'
import { backTo, requestOf, type Request } from './ordering.ts'
import { afterLook, premiumOf, type DomainPremium, type PremiumSeen } from './premium.ts'
import { end, notOurs, takeOver, type Seen } from './registryFacts.ts'

/** What a job asks of a registry. No secret is in it. */
export type Ask = {
  operationId: string
  domainId: string
  accountId: string
  kind: OperationKind
  name: string
  request: Request
  cltrid: string
  sentAt: string
}

/** What came of it. */
export type Answer = { of: 'done' } | { of: 'pending' } | { of: 'refusal'; code: string; message: string }

async function lockBoth(
  ctx: Ctx,
  tenantId: string,
  id: string,
): Promise<{ row: OperationRow; domain: DomainRow }> {
  const row = await operations.lock(ctx.tx, tenantId, id)
  if (!row) throw notFound('operation')
  return { row, domain: await lockDomain(ctx, tenantId, row.domain_id) }
}

/** Writes down that something is about to be asked. Null: it is over. @throws AppError not_found */
export async function open(ctx: Ctx, tenantId: string, operationId: string): Promise<Ask | null> {
  const { row, domain } = await lockBoth(ctx, tenantId, operationId)
  if (row.ended_at !== null || row.state === 'awaiting_payment') return null
  const sentAt = row.sent_at ?? ctx.now()
  await operations.update(ctx.tx, row.id, { state: 'running', sent_at: sentAt, updated_at: ctx.now() })
  return {
    operationId: row.id,
    domainId: domain.id,
    accountId: row.account_id,
    kind: row.kind,
    name: domain.name,
    request: requestOf(row),
    cltrid: row.cltrid,
    sentAt: sentAt.toISOString(),
  }
}

/** The code of a transfer, opened. Never for an answer. @throws AppError not_found */
export async function authCodeOf(ctx: Ctx, tenantId: string, operationId: string): Promise<string> {
  const row = await operations.lock(ctx.tx, tenantId, operationId)
  if (!row?.secret_sealed) throw notFound('transfer code')
  return ctx.sealer.open(row.secret_sealed, `domainOperation:${row.id}`)
}

/** Nobody knows whether it was done, or somebody does again. */
export async function noteDoubt(
  ctx: Ctx,
  tenantId: string,
  operationId: string,
  words: string | null,
): Promise<void> {
  const row = await operations.lock(ctx.tx, tenantId, operationId)
  if (!row || row.ended_at !== null) return
  const state = words === null ? 'running' : 'unknown'
  await operations.update(ctx.tx, row.id, { state, words, updated_at: ctx.now() })
}

/** Writes down what came of it: the registry's word about the domain, and the money. */
export async function settle(
  ctx: Ctx,
  tenantId: string,
  ask: Pick<Ask, 'operationId'>,
  answer: Answer,
  seen: Seen | null,
): Promise<void> {
  const { row, domain } = await lockBoth(ctx, tenantId, ask.operationId)
  if (row.ended_at !== null) return
  if (answer.of === 'refusal') return refuse(ctx, row, domain, answer)
  const now = ctx.now()
  // A deletion that was accepted is done: what is left is the redemption.
  if (answer.of === 'pending' && row.kind !== 'delete') {
    await operations.update(ctx.tx, row.id, { state: 'pending_registry', updated_at: now })
    if (row.kind === 'register')
      await domains.update(ctx.tx, domain.id, {
        registration: 'pending_registry',
        synced_at: now,
        updated_at: now,
      })
    else if (seen?.ours) await takeOver(ctx, domain, seen)
    return
  }
  await operations.update(ctx.tx, row.id, {
    state: 'succeeded',
    words: null,
    secret_sealed: null,
    updated_at: now,
    ended_at: now,
  })
  await keep(ctx, row)
  await emit(ctx, domain, 'DOMAIN_OPERATION_DONE', {}, { kind: row.kind, operationId: row.id })
  const after = await lockDomain(ctx, tenantId, domain.id)
  if (seen?.ours) return takeOver(ctx, after, seen)
  if (row.kind === 'delete' && seen === null) return end(ctx, after, 'released', 'DOMAIN_RELEASED')
  if (isHeld(after.registration)) await notOurs(ctx, tenantId, domain.id, seen)
}

/** What is now at the registry is what mPanel wants there. */
async function keep(ctx: Ctx, row: OperationRow): Promise<void> {
  const request = requestOf(row)
  const now = ctx.now()
  if (request.nameservers)
    await operations.setNameservers(ctx.tx, row.tenant_id, row.domain_id, request.nameservers)
  if (request.contacts)
    await operations.setContacts(
      ctx.tx,
      row.tenant_id,
      row.domain_id,
      Object.entries(request.contacts).map(([role, { id, ...data }]) => ({
        tenant_id: row.tenant_id,
        domain_id: row.domain_id,
        role: role as 'registrant' | 'admin' | 'tech' | 'billing',
        contact_id: id,
        data: JSON.stringify(data),
        updated_at: now,
      })),
    )
  if (request.premium) {
    const { renew, restore, seen } = request.premium
    await domains.update(ctx.tx, row.domain_id, {
      premium: JSON.stringify({ renew, restore, seen } satisfies DomainPremium),
      updated_at: now,
    })
  }
  if (row.kind !== 'update') return
  const { locked, privacy, ds } = request
  if (locked === undefined && privacy === undefined && ds === undefined) return
  await domains.update(ctx.tx, row.domain_id, {
    ...(locked === undefined ? {} : { locked }),
    ...(privacy === undefined ? {} : { privacy }),
    ...(ds === undefined ? {} : { ds_records: JSON.stringify(ds) }),
    updated_at: now,
  })
}

/** It was not done: what was paid for it is the customer's credit, and the domain is what it was. */
async function refuse(
  ctx: Ctx,
  row: OperationRow,
  domain: DomainRow,
  { code, message }: { code: string; message: string },
): Promise<void> {
  const now = ctx.now()
  await operations.update(ctx.tx, row.id, {
    state: 'rejected',
    words: null,
    error_code: code,
    error_message: message,
    secret_sealed: null,
    updated_at: now,
    ended_at: now,
  })
  if (row.invoice_id !== null)
    await BillingService.creditForDomain(
      ctx,
      row.tenant_id,
      row.invoice_id,
      ({ t }) => t`The registry has refused it: ${message}`,
    )
  if (code === 'price_changed') await lookAgain(ctx, domain)
  if (row.kind === 'renew') await tellRenewalFailed(ctx, domain, row.id, message)
  if (row.kind === 'register') await backTo(ctx, domain, row, 'registration_failed')
  if (row.kind === 'transferIn') await backTo(ctx, domain, row, 'transfer_failed')
  await emit(
    ctx,
    domain,
    'DOMAIN_OPERATION_REFUSED',
    {},
    { kind: row.kind, operationId: row.id, code, message },
  )
}

/** What it costs now is read before anybody orders again. */
async function lookAgain(ctx: Ctx, domain: DomainRow): Promise<void> {
  await premium.forget(ctx.tx, domain.name)
  if (isHeld(domain.registration)) await enqueueSync(ctx, domain)
}

/** What a look at a registry is about. */
export type Look = {
  domainId: string
  accountId: string
  name: string
  /** A transfer to us that waits, and under what it is taken back, if it is to be. */
  transfer: { cancelAs: string | null } | null
}

/** Null: there is nothing to compare. @throws AppError not_found */
export async function lookAt(ctx: Ctx, tenantId: string, domainId: string): Promise<Look | null> {
  const domain = await lockDomain(ctx, tenantId, domainId)
  const { registrar_account_id: accountId, registration } = domain
  if (accountId === null || isOver(registration)) return null
  const [operation] = await operations.open(ctx.tx, tenantId, domainId)
  const waits = operation?.state === 'pending_registry' && operation.kind === 'transferIn'
  if (!isHeld(registration) && registration !== 'pending_registry' && !waits) return null
  const cancelAs = waits && requestOf(operation).isCancelled === true ? `${operation.cltrid}.c` : null
  return { domainId, accountId, name: domain.name, transfer: waits ? { cancelAs } : null }
}

export type Found = {
  seen: Seen | null
  transfer: Pick<TransferFacts, 'status' | 'words'> | null
  /** Whether it is a premium name, and at what prices; not there: it was not said. */
  premium?: PremiumSeen
}

/** Takes over what a look has found, also about what waits for the registry's decision. */
export async function compare(ctx: Ctx, tenantId: string, domainId: string, found: Found): Promise<void> {
  const domain = await lockDomain(ctx, tenantId, domainId)
  if (isOver(domain.registration)) return
  const [operation] = await operations.open(ctx.tx, tenantId, domainId)
  const waiting = operation?.state === 'pending_registry' ? operation : null
  const { seen, transfer } = found
  const done = (): Promise<void> =>
    settle(ctx, tenantId, { operationId: waiting?.id ?? '' }, { of: 'done' }, seen)
  const refused = (code: string, message: string): Promise<void> =>
    waiting ? refuse(ctx, waiting, domain, { code, message }) : Promise.resolve()
  if (waiting?.kind === 'transferIn') {
    if (seen?.ours === true) return done()
    if (transfer && ['refused', 'cancelled', 'none'].includes(transfer.status))
      return refused('transfer_failed', `The transfer has ended: ${transfer.words}`)
    const now = ctx.now()
    await operations.update(ctx.tx, waiting.id, { words: transfer?.words ?? null, updated_at: now })
    await domains.update(ctx.tx, domainId, { synced_at: now, updated_at: now })
    return
  }
  if (waiting?.kind === 'register') {
    if (seen === null || !seen.ours)
      return refused('refused', 'The registry has not granted the registration.')
    if (seen.phase !== 'pending_registry') return done()
  }
  if (waiting?.kind === 'restore' && seen?.ours === true) {
    if (seen.phase === 'redemption') return refused('refused', 'The registry has not granted the restore.')
    if (seen.phase !== 'pending_restore') return done()
  }
  if (waiting && seen?.ours === true && (waiting.kind === 'renew' || waiting.kind === 'update')) {
    const isBusy = seen.statuses.some((status) => status === 'pendingRenew' || status === 'pendingUpdate')
    const from = Date.parse(requestOf(waiting).expiresAt ?? '')
    if (!isBusy && waiting.kind === 'renew' && !(Date.parse(seen.expiresAt ?? '') > from))
      return refused('refused', 'The registry has not granted the renewal.')
    if (!isBusy) return done()
  }
  if (seen?.ours !== true) return notOurs(ctx, tenantId, domainId, seen)
  await takeOver(ctx, domain, seen)
  if (found.premium !== undefined) await keepPremium(ctx, domain, found.premium)
}

async function keepPremium(ctx: Ctx, domain: DomainRow, seen: PremiumSeen): Promise<void> {
  const before = premiumOf(domain)
  const after = afterLook(before, seen)
  if (before?.renew === after?.renew && before?.restore === after?.restore) return
  await domains.update(ctx.tx, domain.id, {
    premium: after && JSON.stringify(after),
    updated_at: ctx.now(),
  })
  await emit(ctx, domain, 'DOMAIN_SYNCED', { premium: [before, after] })
}
