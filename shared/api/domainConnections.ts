import { z } from 'zod'
import { id, timestamp } from './common.ts'
import { job } from './provisioning.ts'

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
  updatedAt: timestamp,
})
export type DomainConnection = z.infer<typeof domainConnection>

export const domainConnectionView = z.object({ connection: domainConnection.nullable() })

export const domainConnect = z.strictObject({
  podId: id,
  /** `@` is the domain itself; others are labels below it. */
  hosts: z.array(z.string().trim().min(1).max(253)).min(1).max(50).default(['@', 'www']),
  /** Has a certificate made for these names. */
  certificate: z.boolean().default(true),
  /** Takes the records away that stand in the way. */
  replace: z.boolean().default(false),
})

export const domainConnected = z.object({
  connection: domainConnection,
  /** The one that has the certificate issued, where one is asked for. */
  job: job.nullable(),
})
