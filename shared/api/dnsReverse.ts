import { z } from 'zod'
import { DELEGATION_STATES } from '../states/domainDnssec.ts'
import { ZONE_STATES } from '../states/domainZone.ts'
import { REVERSE_STATES } from '../states/reverseName.ts'
import { id, timestamp } from './common.ts'

/** The reverse zones of an address pool, as they are kept on a DNS server. */
export const keptReverseZones = z.object({
  /** Null: they are not kept here. */
  server: z.object({ id, name: z.string() }).nullable(),
  /** What their networks are to be delegated to. */
  nameServers: z.array(z.string()),
  zones: z.array(
    z.object({
      id,
      name: z.string(),
      network: z.string(),
      state: z.enum(ZONE_STATES),
      revision: z.number().int(),
      appliedRevision: z.number().int(),
      appliedAt: timestamp.nullable(),
      delegation: z.enum(DELEGATION_STATES),
      error: z.string().nullable(),
      /** How many sets of records the server has otherwise. */
      differing: z.number().int(),
    }),
  ),
  /** Addresses with a name, and whether the world finds it and is led back. */
  names: z.array(
    z.object({
      address: z.string(),
      name: z.string(),
      podId: id,
      state: z.enum(REVERSE_STATES),
      /** What is wrong, and what to do. */
      message: z.string().nullable(),
    }),
  ),
})
export type KeptReverseZones = z.infer<typeof keptReverseZones>

/** Null: the server that zones are begun on. */
export const reverseKeep = z.strictObject({ serverId: id.nullable().default(null) })
