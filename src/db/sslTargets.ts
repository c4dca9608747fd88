import { sql, type Insertable, type Selectable, type Updateable } from 'kysely'
import type { Tx } from './index.ts'
import type { CertificateRow, VersionRow } from './sslCertificates.ts'
import type { SslTargetsTable } from './types.ts'

export type TargetRow = Selectable<SslTargetsTable>

export async function insert(tx: Tx, row: Insertable<SslTargetsTable>): Promise<void> {
  await tx.insertInto('ssl_targets').values(row).execute()
}

export const find = (tx: Tx, tenantId: string, id: string): Promise<TargetRow | undefined> =>
  live(tx, tenantId).where('id', '=', id).executeTakeFirst()

export const lock = (tx: Tx, tenantId: string, id: string): Promise<TargetRow | undefined> =>
  live(tx, tenantId).where('id', '=', id).forUpdate().executeTakeFirst()

const live = (tx: Tx, tenantId: string) =>
  tx.selectFrom('ssl_targets').selectAll().where('tenant_id', '=', tenantId).where('ended_at', 'is', null)

export const of = (tx: Tx, tenantId: string, certificateId: string): Promise<TargetRow[]> =>
  live(tx, tenantId).where('certificate_id', '=', certificateId).orderBy('id').execute()

/** The one by which agents of a pod have a certificate. */
export const forAgent = (
  tx: Tx,
  { tenantId, podId, certificateId }: { tenantId: string; podId: string; certificateId: string },
): Promise<TargetRow | undefined> =>
  live(tx, tenantId)
    .where('pod_id', '=', podId)
    .where('certificate_id', '=', certificateId)
    .where('kind', '=', 'agent')
    .forUpdate()
    .executeTakeFirst()

export async function update(tx: Tx, id: string, change: Updateable<SslTargetsTable>): Promise<void> {
  await tx.updateTable('ssl_targets').set(change).where('id', '=', id).execute()
}

type ForAgent = Pick<CertificateRow, 'id' | 'names'> &
  Pick<VersionRow, 'fingerprint' | 'not_after'> & { installed: boolean }

/** What agents of a pod are to install: the current versions of what is delivered to them. */
export async function forAgentsOf(tx: Tx, tenantId: string, podId: string): Promise<ForAgent[]> {
  const { rows } = await sql<ForAgent>`
    select c.id, c.names, v.fingerprint, v.not_after, t.version_id is not distinct from v.id as installed
    from ssl_targets t join ssl_certificates c on c.id = t.certificate_id
    join ssl_certificate_versions v on v.id = c.version_id
    where t.tenant_id = ${tenantId} and t.pod_id = ${podId} and t.kind = 'agent' and t.ended_at is null
      and c.state = 'issued' order by t.id`.execute(tx)
  return rows
}

/** Targets that are to be looked at, each put off, so that nobody else looks as well. */
export async function takeForCheck(tx: Tx, at: Date, again: Date, limit: number): Promise<TargetRow[]> {
  const { rows } = await sql<TargetRow>`
    update ssl_targets set check_at = ${again} where id in (
      select id from ssl_targets where ended_at is null and check_at <= ${at}
      order by check_at limit ${limit} for update skip locked)
    returning *`.execute(tx)
  return rows
}
