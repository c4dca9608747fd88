import { canCustomer } from '../../../shared/states/customer.ts'
import type { OperationKind, Registration } from '../../../shared/states/domain.ts'
import type { Ctx } from '../../context.ts'
import * as customers from '../../db/customers.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import * as operations from '../../db/domainOperations.ts'
import type { OperationRow } from '../../db/domainOperations.ts'
import * as registrars from '../../db/domainRegistrars.ts'
import type { Offer, PaidOperation } from '../../db/domainRegistrars.ts'
import { AppError, notFound, requireAllowed } from '../../errors.ts'
import type { Contacts, DsRecord, NameServer } from '../../integrations/registrars/types.ts'
import { newId } from '../../lib/ids.ts'
import { wordsIn, type Words } from '../../words.ts'
import * as BillingService from '../BillingService.ts'
import { enqueueOperation } from '../domainQueues.ts'
import * as settingsService from '../tenantSettingsService.ts'
import { emit } from './changes.ts'
import type { AgreedPremium } from './premium.ts'

const ENGLISH = wordsIn('en')

/** What is asked of a registry, as it is kept with the operation. */
export type Request = {
  years?: number
  /** From which expiry a renewal is. */
  expiresAt?: string
  contacts?: Contacts
  /** The holder becomes another person. */
  isHolderChange?: boolean
  nameservers?: NameServer[]
  privacy?: boolean
  locked?: boolean
  ds?: DsRecord[]
  /** To another registrar's wish to have it. */
  answer?: 'approve' | 'reject'
  /** Our own wish to have it is taken back. */
  isCancelled?: boolean
  /** The price of a premium name that was agreed to. */
  premium?: AgreedPremium | undefined
}
export const requestOf = (row: OperationRow): Request => row.request as Request

/** What has come of an order. */
export type Ordered = { domainId: string; operationId: string; jobId: string | null }

/** What was asked for, in a sentence. What is sold stands so on invoices, in other languages too. */
export function wordsOf(kind: OperationKind, request: Request, unicodeName: string, words = ENGLISH): string {
  const { t, count } = words
  const name = request.premium ? t`the premium name ${unicodeName}` : unicodeName
  const time = count(request.years ?? 1, t`year`, t`years`)
  if (kind === 'register') return t`Registration of ${name}, ${time}`
  if (kind === 'renew') return t`Renewal of ${name}, ${time}`
  if (kind === 'transferIn') return t`Transfer of ${name} to us`
  if (kind === 'restore') return t`Restoring ${name}`
  if (kind === 'delete') return `Deleting ${name} at its registry`
  if (request.answer)
    return `${request.answer === 'approve' ? 'Agreeing to' : 'Rejecting'} the transfer of ${name}`
  const parts = [
    ...(request.nameservers ? ['name servers'] : []),
    ...(request.contacts ? [request.isHolderChange ? 'another holder' : 'contacts'] : []),
    ...(request.ds ? ['DNSSEC'] : []),
    ...(request.privacy === undefined ? [] : [request.privacy ? 'hiding the holder' : 'showing the holder']),
    ...(request.locked === undefined ? [] : [request.locked ? 'lock' : 'unlock']),
  ]
  return `Changing ${name}: ${parts.join(', ')}`
}

/** @throws AppError not_found, invalid_state */
export async function requireCustomer(ctx: Ctx, tenantId: string, customerId: string) {
  const kept = await customers.keep(ctx.tx, tenantId, customerId)
  const customer = await customers.find(ctx.tx, tenantId, customerId)
  if (!kept || !customer) throw notFound('customer')
  requireAllowed(canCustomer.order(kept))
  return customer
}

const tldOf = (name: string): string => name.slice(name.indexOf('.') + 1)

/** What a deed is sold for; null: it is not. */
export async function offerFor(
  ctx: Ctx,
  of: { operation: PaidOperation; years: number; currency: string; name: string; accountId: string | null },
): Promise<Offer | null> {
  const [best] = await registrars.offers(ctx.tx, { ...of, tld: tldOf(of.name) })
  return best ?? null
}

/** @throws AppError invalid_state when it is not sold */
export async function requireOffer(ctx: Ctx, of: Parameters<typeof offerFor>[1]): Promise<Offer> {
  const offer = await offerFor(ctx, of)
  if (offer) return offer
  throw new AppError(
    'invalid_state',
    `There is no price in ${of.currency} for this under .${tldOf(of.name)}: it is not sold until there is one.`,
  )
}

export type Charge = { customerId: string; currency: string; minor: bigint; dueAt: Date | null }

/**
 * Writes down what is to be asked of a registry. What costs something is invoiced, and begins when it is paid, or at once where
 * the settings say so.
 * @throws AppError conflict while something else is going on about the domain
 */
