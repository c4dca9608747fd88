import { sql } from 'kysely'
import type { AuditSinkMade } from '../../shared/api/auditSinks.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'

const SINKS = '/api/admin/audit/sinks'

/** The addresses that were sent something. */
const reached = new Set<string>()

/** A webhook with a receiver of its own. A repeated test event does no harm, so only whether one came counts. */
async function arrangeSinkTest(app: TestApp): Promise<Arranged> {
  app.root.vendors.webhook = async ({ url }) => void reached.add(url)
  const address = `https://receiver.example.com/${newId()}`
  const sink = { tenantId: await app.tenant(), kind: 'webhook', name: 'receiver', address }
  const { id } = (await app.admin.post<AuditSinkMade>(SINKS, sink)).body
  const { jobId } = (await app.admin.post<{ jobId: string }>(`${SINKS}/${id}/test`, {})).body
  // What is delivered in order is not moved by a test.
  const holdings = () =>
    rowsOf(
      app,
      sql`select state, delivered::int as delivered, failures, last_error, lease from audit_sinks where id = ${id}`,
    )
  const world = async () => ({ reached: reached.has(address), sink: await holdings() })
  return { jobId, world, holdings, afterPermanent: await holdings() }
}

export const auditCases = (handlerOf: (kind: string) => AnyHandler): JobCase[] => [
  {
    name: 'audit.sinkTest',
    handler: handlerOf('audit.sinkTest'),
    permanent: 'failed',
    arrange: arrangeSinkTest,
  },
]
