import { z } from 'zod'
import { id, timestamp } from './common.ts'

/** Where zones are served from. The API key is never answered. */
export const dnsServer = z.object({
  id,
  name: z.string(),
  kind: z.enum(['powerdns', 'zonefiles']),
  /** Of the API of a PowerDNS, without `/api`; null for zone files. */
  url: z.string().nullable(),
  serverId: z.string(),
  caPem: z.string().nullable(),
  /** What customers delegate their domains to; the first is named in the SOA. With their last dots. */
  nameServers: z.array(z.string()),
  /** Where these answer questions: it is asked there whether a challenge can be seen. */
  queryAddresses: z.array(z.string()),
  hostmaster: z.string(),
  isDefault: z.boolean(),
  /** How many zones are written at once. */
  parallel: z.number().int(),
  health: z.enum(['unknown', 'ok', 'failing']),
  healthMessage: z.string().nullable(),
  checkedAt: timestamp.nullable(),
  zones: z.number().int(),
  /** The name of the key that secondaries show (TSIG); null: there is none. The secret is never answered again. */
  transferKey: z.string().nullable(),
  /** Where secondaries are told of changes. */
  secondaries: z.array(z.string()),
  /** The zone that lists its zones to them. */
  catalog: z.string().nullable(),
  /** Of how many zones the server does not know yet who copies them. */
  untoldZones: z.number().int(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type DnsServer = z.infer<typeof dnsServer>

const name = z.string().trim().min(1).max(100)
const url = z.url({ protocol: /^https?$/ }).max(300)
const apiKey = z.string().regex(/^[\x21-\x7e]{1,300}$/, 'the key as it stands in api-key')
const caPem = z.string().max(20_000).nullable()
const serverId = z.string().regex(/^[\w.-]{1,100}$/, 'localhost, or the name that a proxy knows it by')
const nameServers = z.array(z.string().trim().min(3).max(254)).max(13)
const queryAddresses = z
  .array(
    z
      .string()
      .trim()
      .regex(/^(?:[\d.]{7,15}|\[[\da-fA-F:.]{2,45}\]):\d{1,5}$/, 'such as 192.0.2.53:53 or [2001:db8::53]:53')
      .meta({ examples: ['192.0.2.53:53'] }),
  )
  .max(13)
const parallel = z.number().int().min(1).max(32)

const changeable = {
  name,
  caPem,
  nameServers,
  queryAddresses,
  hostmaster: z.email(),
  parallel,
}

/** A PowerDNS. The folder of zone files is there already. */
export const dnsServerCreate = z.strictObject({
  ...changeable,
  url,
  apiKey,
  serverId: serverId.default('localhost'),
  caPem: caPem.default(null),
  queryAddresses: queryAddresses.default([]),
  parallel: parallel.default(1),
  isDefault: z.boolean().default(false),
})

/** What is not named stays. Whoever changes where the key is sent, or whom is trusted there, says it anew. */
export const dnsServerUpdate = z
  .strictObject({ ...changeable, url, apiKey, serverId, isDefault: z.literal(true) })
  .partial()

/** What copies the zones of a server. All of it is said at once. */
export const dnsTransfersPut = z.strictObject({
  secondaries: queryAddresses,
  /** A name that is no domain of anybody, such as catalog.example.com; null: secondaries are told of each zone by hand. */
  catalog: z.string().trim().min(3).max(254).nullable(),
})

export const dnsTransferKey = z.object({
  name: z.string(),
  algorithm: z.string(),
  /** In base64, shown once. */
  secret: z.string(),
})
export type DnsTransferKey = z.infer<typeof dnsTransferKey>

export const dnsServerCheckRequest = z.strictObject({
  url,
  apiKey,
  serverId: serverId.default('localhost'),
  caPem: caPem.default(null),
})

export const dnsServerCheck = z.object({
  /** What stands in the way, each in a sentence that says what to do. Empty: it can be used. */
  problems: z.array(z.string()),
  version: z.string().nullable(),
  /** How many zones are there, also those that mPanel has not made. */
  zones: z.number().int().nullable(),
})
export type DnsServerCheck = z.infer<typeof dnsServerCheck>