export async function order(
  ctx: Ctx,
  domain: DomainRow,
  asked: { kind: OperationKind; request: Request; charge: Charge | null; secret?: string },
): Promise<{ operationId: string; jobId: string | null }> {
  const { kind, request, charge } = asked
  const { tenant_id: tenantId, registrar_account_id: accountId } = domain
  if (accountId === null) throw new AppError('invalid_state', 'The domain is at no registrar of ours.')
  const open = await operations.open(ctx.tx, tenantId, domain.id)
  const inTheWay = open.find(({ state }) => charge !== null || state !== 'awaiting_payment')
  if (inTheWay) {
    const words = wordsOf(inTheWay.kind, requestOf(inTheWay), domain.unicode_name)
    const wait = inTheWay.state === 'awaiting_payment' ? 'waits for its payment' : 'is going on'
    throw new AppError('conflict', `${words}: this ${wait}. One thing at a time is asked of a registry.`)
  }
  const id = newId()
  const invoice =
    charge === null
      ? null
      : await BillingService.issueForDomain(ctx, {
          tenantId,
          operationId: id,
          ...charge,
          describe: (words) => wordsOf(kind, request, domain.unicode_name, words),
        })
  const of = await settingsService.effective(ctx, tenantId)
  const begins = invoice === null || invoice.openMinor === 0n || of['domains.startOn'].value === 'order'
  const now = ctx.now()
  await operations.insert(ctx.tx, {
    id,
    tenant_id: tenantId,
    domain_id: domain.id,
    account_id: accountId,
    kind,
    state: begins ? 'queued' : 'awaiting_payment',
    request: JSON.stringify(request),
    before: domain.registration,
    cltrid: `MP-${id}`,
    secret_sealed: asked.secret === undefined ? null : ctx.sealer.seal(asked.secret, `domainOperation:${id}`),
    invoice_id: invoice?.id ?? null,
    price_minor: charge?.minor ?? null,
    currency: charge?.currency ?? null,
    actor: JSON.stringify(ctx.actor),
    created_at: now,
    updated_at: now,
  })
  await emit(
    ctx,
    domain,
    'DOMAIN_ORDERED',
    {},
    {
      kind,
      operationId: id,
      ...(charge && { price: charge.minor, currency: charge.currency, invoice: invoice?.number }),
    },
  )
  if (begins) return { operationId: id, jobId: await begin(ctx, domain, { id, kind }) }
  if (isFirst(kind))
    await domains.update(ctx.tx, domain.id, { registration: 'awaiting_payment', updated_at: now })
  return { operationId: id, jobId: null }
}

const isFirst = (kind: OperationKind): boolean => kind === 'register' || kind === 'transferIn'
const WORKING: Partial<Record<OperationKind, Registration>> = {
  register: 'registering',
  transferIn: 'transferring_in',
}

async function begin(
  ctx: Ctx,
  domain: DomainRow,
  operation: Pick<OperationRow, 'id' | 'kind'>,
): Promise<string> {
  const working = WORKING[operation.kind]
  if (working) await domains.update(ctx.tx, domain.id, { registration: working, updated_at: ctx.now() })
  return (await enqueueOperation(ctx, domain, operation)).id
}

/** An order that was paid begins. */
export async function beginPaid(ctx: Ctx, tenantId: string, operationId: string): Promise<void> {
  const row = await operations.lock(ctx.tx, tenantId, operationId)
  const domain = row && (await domains.lock(ctx.tx, tenantId, row.domain_id))
  if (!row || !domain || row.state !== 'awaiting_payment') return
  await operations.update(ctx.tx, row.id, { state: 'queued', updated_at: ctx.now() })
  await begin(ctx, domain, row)
}

/** Ends an order that nobody paid; its invoice is taken back. A domain that was only ordered ends with it. */
export async function cancelUnpaid(
  ctx: Ctx,
  tenantId: string,
  operationId: string,
  reason: (words: Words) => string,
): Promise<void> {
  const row = await operations.lock(ctx.tx, tenantId, operationId)
  const domain = row && (await domains.lock(ctx.tx, tenantId, row.domain_id))
  if (!row || !domain || row.state !== 'awaiting_payment') return
  const now = ctx.now()
  await operations.update(ctx.tx, row.id, {
    state: 'cancelled',
    words: reason(ENGLISH),
    secret_sealed: null,
    updated_at: now,
    ended_at: now,
  })
  if (row.invoice_id !== null) await BillingService.creditForDomain(ctx, tenantId, row.invoice_id, reason)
  if (isFirst(row.kind)) await backTo(ctx, domain, row, 'cancelled')
  const details = { kind: row.kind, operationId: row.id, reason: reason(ENGLISH) }
  await emit(ctx, domain, 'DOMAIN_ORDER_CANCELLED', {}, details)
}

/** A domain that has not become ours is what it was before, or over. */
export async function backTo(
  ctx: Ctx,
  domain: DomainRow,
  row: OperationRow,
  over: Registration,
): Promise<void> {
  const now = ctx.now()
  const wasExternal = row.before === 'external'
  await domains.update(ctx.tx, domain.id, {
    registration: wasExternal ? 'external' : over,
    ...(wasExternal ? { registrar_account_id: null } : { ended_at: now }),
    updated_at: now,
  })
}
