import { sql } from 'kysely'
import { expect } from 'vitest'
import type { CustomerImport } from '../../shared/api/customerFiles.ts'
import type { Answer, Api } from '../support/api.ts'
import { until, type TestApp } from '../support/app.ts'

export const IMPORTS = '/api/admin/customer-imports'

export const csvFile = (csv: string | Buffer): Blob =>
  new Blob([typeof csv === 'string' ? csv : new Uint8Array(csv)], { type: 'text/csv' })

export const upload = (api: Api, tenantId: string, csv: string | Buffer): Promise<Answer<CustomerImport>> =>
  api.post(`/api/admin/tenants/${tenantId}/customer-imports?name=new.csv`, csvFile(csv))

/** An import once no job is at work on it. */
export const rested = (api: Api, id: string): Promise<CustomerImport> =>
  until(async () => {
    const { body } = await api.get<CustomerImport>(`${IMPORTS}/${id}`)
    return !['checking', 'importing'].includes(body.state) && body
  }, `import ${id} to be checked or done`)

/** Uploads a file and waits until it was looked at. */
export async function check(api: Api, tenantId: string, csv: string | Buffer): Promise<CustomerImport> {
  const { status, body } = await upload(api, tenantId, csv)
  expect(status, JSON.stringify(body)).toBe(202)
  return rested(api, body.id)
}

/** Imports a checked file and waits until that has ended. */
export async function start(api: Api, { id }: { id: string }): Promise<CustomerImport> {
  const { status, body } = await api.post(`${IMPORTS}/${id}/start`, {})
  expect(status, JSON.stringify(body)).toBe(202)
  return rested(api, id)
}

export const importFile = async (api: Api, tenantId: string, csv: string): Promise<CustomerImport> =>
  start(api, await check(api, tenantId, csv))

/** What is stored of the tenant's uploaded files. */
export const stored = (app: TestApp, tenantId: string): Promise<{ chunks: number; rows: number }> =>
  app.as(async (ctx) => {
    const { rows } = await sql<{ chunks: number; rows: number }>`select
      (select count(*)::int from customer_import_chunks where tenant_id = ${tenantId}) as chunks,
      (select count(*)::int from customer_import_rows where tenant_id = ${tenantId}) as rows`.execute(ctx.tx)
    return rows[0] ?? { chunks: -1, rows: -1 }
  })
