import { sql } from 'kysely'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import type { Case } from './cases.ts'

/** A difference in the books of a tenant, and a comparison that has ended. @returns the finding's id */
export async function findingsIn(app: TestApp, tenantId: string): Promise<string> {
  const id = newId()
  await rowsOf(
    app,
    sql`insert into billing_findings (id, tenant_id, kind, key, subject_type, label, expected, found, first_seen_at, last_seen_at)
      values (${id}, ${tenantId}, 'number_gap', ${id}, 'series', 'Numbers', 'none', 'one', now(), now())`,
  )
  await rowsOf(
    app,
    sql`insert into billing_reconciliations (id, tenant_id, state, problem, created_at, ended_at)
      values (${newId()}, ${tenantId}, 'failed', 'it was gone', now(), now())`,
  )
  return id
}

const listed = async (app: TestApp, tenantId: string) => {
  await findingsIn(app, tenantId)
  return {}
}

export const BILLING_FINDING_CASES: Record<string, Case> = {
  listBillingFindings: listed,
  ignoreBillingFinding: async (app, tenantId) => ({
    id: await findingsIn(app, tenantId),
    body: { reason: 'It is known.' },
  }),
  listBillingReconciliations: listed,
  startBillingReconciliation: async (app, tenantId) => {
    // One at a time: whatever was begun before has ended.
    await rowsOf(
      app,
      sql`update billing_reconciliations set state = 'failed', problem = 'x', ended_at = now()
        where tenant_id = ${tenantId} and state = 'running'`,
    )
    return { body: { tenantId } }
  },
}
