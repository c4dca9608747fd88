import { isHeld, isOver, type Registration } from '../../../shared/states/domain.ts'
import type { Ctx } from '../../context.ts'
import * as domains from '../../db/domains.ts'
import type { DomainRow } from '../../db/domains.ts'
import * as operations from '../../db/domainOperations.ts'
import type { DomainFacts } from '../../integrations/registrars/types.ts'
import type { Words } from '../../words.ts'
import * as auditService from '../auditService.ts'
import { emit, lockDomain } from './changes.ts'
import { cancelUnpaid } from './ordering.ts'

/** What a registry says of a domain, as a step of a job keeps it. */
export type Seen = Omit<DomainFacts, 'createdAt' | 'expiresAt'> & {
  createdAt: string | null
  expiresAt: string | null
}
export const seenOf = (facts: DomainFacts): Seen => ({
  ...facts,
  createdAt: facts.createdAt?.toISOString() ?? null,
  expiresAt: facts.expiresAt?.toISOString() ?? null,
})

const dateOf = (text: string | null): Date | null => (text === null ? null : new Date(text))

const listed = (hosts: readonly string[]): string => hosts.toSorted().join(', ')

/** Where the registry has something else than mPanel; null: nowhere. */
async function differenceOf(ctx: Ctx, domain: DomainRow, seen: Seen): Promise<string | null> {
  const wanted = (await operations.nameserversOf(ctx.tx, domain.tenant_id, domain.id)).map(({ host }) => host)
  const parts = [
    ...(wanted.length > 0 && listed(wanted) !== listed(seen.nameservers)
      ? [`name servers ${listed(seen.nameservers) || 'none'} instead of ${listed(wanted)}`]
      : []),
    ...(domain.locked === seen.locked ? [] : [seen.locked ? 'locked' : 'not locked']),
  ]
  return parts.length === 0 ? null : `The registry says otherwise: ${parts.join('; ')}.`
}

/**
 * Takes over what a registry says of a domain that is ours: its state and its expiry are only ever what it says. What was set by
 * mPanel and is otherwise there is written down for people, and not changed by itself.
 */
export async function takeOver(ctx: Ctx, before: DomainRow, seen: Seen): Promise<void> {
  const now = ctx.now()
  const registration = seen.phase
  if (seen.expiresAt === null && isHeld(registration)) {
    await domains.update(ctx.tx, before.id, {
      registry_finding: 'The registry has not said when the domain expires.',
      synced_at: now,
      updated_at: now,
    })
    return
  }
  // What nobody has set here yet is as it is there.
  const isFirst = before.registered_at === null
  const finding = isFirst ? null : await differenceOf(ctx, before, seen)
  const expiresAt = dateOf(seen.expiresAt)
  await domains.update(ctx.tx, before.id, {
    registration,
    registered_at: dateOf(seen.createdAt) ?? before.registered_at ?? now,
    expires_at: expiresAt,
    ...(isFirst ? { locked: seen.locked } : {}),
    ...(seen.privacy === null ? {} : { privacy: seen.privacy }),
    registry_statuses: [...seen.statuses],
    registry_finding: finding,
    synced_at: now,
    updated_at: now,
  })
  if (registration === 'redemption' || registration === 'pending_delete')
    await cancelAllUnpaid(ctx, before, ({ t }) => t`The domain is being deleted: it can be restored instead.`)
  if (registration !== 'pending_registry') await operations.provenByRegistry(ctx.tx, before.id, now)
  const diff = auditService.diffOf<Record<string, unknown>>(
    {
      registration: before.registration,
      expiresAt: before.expires_at?.toISOString() ?? null,
      finding: before.registry_finding,
    },
    { registration, expiresAt: expiresAt?.toISOString() ?? null, finding },
  )
  if (Object.keys(diff).length > 0) await emit(ctx, before, eventOf(before.registration, registration), diff)
}

function eventOf(before: Registration, after: Registration): string {
  if (before === after) return 'DOMAIN_SYNCED'
  if (after === 'transfer_out_pending') return 'DOMAIN_TRANSFER_OUT_ASKED'
  if (before === 'registering' || before === 'pending_registry') return 'DOMAIN_REGISTERED'
  return before === 'transferring_in' ? 'DOMAIN_TRANSFERRED_IN' : 'DOMAIN_STATE_CHANGED'
}

/** What waits for a payment and cannot be done any more. */
async function cancelAllUnpaid(ctx: Ctx, domain: DomainRow, reason: (words: Words) => string): Promise<void> {
  for (const open of await operations.open(ctx.tx, domain.tenant_id, domain.id))
    if (open.state === 'awaiting_payment') await cancelUnpaid(ctx, domain.tenant_id, open.id, reason)
}

/** A domain that is no longer with us: nothing more is asked for it, and what waits for a payment is taken back. */
export async function end(
  ctx: Ctx,
  before: DomainRow,
  registration: Registration,
  action: string,
): Promise<void> {
  if (isOver(before.registration)) return
  const now = ctx.now()
  await cancelAllUnpaid(ctx, before, ({ t }) => t`The domain is no longer with us.`)
  await domains.update(ctx.tx, before.id, {
    registration,
    ended_at: now,
    auto_renew: false,
    synced_at: now,
    updated_at: now,
  })
  await emit(ctx, before, action, { registration: [before.registration, registration] })
}

/** What it means that a registry has a domain no more, or has it for others. */
export async function notOurs(ctx: Ctx, tenantId: string, id: string, seen: Seen | null): Promise<void> {
  const before = await lockDomain(ctx, tenantId, id)
  if (seen !== null) return end(ctx, before, 'transferred_out', 'DOMAIN_TRANSFERRED_OUT')
  if (before.registration === 'redemption' || before.registration === 'pending_delete')
    return end(ctx, before, 'released', 'DOMAIN_RELEASED')
  // Nobody has said where it went: a person looks.
  const finding = 'The registrar does not show the domain in our account any more: look there.'
  const now = ctx.now()
  await domains.update(ctx.tx, id, { registry_finding: finding, synced_at: now, updated_at: now })
  if (before.registry_finding !== finding)
    await emit(ctx, before, 'DOMAIN_SYNCED', { finding: [before.registry_finding, finding] })
}
