import { sql } from 'kysely'
import type { Root } from '../../src/context.ts'
import { localDate } from '../../src/lib/period.ts'
import * as BillingService from '../../src/services/BillingService.ts'
import type { TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { deliver, order, payment, type Shop } from './world.ts'

/** Lets the application's clock show this time. */
export const travel = (app: TestApp, to: string): void => {
  app.clock.offsetMs = Date.parse(to) - Date.now()
}

/** What one test has left is not due in another's time, and what automation did then does not count. */
export async function forget(app: TestApp): Promise<void> {
  await app.as(async ({ tx }) => {
    await sql`update subscriptions set next_step = null, next_step_at = null`.execute(tx)
    await sql`delete from automation_deeds`.execute(tx)
  })
}

/** A paid subscription whose pod runs since now. */
export async function contractIn(
  app: TestApp,
  seller: Shop,
  interval: 'day' | 'month' | 'year' = 'month',
): Promise<string> {
  const { subscription, invoice } = await app.as((ctx) => order(ctx, seller, interval))
  if (invoice.total.amount !== '0')
    await app.as((ctx) =>
      BillingService.recordPayment(ctx, seller.tenantId, invoice.id, payment(invoice.total.amount)),
    )
  await app.as((ctx) => deliver(ctx, seller.tenantId, subscription.id))
  return subscription.id
}

/** The same when something is due; otherwise it would do nothing. */
export async function runIfDue(app: TestApp): Promise<void> {
  const due = await rowsOf(
    app,
    sql`select from subscriptions where next_step <> 'end' and next_step_at <= ${app.root.now()} limit 1`,
  )
  if (due.length > 0) await run(app)
}

/** Dies with its transaction of this number, and does nothing any more. */
export function dyingAt(root: Root, count: number): Root {
  let left = count
  return {
    ...root,
    db: {
      ...root.db,
      transaction: (scope, work) => {
        if (left-- <= 0) throw new Error('killed')
        return root.db.transaction(scope, work)
      },
    },
  }
}

export const run = (app: TestApp): Promise<void> => BillingService.runContracts(app.root)

type Bill = {
  id: string
  number: string
  issued: string
  due: string
  status: string
  paid: bigint
  total: bigint
  from: Date
  to: Date
}

/** The invoices of a subscription with the period of each, the oldest first. */
export const billsOf = (app: TestApp, subscriptionId: string): Promise<Bill[]> =>
  rowsOf(
    app,
    sql<Bill>`select i.id, i.number, i.issue_date as issued, i.due_date as due, i.status, i.paid_minor as paid,
        i.total_minor as total, lower(l.period) as from, upper(l.period) as to
      from invoices i join invoice_lines l on l.invoice_id = i.id and l.kind = 'recurring' and not l.voided
      where i.subscription_id = ${subscriptionId} order by lower(l.period)`,
  )

export const periodsOf = async (app: TestApp, subscriptionId: string, zone = 'UTC'): Promise<string[]> =>
  (await billsOf(app, subscriptionId)).map(
    ({ from, to }) => `${localDate(from, zone)} ${localDate(to, zone)}`,
  )

export const stateOf = async (
  app: TestApp,
  { tenantId }: { tenantId: string },
  id: string,
): Promise<string> => (await app.as((ctx) => BillingService.get(ctx, tenantId, id))).state

/** Pays everything that is open. */
export async function payAll(app: TestApp, seller: Shop, subscriptionId: string): Promise<void> {
  for (const { id, status, total, paid } of await billsOf(app, subscriptionId))
    if (status === 'open')
      await app.as((ctx) => BillingService.recordPayment(ctx, seller.tenantId, id, payment(total - paid)))
}

/** The pod is read back as the hypervisor was asked to have it. */
export async function obey(app: TestApp, seller: Shop, subscriptionId: string): Promise<void> {
  const [row] = await rowsOf(
    app,
    sql<{ id: string; ended: boolean }>`select id, ended_at is not null as ended from tenant_suspensions
      where subscription_id = ${subscriptionId} order by id desc limit 1`,
  )
  if (!row) throw new Error('nothing was suspended')
  const place = { tenantId: seller.tenantId, suspensionId: row.id }
  await app.as((ctx) =>
    row.ended ? BillingService.podRestored(ctx, place) : BillingService.podStopped(ctx, place),
  )
}

/** Names of what happened to a subscription, the oldest first. */
export const eventsOf = async (app: TestApp, subscriptionId: string): Promise<string[]> =>
  (
    await rowsOf(
      app,
      sql<{
        action: string
      }>`select action from audit_events where target_id = ${subscriptionId} order by at, id`,
    )
  ).map(({ action }) => action)

export const mailsOf = async (app: TestApp, tenantId: string): Promise<string[]> =>
  (
    await rowsOf(
      app,
      sql<{ template: string }>`select template from mails where tenant_id = ${tenantId} order by id`,
    )
  ).map(({ template }) => template)
