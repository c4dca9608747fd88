import { sql, type Insertable, type Selectable } from 'kysely'
import type { Scope, Tx } from './index.ts'
import { inScope, keysetPage, type ListOptions } from './list.ts'
import type { SslDeploymentsTable } from './types.ts'

export type DeploymentRow = Selectable<SslDeploymentsTable>

/** What was seen just now takes the place of what was seen before. */
export async function put(tx: Tx, row: Insertable<SslDeploymentsTable>): Promise<void> {
  const { id: _, ...seen } = row
  await tx
    .insertInto('ssl_deployments')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['certificate_id', 'name', 'port', 'target_id']).doUpdateSet(seen),
    )
    .execute()
}

/** What was seen at a target counts no more. */
export async function forget(tx: Tx, tenantId: string, targetId: string): Promise<void> {
  await tx
    .deleteFrom('ssl_deployments')
    .where('tenant_id', '=', tenantId)
    .where('target_id', '=', targetId)
    .execute()
}

export const of = (tx: Tx, tenantId: string, certificateId: string): Promise<DeploymentRow[]> =>
  tx
    .selectFrom('ssl_deployments')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('certificate_id', '=', certificateId)
    .orderBy('name')
    .execute()

export const findings = (tx: Tx, scope: Scope, options: ListOptions) =>
  keysetPage(
    tx
      .selectFrom('ssl_deployments')
      .selectAll()
      .where(inScope(scope, 'ssl_deployments.tenant_id'))
      .where('finding', 'is not', null)
      .where(
        sql<boolean>`exists (select from ssl_certificates c where c.id = ssl_deployments.certificate_id and c.state = 'issued')`,
      ),
    'ssl_deployments.id',
    options,
  )
