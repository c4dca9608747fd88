import { z } from 'zod'
import { CPU_LEVELS } from '../cpuLevels.ts'
import { TEMPLATE_STATES } from '../states/cloudPodTemplate.ts'
import { JOB_STATES, QUEUES } from '../states/provisioningJob.ts'
import { id, listQuery, timestamp } from './common.ts'

export const job = z.object({
  id,
  queue: z.enum(QUEUES),
  kind: z.string(),
  tenantId: id.nullable(),
  subject: z.object({ type: z.string(), id: id.nullable(), label: z.string() }),
  state: z.enum(JOB_STATES),
  phase: z.enum(['forward', 'undo']),
  /** Percent, when the running step can tell. */
  progress: z.number().int().nullable(),
  /** What it is doing, in words. */
  doing: z.string().nullable(),
  /** Why it is not going on, in words. */
  waitingFor: z.string().nullable(),
  attempts: z.number().int(),
  /** Lower runs first; 100 is ordinary. */
  priority: z.number().int(),
  /** When somebody asked to cancel it, and why. */
  cancelRequestedAt: timestamp.nullable(),
  cancelReason: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  correlationId: z.string(),
  runAt: timestamp.nullable(),
  createdAt: timestamp,
  startedAt: timestamp.nullable(),
  finishedAt: timestamp.nullable(),
})
export type Job = z.infer<typeof job>

export const jobDetail = job.extend({
  steps: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      state: z.enum(['waiting', 'running', 'done', 'skipped', 'failed', 'undoing', 'undone', 'undo_failed']),
      attempts: z.number().int(),
      error: z.string().nullable(),
      startedAt: timestamp.nullable(),
      finishedAt: timestamp.nullable(),
    }),
  ),
  log: z.array(
    z.object({
      id: z.string(),
      at: timestamp,
      step: z.string().nullable(),
      level: z.enum(['info', 'warning', 'error']),
      line: z.string(),
    }),
  ),
})
export type JobDetail = z.infer<typeof jobDetail>

const reason = z.string().trim().min(3).max(500)
export const jobCancel = z.strictObject({ reason })
/** `done`: a person has seen to it, and what follows can rely on it; `skipped`: it is not needed. */
export const jobSettle = z.strictObject({ how: z.enum(['done', 'skipped']), reason })
export const jobPriority = z.strictObject({ priority: z.number().int().min(1).max(1_000) })

export const jobList = listQuery.extend({
  state: z.enum(JOB_STATES).optional(),
  queue: z.enum(QUEUES).optional(),
  kind: z.string().max(100).optional(),
  subjectType: z.string().max(50).optional(),
  subjectId: id.optional(),
  /** Those that ended then or later. */
  endedSince: timestamp.optional(),
})

export const cluster = z.object({
  id,
  name: z.string(),
  apiUrl: z.string(),
  tokenId: z.string(),
  /** By what the cluster is recognised: its CA, its certificate, or by neither a public authority. */
  caPem: z.string().nullable(),
  fingerprint: z.string().nullable(),
  simulated: z.boolean(),
  vmidMin: z.number().int(),
  vmidMax: z.number().int(),
  region: z.string().nullable(),
  state: z.enum(['active', 'paused', 'removed']),
  health: z.enum(['unknown', 'ok', 'failing']),
  healthMessage: z.string().nullable(),
  checkedAt: timestamp.nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Cluster = z.infer<typeof cluster>

const apiUrl = z.url({ protocol: /^https$/ }).max(300)
const tokenId = z
  .string()
  .regex(/^[^\s@!]+@[^\s@!]+![^\s@!]+$/, 'a token id such as mpanel@pve!panel')
  .meta({ examples: ['mpanel@pve!panel'] })
const tokenSecret = z.string().min(1).max(200)
const caPem = z.string().max(20_000).nullable()
const fingerprint = z
  .string()
  .regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/, 'SHA-256 as AA:BB:… (32 pairs)')
  .nullable()
const clusterName = z.string().trim().min(1).max(100)
/** Several clusters may be in one. */
export const regionName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens')
export const nodeTags = z
  .array(z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,39}$/, 'lower-case letters, digits and _ . -'))
  .max(20)
const vmidBound = z.number().int().min(100).max(999_999_999)

export const clusterCreate = z.strictObject({
  name: clusterName,
  apiUrl,
  tokenId,
  tokenSecret,
  caPem: caPem.default(null),
  fingerprint: fingerprint.default(null),
  vmidMin: vmidBound.default(100_000),
  vmidMax: vmidBound.default(999_999),
  region: regionName.nullable().default(null),
})

/** What is not named stays. Whoever changes where the token is sent, or whom is trusted there, says its secret anew. */
export const clusterUpdate = z
  .strictObject({
    name: clusterName,
    apiUrl,
    tokenId,
    tokenSecret,
    caPem,
    fingerprint,
    vmidMin: vmidBound,
    vmidMax: vmidBound,
    region: regionName.nullable(),
    state: z.enum(['active', 'paused']),
  })
  .partial()

/** A connection to be tried. */
export const clusterCheckRequest = z.strictObject({
  apiUrl,
  tokenId,
  tokenSecret,
  caPem: caPem.default(null),
  fingerprint: fingerprint.default(null),
})

