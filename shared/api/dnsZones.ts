import { z } from 'zod'
import { DELEGATION_STATES, DNSSEC_STATES } from '../states/domainDnssec.ts'
import { DRIFT_POLICIES, ZONE_STATES } from '../states/domainZone.ts'
import { id, listQuery, timestamp } from './common.ts'
import { job } from './provisioning.ts'

const name = z.string().trim().min(1).max(254)
const type = z.string().trim().toUpperCase().max(12)
const ttl = z.number().int().min(30).max(604_800)
const contents = z.array(z.string().trim().min(1).max(8_000)).min(1).max(500)
const comment = z.string().trim().max(200)

const rrsetValue = z.object({
  ttl: z.number().int(),
  contents: z.array(z.string()),
  comment: z.string(),
  expiresAt: timestamp.nullable(),
})

/** What is, or was, different at a name and type on the server. */
const difference = z.object({
  name: z.string(),
  type: z.string(),
  /** On the server; null: nothing. */
  before: z.object({ ttl: z.number().int(), contents: z.array(z.string()) }).nullable(),
  /** Here; null: nothing. */
  after: z.object({ ttl: z.number().int(), contents: z.array(z.string()) }).nullable(),
})

const ds = z.object({
  keyTag: z.number().int(),
  algorithm: z.number().int(),
  digestType: z.number().int(),
  digest: z.string(),
})

/** What the parent and the name servers say. */
const delegation = z.object({
  state: z.enum(DELEGATION_STATES),
  checkedAt: timestamp.nullable(),
  /** The zone above; '' is the root. */
  parent: z.string().nullable(),
  /** What that delegates it to. */
  nameServers: z.array(z.string()),
  servers: z.array(
    z.object({
      host: z.string(),
      addresses: z.array(z.string()),
      serial: z.number().int().nullable(),
      ok: z.boolean(),
      signed: z.boolean(),
    }),
  ),
  findings: z.array(z.object({ level: z.enum(['error', 'warning']), code: z.string(), message: z.string() })),
})

const dnssec = z.object({
  state: z.enum(DNSSEC_STATES),
  /** Whether its server can sign. */
  signs: z.boolean(),
  since: timestamp.nullable(),
  /** So long resolvers may remember a DS that was taken away. */
  until: timestamp.nullable(),
  /** What it waits for, or what is wrong. */
  words: z.string().nullable(),
  /** What is to stand at the parent. */
  ds: z.array(ds),
})

export const zone = z.object({
  id,
  domainId: id,
  /** In full, with its last dot. */
  name: z.string(),
  state: z.enum(ZONE_STATES),
  policy: z.enum(DRIFT_POLICIES),
  defaultTtl: z.number().int(),
  /** What it is to hold; what the server was proven to serve. */
  revision: z.number().int(),
  appliedRevision: z.number().int(),
  appliedAt: timestamp.nullable(),
  serial: z.string().nullable(),
  checkedAt: timestamp.nullable(),
  /** Why the last try came to nothing, and at which record, where that is known. */
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      name: z.string().nullable(),
      type: z.string().nullable(),
    })
    .nullable(),
  /** What the server has otherwise than it is here. */
  drift: z
    .object({
      total: z.number().int(),
      missing: z.boolean(),
      reason: z.string().nullable(),
      changes: z.array(difference),
    })
    .nullable(),
  /** What to delegate the domain to. */
  nameServers: z.array(z.string()),
  delegation,
  dnssec,
  /** How many lookups each name takes that its SPF record includes, as it was seen last; null: not known. */
  spfLookups: z.record(z.string(), z.number().int().nullable()),
  server: z.string(),
  createdAt: timestamp,
})
export type Zone = z.infer<typeof zone>

export const zoneBegin = z.strictObject({
  /** Null: the default one. */
  serverId: id.nullable().default(null),
})
export const zoneUpdate = z.strictObject({ policy: z.enum(DRIFT_POLICIES), defaultTtl: ttl }).partial()

export const zoneDnssec = z.strictObject({ on: z.boolean() })

