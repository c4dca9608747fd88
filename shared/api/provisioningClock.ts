import { z } from 'zod'
import { id, timestamp } from './common.ts'
import { subscriptionCalendar } from './billingContracts.ts'

/** What none of our simulators is. */
const REAL_SYSTEMS = [
  'cluster',
  'paymentProvider',
  'registrar',
  'dnsServer',
  'certificateIssuer',
  'addressSource',
  'identityProvider',
  'auditReceiver',
  'webhook',
  'mailServer',
  'taxIdService',
  'monitor',
] as const
export type RealSystem = (typeof REAL_SYSTEMS)[number]

const note = z.object({ at: timestamp, message: z.string() })

export const clock = z.object({
  /** What time it is for mPanel. */
  now: timestamp,
  /** So many milliseconds ahead of the machine. */
  aheadMs: z.number().int(),
  /** Why it cannot be advanced; null: it can. */
  refused: z
    .object({
      message: z.string(),
      systems: z.array(z.object({ kind: z.enum(REAL_SYSTEMS), name: z.string() })),
    })
    .nullable(),
  /** It is being advanced. */
  run: z
    .object({
      from: timestamp,
      to: timestamp,
      by: z.string(),
      /** What keeps the day from ending: the emergency stop, a mass action that waits for a person, or jobs that run. */
      waitsFor: z.enum(['stopped', 'brake', 'work']).nullable(),
      /** Of work: what it is. */
      detail: z.string().nullable(),
      /** What a day did not wait for any longer. */
      notes: z.array(note),
    })
    .nullable(),
  /** How it was advanced the last time. */
  last: z
    .object({
      from: timestamp,
      /** Where it got to. */
      to: timestamp,
      by: z.string(),
      ended: z.enum(['arrived', 'stopped', 'refused']),
      /** Jobs that failed on the way, or wait for a person since. */
      failedJobs: z.number().int(),
      notes: z.array(note),
    })
    .nullable(),
})
export type Clock = z.infer<typeof clock>

/** Until when, at most a year ahead. */
export const clockAdvance = z.strictObject({ to: timestamp.meta({ examples: ['2030-01-31T12:00:00Z'] }) })

export const clockEvents = z.object({
  items: z.array(
    z.object({
      at: timestamp,
      /** The day by the calendar of the customer. */
      date: z.iso.date(),
      what: z.enum([
        ...subscriptionCalendar.shape.items.element.shape.what.options,
        'orderUnpaid',
        'domainRenewal',
        'domainExpiry',
      ]),
      tenantId: id,
      subject: z.object({ type: z.enum(['subscription', 'domain']), id, label: z.string() }),
      customer: z.object({ id, name: z.string() }).nullable(),
    }),
  ),
  /** Up to when everything is listed. */
  until: timestamp,
  /** Whether there are more subscriptions or domains than were looked at. */
  isPart: z.boolean(),
})
export type ClockEvents = z.infer<typeof clockEvents>

export const clockEventsQuery = z.strictObject({
  /** Whether what is open and what comes is taken to be paid in time, or not at all. */
  assume: z.enum(['paid', 'unpaid']).default('unpaid'),
  days: z.coerce.number().int().min(1).max(366).default(62),
})
