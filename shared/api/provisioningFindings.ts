import { z } from 'zod'
import { DECISIONS, FINDING_KINDS, FINDING_OUTCOMES, FINDING_STATES } from '../states/finding.ts'
import { id, listQuery, timestamp } from './common.ts'

/** A difference between a cluster or a NetBox and mPanel, and what was decided about it. */
export const finding = z.object({
  id,
  kind: z.enum(FINDING_KINDS),
  clusterId: id,
  clusterName: z.string(),
  /** Of a guest; null for a finding about an address. */
  vmid: z.number().int().nullable(),
  /** Of a pool with a NetBox; null for a finding about a guest. */
  address: z.string().nullable(),
  pool: z.object({ id, name: z.string() }).nullable(),
  /** The pod whose guest it is, or (orphan) once was; null: nobody's. */
  pod: z.object({ id, tenantId: id, hostname: z.string(), subscriptionId: id.nullable() }).nullable(),
  /** What the guest is called on the cluster, else the pod. */
  label: z.string(),
  expected: z.string(),
  found: z.string(),
  state: z.enum(FINDING_STATES),
  outcome: z.enum(FINDING_OUTCOMES).nullable(),
  /** Why the last repair did not help. */
  problem: z.string().nullable(),
  jobId: id.nullable(),
  decision: z.enum(DECISIONS).nullable(),
  decidedBy: z.string().nullable(),
  reason: z.string().nullable(),
  firstSeenAt: timestamp,
  lastSeenAt: timestamp,
  closedAt: timestamp.nullable(),
})
export type Finding = z.infer<typeof finding>

export const findingList = listQuery.omit({ tenantId: true }).extend({
  state: z.enum(FINDING_STATES).optional(),
  kind: z.enum(FINDING_KINDS).optional(),
  podId: id.optional(),
})

export const findingDecision = z.strictObject({
  decision: z.enum(DECISIONS),
  reason: z.string().trim().min(3).max(500),
})
export type FindingDecision = z.infer<typeof findingDecision>