export const zoneAccepted = z.object({ zone, job: job.nullable() })
export type ZoneAccepted = z.infer<typeof zoneAccepted>

const zoneRrset = z.object({
  name: z.string(),
  type: z.string(),
  managedBy: z.enum(['user', 'system', 'acme', 'pod']),
  owner: z.string(),
  value: rrsetValue,
})
export type ZoneRrset = z.infer<typeof zoneRrset>

const warning = z.object({
  level: z.enum(['error', 'warning']),
  name: z.string(),
  type: z.string(),
  message: z.string(),
})

/** All that a zone is to hold. */
export const zoneRecords = z.object({
  revision: z.number().int(),
  rrsets: z.array(zoneRrset),
  /** What is probably not meant. */
  warnings: z.array(warning),
  /** What is doubtful in its SPF, DKIM and DMARC. */
  mail: z.array(
    z.object({
      about: z.enum(['spf', 'dkim', 'dmarc']),
      name: z.string(),
      code: z.string(),
      message: z.string(),
    }),
  ),
})
export type ZoneRecords = z.infer<typeof zoneRecords>

/** Sets of records as a user writes them: names in full or as the zone's `@`, contents as in a zone file. */
const typedChange = z.strictObject({
  name,
  type,
  /** Null: the user's records there go. */
  value: z.strictObject({ ttl, contents, comment: comment.default('') }).nullable(),
})
export type TypedChange = z.infer<typeof typedChange>

export const zoneEdit = z.strictObject({
  changes: z.array(typedChange).min(1).max(5_000),
  comment: comment.default(''),
})
export const zoneRrsetPut = z.strictObject({ name, type, ttl, contents, comment: comment.default('') })
export const zoneRrsetKey = z.strictObject({ name, type })

const change = z.object({
  name: z.string(),
  type: z.string(),
  managedBy: z.enum(['user', 'system', 'acme', 'pod']),
  owner: z.string(),
  before: rrsetValue.nullable(),
  after: rrsetValue.nullable(),
})

export const zoneEdited = z.object({
  revision: z.number().int(),
  changes: z.array(change),
  warnings: z.array(warning),
  job: job.nullable(),
})
export type ZoneEdited = z.infer<typeof zoneEdited>

export const zoneImport = z.strictObject({
  /** A zone file. */
  text: z.string().min(1).max(5_000_000),
  /** `replace`: what is not in the file goes, but for what mPanel itself keeps. */
  mode: z.enum(['merge', 'replace']).default('merge'),
  /** Only what would come of it. */
  preview: z.boolean().default(false),
})
export const zoneImported = zoneEdited.extend({
  /** Lines that were not taken over, and why. */
  faults: z.array(z.object({ line: z.number().int(), message: z.string() })),
})
export type ZoneImported = z.infer<typeof zoneImported>

export const zoneFile = z.string().describe('text/dns, a zone file')

export const zoneTemplateApply = z.strictObject({
  templateId: id,
  /** For the variables of the template beside {{domain}}. */
  values: z.record(z.string().regex(/^\w{1,30}$/), z.string().trim().max(500)).default({}),
  preview: z.boolean().default(false),
})

export const zoneRevisionsQuery = listQuery.omit({ tenantId: true })
export const zoneRevision = z.object({
  id,
  revision: z.number().int(),
  cause: z.string(),
  comment: z.string(),
  actor: z.string(),
  size: z.number().int(),
  createdAt: timestamp,
})
export type ZoneRevision = z.infer<typeof zoneRevision>
export const zoneRevisionQuery = z.strictObject({ revision: z.coerce.number().int().min(1) })
export const zoneRevisionDetail = z.object({ revision: z.number().int(), changes: z.array(change) })
export type ZoneRevisionDetail = z.infer<typeof zoneRevisionDetail>

export const zoneRollback = z.strictObject({
  /** The user's records become what they were after this revision. */
  revision: z.number().int().min(0),
  preview: z.boolean().default(false),
})

/** `everything`: what others have changed on the server is overwritten as well, however much it is. */
export const zoneApply = z.strictObject({ everything: z.boolean().default(false) })
