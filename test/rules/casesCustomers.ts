import { sql } from 'kysely'
import type { MergePreview } from '../../shared/api/customerMerge.ts'
import type { Customer } from '../../shared/api/customers.ts'
import { newId } from '../../src/lib/ids.ts'
import { csvFile } from '../customers/imports.ts'
import type { TestApp } from '../support/app.ts'
import type { Case } from './cases.ts'

const made = async (app: TestApp, tenantId: string): Promise<Customer> =>
  (
    await app.admin.post<Customer>('/api/admin/customers', {
      tenantId,
      name: 'Ada',
      email: 'ada@example.com',
    })
  ).body

async function closed(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const { id } = await made(app, tenantId)
  const { status } = await app.admin.post(`/api/admin/customers/${id}/close`, {})
  if (status !== 200) throw new Error('the customer could not be closed')
  return { id }
}

/** A file that was checked and waits for somebody's decision, with a piece and a row. */
export async function importIn(app: TestApp, tenantId: string): Promise<{ id: string }> {
  const id = newId()
  const report = { counts: { create: 1, update: 0, unchanged: 0, refused: 0 }, faults: 0, rows: [] }
  await app.as(async (ctx) => {
    await sql`insert into customer_imports (id, tenant_id, state, name, requested_by, columns, row_count, report, created_at, expires_at)
      values (${id}, ${tenantId}, 'checked', 'new.csv', '{}', '{name,email}', 1, ${JSON.stringify(report)}, now(), now() + interval '1 day')`.execute(
      ctx.tx,
    )
    await sql`insert into customer_import_chunks (import_id, tenant_id, number, data) values (${id}, ${tenantId}, 0, 'x')`.execute(
      ctx.tx,
    )
    await sql`insert into customer_import_rows (import_id, tenant_id, line, cells)
      values (${id}, ${tenantId}, 2, '["Ada", "ada@example.com"]')`.execute(ctx.tx)
  })
  return { id }
}

const pair = async (app: TestApp, tenantId: string) =>
  [await made(app, tenantId), await made(app, tenantId)] as const

/** The rows of the route table about how customers come together, end, and leave or enter as files. */
export const CUSTOMER_CASES: Record<string, Case> = {
  previewCustomerMerge: async (app, tenantId) => {
    const [into, from] = await pair(app, tenantId)
    return { id: into.id, query: `?from=${from.id}` }
  },
  mergeCustomer: async (app, tenantId) => {
    const [into, from] = await pair(app, tenantId)
    const path = `/api/admin/customers/${into.id}/merge?from=${from.id}`
    const { token } = (await app.admin.get<MergePreview>(path)).body
    return { id: into.id, body: { from: from.id, token } }
  },
  closeCustomer: async (app, tenantId) => ({ id: (await made(app, tenantId)).id, body: {} }),
  reopenCustomer: async (app, tenantId) => ({ ...(await closed(app, tenantId)), body: {} }),
  eraseCustomer: async (app, tenantId) => ({
    ...(await closed(app, tenantId)),
    body: { reason: 'asked for by the customer' },
  }),
  exportCustomers: async (_, tenantId) => ({ query: `?tenantId=${tenantId}` }),
  uploadCustomerImport: async (_, tenantId) => ({
    id: tenantId,
    body: csvFile(`name,email\nAda,ada-${newId()}@example.com`),
  }),
  getCustomerImports: async (_, tenantId) => ({ id: tenantId }),
  getCustomerImport: importIn,
  startCustomerImport: async (app, tenantId) => ({ ...(await importIn(app, tenantId)), body: {} }),
  discardCustomerImport: importIn,
  getCustomerImportTemplate: async (_, tenantId) => ({ id: tenantId }),
  exportCustomerData: async (app, tenantId) => ({ id: (await made(app, tenantId)).id }),
}
