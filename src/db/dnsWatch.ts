import { sql } from 'kysely'
import type { ZoneRow } from './dnsZones.ts'
import type { Tx } from './index.ts'

/** Whether no job of a kind is under way about a zone z. */
const idle = (kind: string) => sql`not exists (select from provisioning_jobs_live j
  where j.queue = 'domain' and j.subject_id = z.id and j.kind = ${kind}
    and j.state not in ('succeeded', 'failed', 'cancelled'))`

/** Zones whose time to be looked at has come, and about which no look is under way. */
export const due = async (tx: Tx, now: Date, limit: number): Promise<ZoneRow[]> => {
  const { rows } =
    await sql<ZoneRow>`select z.* from dns_zones z where z.ended_at is null and z.state <> 'ending'
    and z.applied_revision > 0 and z.watch_at <= ${now} and ${idle('domain.zoneWatch')}
    order by z.watch_at limit ${limit}`.execute(tx)
  return rows
}

/** Zones that are served, whose server was not told of its present secondaries, and about which no such job is under way. */
export const withOtherTransfers = async (tx: Tx, limit: number): Promise<ZoneRow[]> => {
  const { rows } = await sql<ZoneRow>`select z.* from dns_zones z join dns_servers s on s.id = z.server_id
    where z.ended_at is null and z.state <> 'ending' and z.applied_revision > 0
      and z.transfers_revision <> s.transfers_revision and ${idle('domain.zoneTransfers')}
    order by z.id limit ${limit}`.execute(tx)
  return rows
}
