import type {
  BillingFinding,
  BillingReconciliation,
  billingReconciliationStarted,
} from '../../shared/api/billingFindings.ts'
import type { z } from 'zod'
import { sql } from 'kysely'
import type { TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { settleBilling } from '../support/stripe.ts'

type Items<T> = { items: T[] }
const BILLING = '/api/admin/billing'

/** Compares the books of a tenant now. @returns what came of it */
export async function compared(app: TestApp, tenantId: string): Promise<BillingReconciliation> {
  const started = await app.admin.post<z.infer<typeof billingReconciliationStarted>>(
    `${BILLING}/reconciliations`,
    { tenantId },
  )
  if (started.status !== 202) throw new Error(JSON.stringify(started.body))
  await settleBilling(app)
  const { body } = await app.admin.get<Items<BillingReconciliation>>(
    `${BILLING}/reconciliations?tenantId=${tenantId}`,
  )
  const run = body.items.find(({ id }) => id === started.body.reconciliation.id)
  if (run?.state !== 'done') {
    const job = await rowsOf(
      app,
      sql`select state, error, waiting_for from provisioning_jobs where id = ${started.body.job.id}`,
    )
    throw new Error(JSON.stringify({ run, job }))
  }
  return run
}

export const findingsOf = async (
  app: TestApp,
  tenantId: string,
  filter = '&state=open',
): Promise<BillingFinding[]> =>
  (await app.admin.get<Items<BillingFinding>>(`${BILLING}/findings?tenantId=${tenantId}${filter}`)).body.items

/** Compares, and tells what is open then: kinds and words. */
export async function foundIn(app: TestApp, tenantId: string): Promise<[string, string][]> {
  await compared(app, tenantId)
  return (await findingsOf(app, tenantId)).map(({ kind, found }) => [kind, found])
}

/** What the audit log has of a finding, the oldest first. */
export const auditOf = async (app: TestApp, findingId: string): Promise<string[]> =>
  (
    await rowsOf(
      app,
      sql<{
        action: string
      }>`select action from audit_events where target_id = ${findingId} order by at, id`,
    )
  ).map(({ action }) => action)
