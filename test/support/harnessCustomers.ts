import { sql } from 'kysely'
import type { CustomerImport } from '../../shared/api/customerFiles.ts'
import { IMPORTS, upload } from '../customers/imports.ts'
import type { TestApp } from './app.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'

/** More than one transaction takes, with somebody who is there already and somebody who is changed. */
const NEW = 50
const LINES = Array.from({ length: NEW }, (_, n) => `,Nr ${n},n${n}@example.com`)
const FILE = [
  'externalRef,name,email',
  'SAME,Ada,same@example.com',
  'OLD,Grace,old@example.com',
  ...LINES,
].join('\n')

/** A file that waits to be checked, or that was checked and waits to be imported. */
async function arrange(app: TestApp, stage: 'check' | 'import', checkHandler: AnyHandler): Promise<Arranged> {
  const tenantId = await app.tenant()
  for (const [externalRef, email] of [
    ['SAME', 'same@example.com'],
    ['OLD', 'old@example.com'],
  ])
    await app.admin.post('/api/admin/customers', { tenantId, name: 'Ada', email, externalRef })
  let made = (await upload(app.admin, tenantId, FILE)).body
  if (stage === 'import') {
    await toRest(app, made.jobId ?? '', checkHandler)
    made = (await app.admin.post<CustomerImport>(`${IMPORTS}/${made.id}/start`, {})).body
  }
  const about = (more: ReturnType<typeof sql>) =>
    rowsOf(
      app,
      sql`select i.state, i.row_count, i.report -> 'counts' as counts, ${more},
          (select count(*)::int from customer_import_chunks where import_id = i.id) as chunks,
          (select count(*)::int from customer_import_rows where import_id = i.id) as rows,
          (select count(*)::int from audit_events where tenant_id = i.tenant_id and action = 'CUSTOMERS_IMPORTED') as told
        from customer_imports i where i.id = ${made.id}`,
    )
  // Every customer has the one event of its making, and every change its own.
  const customers = sql`(select jsonb_agg(c.name || ' ' || c.email order by c.name, c.email) from customers c
      where c.tenant_id = i.tenant_id) as customers,
    (select jsonb_object_agg(action, n) from (select action, count(*) as n from audit_events
      where tenant_id = i.tenant_id and target_type = 'customer' group by action) e) as events`
  const holdings = () =>
    rowsOf(
      app,
      sql`select i.state = 'failed' as failed,
          (select count(*)::int from customer_import_chunks where import_id = i.id) as chunks,
          (select count(*)::int from customer_import_rows where import_id = i.id) as rows,
          (select count(*) = count(distinct email) from customers c where c.tenant_id = i.tenant_id) as each_once,
          (select count(*) from customers c where c.tenant_id = i.tenant_id) = (select count(*) from audit_events
            where tenant_id = i.tenant_id and action = 'CUSTOMER_CREATED') as each_told
        from customer_imports i where i.id = ${made.id}`,
    )
  return {
    jobId: made.jobId ?? '',
    world: () => about(customers),
    holdings,
    // What was imported until then stays.
    afterPermanent: [{ failed: true, chunks: 0, rows: 0, each_once: true, each_told: true }],
  }
}

export const customerCases = (handlerOf: (kind: string) => AnyHandler): JobCase[] => [
  {
    name: 'customer.importCheck',
    handler: handlerOf('customer.importCheck'),
    permanent: 'failed',
    arrange: (app) => arrange(app, 'check', handlerOf('customer.importCheck')),
  },
  {
    name: 'customer.import',
    handler: handlerOf('customer.import'),
    permanent: 'failed',
    arrange: (app) => arrange(app, 'import', handlerOf('customer.importCheck')),
  },
]