/** What was found at the address. */
export const clusterCheck = z.object({
  /** What the server presents, whether or not it is trusted; null when it cannot be reached at all. */
  certificate: z
    .object({ fingerprint: z.string(), subject: z.string(), issuer: z.string(), validTo: timestamp })
    .nullable(),
  /** Why the connection cannot be used; null when it can. */
  problem: z.string().nullable(),
  version: z.string().nullable(),
  nodes: z.array(z.object({ name: z.string(), status: z.string() })),
  /** Privileges that mPanel needs and the token does not have, by path. */
  missing: z.array(z.object({ path: z.string(), privileges: z.array(z.string()) })),
})
export type ClusterCheck = z.infer<typeof clusterCheck>

export const clusterRemove = z.strictObject({
  /** The cluster's name, typed by whoever removes it. */
  name: z.string().max(100),
})

export const node = z.object({
  id,
  clusterId: id,
  name: z.string(),
  status: z.enum(['online', 'offline', 'unknown']),
  state: z.enum(['active', 'drained']),
  cores: z.number().int(),
  memoryMb: z.number().int(),
  /** As its processors call themselves; null until the cluster was read. */
  cpuModel: z.string().nullable(),
  /** What they can do; null until the cluster was read, and for other processors than x86-64. */
  cpuLevel: z.enum(CPU_LEVELS).nullable(),
  diskGb: z.number().int(),
  storage: z.string().nullable(),
  /** Where the backups of its pods go. */
  backupStorage: z.string().nullable(),
  cpuOvercommit: z.number(),
  memoryOvercommit: z.number(),
  /** So much of its memory is left free. */
  headroomPercent: z.number().int(),
  /** What it is or has: plans may ask for some. */
  tags: z.array(z.string()),
  reserved: z.object({
    pods: z.number().int(),
    cores: z.number().int(),
    memoryMb: z.number().int(),
    diskGb: z.number().int(),
  }),
  /** Since when its pods are moved away; null: they are not. */
  emptyingSince: timestamp.nullable(),
  seenAt: timestamp.nullable(),
})
export type Node = z.infer<typeof node>

/** Corrects what the cluster cannot tell: which storages pods and their backups use and how far a node may be overcommitted. */
export const nodeConfigure = z.strictObject({
  clusterId: id,
  name: z.string().min(1).max(63),
  storage: z.string().min(1).max(100).optional(),
  backupStorage: z.string().min(1).max(100).optional(),
  diskGb: z.number().int().min(0).optional(),
  cpuOvercommit: z.number().positive().max(100).optional(),
  memoryOvercommit: z.number().positive().max(100).optional(),
  headroomPercent: z.number().int().min(0).max(90).optional(),
  tags: nodeTags.optional(),
  state: z.enum(['active', 'drained']).optional(),
})

export const blueprint = z.object({
  id,
  tenantId: id.nullable(),
  code: z.string(),
  name: z.string(),
  kind: z.enum(['vm', 'ct']),
  minDiskGb: z.number().int(),
  minMemoryMb: z.number().int(),
  maxCores: z.number().int(),
  maxMemoryMb: z.number().int(),
  maxDiskGb: z.number().int(),
  /** What its pods need of a node's processors; null: nothing. */
  minCpuLevel: z.enum(CPU_LEVELS).nullable(),
  state: z.enum(['active', 'retired']),
  /** Some node has its template, so that it can be installed. */
  available: z.boolean(),
  /** Empty for those who do not see the infrastructure. */
  images: z.array(z.object({ nodeId: id, sourceNodeId: id, ref: z.string() })),
  /** Of a blueprint that was made of a pod of its tenant; null: it was not. */
  template: z
    .object({
      state: z.enum(TEMPLATE_STATES),
      podId: id,
      hostname: z.string(),
      /** What it counts against the quota of disk. */
      diskGb: z.number().int(),
      /** Why it could not be removed. */
      problem: z.string().nullable(),
    })
    .nullable(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Blueprint = z.infer<typeof blueprint>

const blueprintTerms = z.strictObject({
  name: z.string().trim().min(1).max(200),
  minDiskGb: z.number().int().min(1).max(65_536),
  minMemoryMb: z.number().int().min(128).max(4_194_304),
  maxCores: z.number().int().min(1).max(512),
  maxMemoryMb: z.number().int().min(128).max(4_194_304),
  maxDiskGb: z.number().int().min(1).max(65_536),
  minCpuLevel: z.enum(CPU_LEVELS).nullable(),
  /** `ref`: the template's VMID (vm) or volume id (ct). `sourceNodeId` when the template lies on another node. */
  images: z
    .array(z.strictObject({ nodeId: id, sourceNodeId: id.optional(), ref: z.string().min(1).max(200) }))
    .min(1)
    .max(1000),
})

export const blueprintCreate = blueprintTerms.extend({
  code: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/, 'lower-case letters, digits, dots and hyphens'),
  kind: z.enum(['vm', 'ct']),
  minDiskGb: blueprintTerms.shape.minDiskGb.default(1),
  minMemoryMb: blueprintTerms.shape.minMemoryMb.default(128),
  maxCores: blueprintTerms.shape.maxCores.default(128),
  maxMemoryMb: blueprintTerms.shape.maxMemoryMb.default(1_048_576),
  maxDiskGb: blueprintTerms.shape.maxDiskGb.default(65_536),
  minCpuLevel: blueprintTerms.shape.minCpuLevel.default(null),
})

/** What is not named stays; `images` are all that there are to be. */
export const blueprintUpdate = z
  .strictObject({ ...blueprintTerms.shape, state: z.enum(['active', 'retired']) })
  .partial()
