import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { enqueue } from './provisioningQueues.ts'

const applyPayload = z.object({
  zoneId: z.string(),
  revision: z.number(),
  /** Also what nobody has asked for here: what others have changed on the server is overwritten, however much it is. */
  everything: z.boolean(),
})
export type ApplyPayload = z.infer<typeof applyPayload>
/** Makes the server serve what a zone is to hold. */
export const zoneApply = { kind: 'domain.zoneApply', payload: applyPayload } as const

const zonePayload = z.object({ zoneId: z.string() })
export type ZonePayload = z.infer<typeof zonePayload>
/** Takes a zone off its server. */
export const zoneRemove = { kind: 'domain.zoneRemove', payload: zonePayload } as const

const comparePayload = z.object({ zoneId: z.string(), adopt: z.boolean() })
export type ComparePayload = z.infer<typeof comparePayload>
/** Looks whether a server serves what it was given. */
export const zoneCompare = { kind: 'domain.zoneCompare', payload: comparePayload } as const

/** Has a zone signed by its server, or its keys taken away. */
export const zoneSign = { kind: 'domain.zoneSign', payload: zonePayload } as const
/** Has the server of a zone know who copies it. */
export const zoneTransfers = { kind: 'domain.zoneTransfers', payload: zonePayload } as const
/** Looks what a zone is delegated to and what its name servers say. */
export const zoneWatch = { kind: 'domain.zoneWatch', payload: zonePayload } as const

const serverPayload = z.object({ serverId: z.string() })
export type ServerPayload = z.infer<typeof serverPayload>
/** Compares the serials of all zones of a server. */
export const serverCompare = { kind: 'domain.serverCompare', payload: serverPayload } as const

type Zone = { id: string; tenant_id: string | null; server_id: string; name: string }

/** Whatever speaks with a server about a zone does so alone; and only so many zones of a server are written at once. */
const about = (zone: Zone) => ({
  queue: 'domain' as const,
  tenantId: zone.tenant_id,
  subject: { type: 'dnsZone', id: zone.id, label: zone.name.slice(0, -1) },
  serialKey: `dnsZone:${zone.id}`,
  limits: [`dns:${zone.server_id}`],
})

export const enqueueApply = (
  ctx: Ctx,
  zone: Zone,
  { revision, everything = false }: { revision: number; everything?: boolean },
): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...about(zone),
    kind: zoneApply.kind,
    payload: { zoneId: zone.id, revision, everything } satisfies ApplyPayload,
  })

export const enqueueRemove = (ctx: Ctx, zone: Zone): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...about(zone),
    kind: zoneRemove.kind,
    payload: { zoneId: zone.id } satisfies ZonePayload,
  })

/** @param round the same one finds the same job */
export const enqueueSign = (ctx: Ctx, zone: Zone, round: string): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...about(zone),
    kind: zoneSign.kind,
    payload: { zoneId: zone.id } satisfies ZonePayload,
    idempotencyKey: `zoneSign:${zone.id}:${round}`,
  })

export const enqueueTransfers = (ctx: Ctx, zone: Zone): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...about(zone),
    kind: zoneTransfers.kind,
    payload: { zoneId: zone.id } satisfies ZonePayload,
    priority: 110,
  })

/** It asks nothing of the zone's server but as anybody does, so it holds up nobody who writes there. */
export const enqueueWatch = (ctx: Ctx, zone: Zone): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...about(zone),
    kind: zoneWatch.kind,
    payload: { zoneId: zone.id } satisfies ZonePayload,
    serialKey: `dnsZoneWatch:${zone.id}`,
    limits: [],
    maxAttempts: 3,
    priority: 120,
  })

export const enqueueCompare = (ctx: Ctx, zone: Zone, adopt: boolean): Promise<{ id: string }> =>
  enqueue(ctx, {
    ...about(zone),
    kind: zoneCompare.kind,
    payload: { zoneId: zone.id, adopt } satisfies ComparePayload,
    priority: 120,
  })

/** @param round the same one finds the same job */
export const enqueueServerCompare = (
  ctx: Ctx,
  server: { id: string; name: string },
  round: string,
): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'domain',
    kind: serverCompare.kind,
    tenantId: null,
    subject: { type: 'dnsServer', id: server.id, label: server.name },
    payload: { serverId: server.id } satisfies ServerPayload,
    serialKey: `dnsServer:${server.id}`,
    idempotencyKey: `dnsServer:${server.id}:${round}`,
    maxAttempts: 3,
  })
