import { z } from 'zod'
import { INTEGRATION_POD_STATES } from '../states/integrationPod.ts'
import { POD_ACTIONS, POWER_ACTIONS, POWER_STATES } from '../states/cloudPod.ts'
import { hostname, sshKeys } from './billing.ts'
import { cloudPodResize } from './cloudPods.ts'
import { id, listQuery, timestamp } from './common.ts'
import { customerCreate } from './customers.ts'
import { job, regionName } from './provisioning.ts'

/** The selling system's own name for what it sold, such as `whmcs:shop:1234`. */
const externalKey = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$/,
    'letters, digits, dots, hyphens, colons and underscores, at most 80, a letter or digit first',
  )
export const integrationPodParams = z.strictObject({ externalKey })

/** Needed by callers who work in more than one tenant. */
export const inTenant = z.strictObject({ tenantId: id.optional() })

const { cores, memoryMb, diskGb } = cloudPodResize.shape

/** Whose it is, as the selling system knows them by `ref`: made when nobody has this reference, else brought up to date. */
const buyer = customerCreate
  .pick({ kind: true, name: true, company: true, email: true, country: true, addresses: true })
  .extend({ ref: z.string().trim().min(1).max(100) })
export type Buyer = z.output<typeof buyer>

/** What a service is to be. The same again changes nothing. */
export const integrationPodPut = z.strictObject({
  source: z.string().regex(/^[a-z][a-z0-9-]{0,29}$/, 'such as whmcs'),
  /** What the selling system shows as the number of the service. */
  serviceId: z.string().trim().min(1).max(60),
  planId: id,
  /** Instead of what the plan says, such as additional memory. */
  size: z.strictObject({ cores, memoryMb, diskGb }).default({}),
  blueprintId: id,
  hostname,
  sshKeys,
  region: regionName.nullable().default(null),
  customer: buyer.nullable().default(null),
  /** Restart the pod when it would have a changed size only then. */
  reboot: z.boolean().default(false),
})
export type IntegrationPodPut = z.infer<typeof integrationPodPut>

export const integrationPodPower = z.strictObject({ action: z.enum(POWER_ACTIONS) })

export const integrationPodSuspend = z.strictObject({ reason: z.string().trim().max(300).default('') })

export const integrationPod = z.object({
  id,
  tenantId: id,
  externalKey: z.string(),
  source: z.string(),
  serviceId: z.string(),
  state: z.enum(INTEGRATION_POD_STATES),
  /** The state as a sentence for people. */
  statement: z.string(),
  podId: id,
  customerId: id.nullable(),
  customerEmail: z.string().nullable(),
  hostname: z.string(),
  addresses: z.array(z.string()),
  powerState: z.enum(POWER_STATES),
  /** What is being done to the pod now; null: nothing. */
  action: z.enum(POD_ACTIONS).nullable(),
  plan: z.object({ id, name: z.string() }),
  blueprint: z.object({ id, name: z.string() }),
  cores: z.number().int(),
  memoryMb: z.number().int(),
  diskGb: z.number().int(),
  pendingRestart: z.boolean(),
  /** Since when it is suspended by the selling system, and why; null: it is not. */
  suspension: z.object({ since: timestamp, reason: z.string() }).nullable(),
  /** `month` is that of the tenant's time zone. The disk is the size that it has: how much of it is filled is not known. */
  usage: z.object({
    month: z.string(),
    bytesIn: z.number(),
    bytesOut: z.number(),
    includedBytes: z.number().nullable(),
    diskGb: z.number().int(),
  }),
  /** The pod's page in mPanel, for those who log in there. */
  staffUrl: z.string(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type IntegrationPod = z.infer<typeof integrationPod>

/** With what was asked for last, and whether the pod has it. */
export const integrationPodDetail = integrationPod.extend({
  asked: z.object({
    planId: id,
    cores: z.number().int(),
    memoryMb: z.number().int(),
    diskGb: z.number().int(),
    /** `failed`: it was not done; asking again tries once more. */
    outcome: z.enum(['underway', 'done', 'failed']),
    problem: z.string().nullable(),
    jobId: id.nullable(),
  }),
})
export type IntegrationPodDetail = z.infer<typeof integrationPodDetail>

/** `job` null: there was nothing to do. */
export const integrationPodAnswer = z.object({ service: integrationPodDetail, job: job.nullable() })
export type IntegrationPodAnswer = z.infer<typeof integrationPodAnswer>

export const integrationPodList = listQuery
