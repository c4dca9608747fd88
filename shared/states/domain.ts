import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** `external`: registered elsewhere. `ended`: no longer with us. */
export const REGISTRATIONS = ['external', 'ended'] as const
export type Registration = (typeof REGISTRATIONS)[number]

type Subject = { registration: Registration; verifiedAt: unknown }

const ENDED = 'The domain was removed: add it again to use it.'

/** Which action a domain allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canDomain = {
  change: ({ registration }: Subject): Verdict => (registration === 'ended' ? refused(ENDED) : allowed),

  verify: ({ registration, verifiedAt }: Subject): Verdict =>
    registration === 'ended'
      ? refused(ENDED)
      : verifiedAt !== null
        ? refused('It is known already whose domain this is.')
        : allowed,

  /** Serve it, point it somewhere, have certificates made for it. */
  use: ({ registration, verifiedAt }: Subject): Verdict =>
    registration === 'ended'
      ? refused(ENDED)
      : verifiedAt === null
        ? refused('First it has to be proven whose domain this is: set its TXT record.')
        : allowed,

  remove: ({ registration }: Subject): Verdict => (registration === 'ended' ? refused(ENDED) : allowed),
}
