import { z } from 'zod'
import { id, timestamp } from './common.ts'

/** A NetBox that pools can take their addresses from. Its token is never answered. */
export const ipSource = z.object({
  id,
  name: z.string(),
  url: z.string(),
  caPem: z.string().nullable(),
  /** The custom field of its addresses in which those of mPanel are marked. */
  field: z.string(),
  health: z.enum(['unknown', 'ok', 'failing']),
  healthMessage: z.string().nullable(),
  checkedAt: timestamp.nullable(),
  /** How many pools take their addresses from it. */
  pools: z.number().int(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type IpSource = z.infer<typeof ipSource>

const name = z.string().trim().min(1).max(100)
const url = z.url({ protocol: /^https?$/ }).max(300)
const token = z
  .string()
  .regex(/^[\x21-\x7e]{10,300}$/, 'a token as NetBox shows it')
  .meta({ examples: ['nbt_example.token'] })
const caPem = z.string().max(20_000).nullable()
const field = z.string().regex(/^[a-z0-9_]{1,50}$/, 'a name such as mpanel_id')
const prefixId = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)

export const ipSourceCreate = z.strictObject({
  name,
  url,
  token,
  caPem: caPem.default(null),
  field: field.default('mpanel_id'),
})

/** What is not named stays. Whoever changes where the token is sent, or whom is trusted there, says it anew. */
export const ipSourceUpdate = z.strictObject({ name, url, token, caPem, field }).partial()

/** A connection to be tried, and perhaps a prefix to be looked for. */
export const ipSourceCheckRequest = z.strictObject({
  url,
  token,
  caPem: caPem.default(null),
  field: field.default('mpanel_id'),
  prefixId: prefixId.nullable().default(null),
})
export const ipSourceCheckKnown = z.strictObject({ prefixId: prefixId.nullable().default(null) })

export const ipSourceCheck = z.object({
  /** What stands in the way, each in a sentence that says what to do. Empty: it can be used. */
  problems: z.array(z.string()),
  version: z.string().nullable(),
  prefix: z.object({ id: prefixId, network: z.string(), vrf: z.string().nullable() }).nullable(),
})
export type IpSourceCheck = z.infer<typeof ipSourceCheck>

/** Of which prefix of which NetBox a pool is. */
export const poolSourceRef = z.strictObject({ id, prefixId })

/** How a pool stands with its NetBox. */
export const poolSource = z.object({
  id,
  name: z.string(),
  prefixId,
  comparedAt: timestamp.nullable(),
  /** Why nothing is given out of it; null while it can be. */
  problem: z.string().nullable(),
  /** What others hold of its network. */
  taken: z.number().int(),
  /** Changes that NetBox has not been told yet. */
  untold: z.number().int(),
  /** Why one of them cannot be told. */
  untoldProblem: z.string().nullable(),
})
