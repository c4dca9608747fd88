import { sql } from 'kysely'
import { startViesSim } from '../../sim/vies/server.ts'
import { createVies } from '../../src/integrations/vies/client.ts'
import { newId } from '../../src/lib/ids.ts'
import { networks, sendOutgoing, type OutgoingRequest } from '../../src/lib/outgoing.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'
import { clientIn, inWhmcs, whmcsFor, whmcsOf } from './whmcs.ts'

/** A WHMCS with one client of this tenant and what he has bought. What is there of others differs from case to case. */
async function arrangeRecord(app: TestApp): Promise<Arranged> {
  const sim = await whmcsOf(app)
  for (const one of ['clients', 'services', 'invoices', 'orders', 'transactions'] as const)
    sim.world[one].clear()
  const clientid = String(clientIn(sim, { name: 'Ada Lovelace' }))
  const { invoiceid } = await inWhmcs(sim, 'AddOrder', { clientid, 'pid[0]': '1' })
  sim.pay(Number(invoiceid), 1295)
  const tenantId = await app.tenant()
  const { id } = await whmcsFor(app, tenantId)
  const path = `/api/admin/billing/providers/${id}/record-runs`
  const { body, status } = await app.admin.post<{ job: { id: string }; run: { id: string } }>(path, {
    mode: 'take',
  })
  if (status !== 202) throw new Error(JSON.stringify(body))
  const world = async () => ({
    customers: await rowsOf(
      app,
      sql`select c.name, b.external_id is not null as joined from customers c
        left join billing_customers b on b.customer_id = c.id where c.tenant_id = ${tenantId}`,
    ),
    services: await rowsOf(
      app,
      sql`select product, status from billing_record_services where tenant_id = ${tenantId}`,
    ),
    invoices: await rowsOf(
      app,
      sql`select status, total_minor::text, paid_minor::text from billing_record_invoices where tenant_id = ${tenantId}`,
    ),
    totals: await rowsOf(
      app,
      sql`select state, report -> 'there' = report -> 'here' as equal from billing_record_runs where id = ${body.run.id}`,
    ),
  })
  // What was taken over is true, however far it came; and each is there once at most.
  const holdings = async () => {
    const { customers, services, invoices } = await world()
    if (customers.length > 1 || services.length > 1 || invoices.length > 1)
      throw new Error('it was taken over twice')
    return 'once'
  }
  return { jobId: body.job.id, world, holdings, afterPermanent: 'once' }
}

/** Books in which a number is missing; nothing of it is mended by a comparison. */
async function arrangeReconciliation(app: TestApp): Promise<Arranged> {
  const tenantId = await app.tenant()
  await whmcsFor(app, tenantId)
  await rowsOf(
    app,
    sql`insert into invoice_series (id, tenant_id, kind, prefix, next_no) values (${newId()}, ${tenantId}, 'invoice', 'INV', 2)`,
  )
  const { body, status } = await app.admin.post<{ job: { id: string }; reconciliation: { id: string } }>(
    '/api/admin/billing/reconciliations',
    { tenantId },
  )
  if (status !== 202) throw new Error(JSON.stringify(body))
  const found = () =>
    rowsOf(
      app,
      sql`select f.kind, f.state, (select count(*)::int from audit_events e where e.target_id = f.id::text) as events
        from billing_findings f where f.tenant_id = ${tenantId}`,
    )
  const world = async () => ({
    found: await found(),
    run: await rowsOf(
      app,
      sql`select state, report - 'parts' as report from billing_reconciliations where id = ${body.reconciliation.id}`,
    ),
  })
  // What was found is true, however far it came; and it is there once at most.
  const holdings = async () => {
    if ((await found()).length > 1) throw new Error('it was found twice')
    return 'once'
  }
  return { jobId: body.job.id, world, holdings, afterPermanent: 'once' }
}

/** A customer whose VAT number was given out. */
async function arrangeTaxCheck(app: TestApp): Promise<Arranged> {
  const sim = await startViesSim({ everything: true })
  const send = (request: OutgoingRequest) => sendOutgoing(networks(['127.0.0.0/8']), request)
  app.root.vendors.taxIds = createVies(send, sim.url)
  app.root.settings.checksTaxIds = true
  const tenantId = await app.tenant()
  const taxId = 'DE811907980'
  const customer = { tenantId, name: 'Ada', email: 'ada@example.com' }
  const { body: made } = await app.admin.post<{ id: string }>('/api/admin/customers', {
    ...customer,
    taxIds: [{ type: 'vat', country: 'DE', value: taxId }],
  })
  const path = `/api/admin/customers/${made.id}/tax-checks`
  const { body, status } = await app.admin.post<{ job: { id: string } }>(path, { taxId })
  if (status !== 202) throw new Error(JSON.stringify(body))
  const world = async () => ({
    checks: await rowsOf(app, sql`select result, problem from tax_id_checks where customer_id = ${made.id}`),
    evidence: await rowsOf(
      app,
      sql`select is_valid, method from tax_evidence where customer_id = ${made.id}`,
    ),
  })
  const holdings = async () => {
    if ((await world()).evidence.length > 1) throw new Error('it was noted twice')
    return 'once'
  }
  return { jobId: body.job.id, world, holdings, afterPermanent: 'once' }
}

/** The jobs that read the books of a WHMCS, that compare books, and that ask after VAT numbers. */
export const recordCases = (handlerOf: (kind: string) => AnyHandler): JobCase[] => [
  {
    name: 'billing.record: all that a client has',
    handler: handlerOf('billing.record'),
    permanent: 'failed',
    arrange: arrangeRecord,
  },
  {
    name: 'billing.reconcile: a number is missing',
    handler: handlerOf('billing.reconcile'),
    permanent: 'failed',
    arrange: arrangeReconciliation,
  },
  {
    name: 'billing.taxCheck: a number that was given out',
    handler: handlerOf('billing.taxCheck'),
    permanent: 'failed',
    arrange: arrangeTaxCheck,
  },
]
