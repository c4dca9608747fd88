import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** `external`: registered elsewhere. `ended`: no longer with us. Every other one is what a registry says, or is asked for there. */
export const REGISTRATIONS = [
  'external',
  'ended',
  'awaiting_payment',
  'registering',
  'pending_registry',
  'transferring_in',
  'active',
  'suspended',
  'expired_grace',
  'redemption',
  'pending_restore',
  'pending_delete',
  'transfer_out_pending',
  'transferred_out',
  'released',
  'registration_failed',
  'transfer_failed',
  'cancelled',
] as const
export type Registration = (typeof REGISTRATIONS)[number]

/** Nothing comes after these. */
const OVER: Partial<Record<Registration, string>> = {
  ended: t`The domain was removed: add it again to use it.`,
  transferred_out: t`The domain has moved to another registrar.`,
  released: t`The registry has released the domain: register it again.`,
  registration_failed: t`The registration was refused: order it again.`,
  transfer_failed: t`The transfer has failed: order it again.`,
  cancelled: t`The order was cancelled: order it again.`,
}
export const isOver = (registration: Registration): boolean => OVER[registration] !== undefined

/** A registry has it in our account. */
const HELD: ReadonlySet<Registration> = new Set([
  'active',
  'suspended',
  'expired_grace',
  'redemption',
  'pending_restore',
  'pending_delete',
  'transfer_out_pending',
])
export const isHeld = (registration: Registration): boolean => HELD.has(registration)

type Subject = { registration: Registration; verifiedAt: unknown }

/** Which action a domain allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canDomain = {
  change: ({ registration }: Subject): Verdict => notOver(registration),

  verify: ({ registration, verifiedAt }: Subject): Verdict =>
    isOver(registration)
      ? notOver(registration)
      : verifiedAt !== null
        ? refused(t`It is known already whose domain this is.`)
        : registration !== 'external'
          ? refused(t`Its registry will say whose domain this is.`)
          : allowed,

  /** Serve it, point it somewhere, have certificates made for it. */
  use: ({ registration, verifiedAt }: Subject): Verdict =>
    isOver(registration)
      ? notOver(registration)
      : verifiedAt === null
        ? refused(
            registration === 'external'
              ? t`First it has to be proven whose domain this is: set its TXT record.`
              : t`Its registry will say whose domain this is.`,
          )
        : allowed,

  remove: ({ registration }: Subject): Verdict =>
    registration === 'external' || isOver(registration)
      ? notOver(registration)
      : registration === 'awaiting_payment'
        ? refused(t`It is ordered: credit the whole invoice of the order, which cancels it.`)
        : refused(t`It is registered through us: delete its registration, or move it to another registrar.`),
}

const notOver = (registration: Registration): Verdict => {
  const reason = OVER[registration]
  return reason === undefined ? allowed : refused(reason)
}

export const OPERATION_KINDS = ['register', 'renew', 'transferIn', 'restore', 'delete', 'update'] as const
export type OperationKind = (typeof OPERATION_KINDS)[number]
export const OPERATION_STATES = [
  'awaiting_payment',
  'queued',
  'running',
  'pending_registry',
  'unknown',
  'succeeded',
  'rejected',
  'cancelled',
] as const

const WAIT: Partial<Record<Registration, string>> = {
  external: t`The domain is registered elsewhere: transfer it here first.`,
  awaiting_payment: t`The order has not been paid yet.`,
  registering: t`It is being registered: wait for its end.`,
  pending_registry: t`The registry has not decided about it yet.`,
  transferring_in: t`It is being transferred here: wait for its end.`,
  pending_restore: t`It is being restored: wait for the registry.`,
  transfer_out_pending: t`Another registrar has asked for it: reject that first.`,
}
const GONE = t`It has expired and is in its redemption: restore it first.`

type Held = { registration: Registration }
const settled = ({ registration }: Held, more: Partial<Record<Registration, string>>): Verdict => {
  const reason = more[registration] ?? OVER[registration] ?? WAIT[registration]
  return reason === undefined ? allowed : refused(reason)
}
const DELETED = {
  redemption: GONE,
  pending_delete: t`The registry is deleting it: it can be registered anew afterwards.`,
}

/** What may be asked of a domain's registry now, and if not, why. */
export const canRegistration = {
  /** An external domain becomes ours by a transfer only. */
  transferIn: ({ registration }: Held): Verdict =>
    registration === 'external' || isOver(registration)
      ? allowed
      : refused(t`It is registered through us already, or about to be.`),
  renew: (domain: Held): Verdict => settled(domain, DELETED),
  restore: (domain: Held): Verdict =>
    domain.registration === 'redemption'
      ? allowed
      : settled(domain, {
          active: t`Nothing is to be restored.`,
          suspended: t`Nothing is to be restored.`,
          expired_grace: t`It can still be renewed.`,
          pending_delete: DELETED.pending_delete,
        }),
  delete: (domain: Held): Verdict => settled(domain, DELETED),
  update: (domain: Held): Verdict => settled(domain, DELETED),
  /** The code by which it moves away. @param locked it does not move while it is locked */
  authCode: (domain: Held & { locked: boolean }): Verdict => {
    const verdict = settled(domain, DELETED)
    return verdict.allowed && domain.locked
      ? refused(t`Unlock the domain first: a locked one cannot move.`)
      : verdict
  },
  answerTransferOut: ({ registration }: Held): Verdict =>
    registration === 'transfer_out_pending' ? allowed : refused(t`Nobody has asked to take it over.`),
  cancelTransferIn: ({ registration }: Held): Verdict =>
    registration === 'transferring_in' ? allowed : refused(t`It is not being transferred here.`),
}
