import { z } from 'zod'
import { SSL_TARGET_STATES } from '../states/ssl.ts'
import { id, timestamp } from './common.ts'
import { job } from './provisioning.ts'
import { sslPodDelivery } from './sslTargets.ts'

/** A domain that leads to a CloudPod. */
const domainConnection = z.object({
  pod: z.object({ id, hostname: z.string() }),
  /** The names that lead there, in full. */
  hosts: z.array(z.string()),
  /** What their records say. */
  addresses: z.array(z.string()),
  /** Whether the name servers are proven to say so. */
  served: z.boolean(),
  certificate: z.object({ id, state: z.string() }).nullable(),
  /** How the pod gets the certificate; null: nobody brings it there. */
  delivery: z
    .object({
      kind: z.enum(['agent', 'guest']),
      state: z.enum(SSL_TARGET_STATES),
      problem: z.string().nullable(),
    })
    .nullable(),
  updatedAt: timestamp,
})
export type DomainConnection = z.infer<typeof domainConnection>

export const domainConnectionView = z.object({ connection: domainConnection.nullable() })

export const domainConnect = z.strictObject({
  podId: id,
  /** `@` is the domain itself; others are labels below it, `*` all that have no records of their own. */
  hosts: z.array(z.string().trim().min(1).max(253)).min(1).max(50).default(['@', 'www']),
  /** Has a certificate made for these names. */
  certificate: z.boolean().default(true),
  /** Brings the certificate into the pod, now and after each renewal. Null: what is set stays as it is. */
  delivery: sslPodDelivery.nullable().default(null),
  /** Takes the records away that stand in the way. */
  replace: z.boolean().default(false),
})

export const domainConnected = z.object({
  connection: domainConnection,
  /** The one that has the certificate issued, where one is asked for. */
  job: job.nullable(),
})
