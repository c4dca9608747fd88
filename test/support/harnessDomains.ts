import { sql } from 'kysely'
import type { Domain } from '../../shared/api/domains.ts'
import * as domainService from '../../src/services/domainService.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { rowsOf } from './harnessWorld.ts'

const DOMAINS = '/api/admin/domains'

/** A claim whose proof is in DNS. Looking changes nothing there. */
async function arrangeVerify(app: TestApp): Promise<Arranged> {
  const claim = { tenantId: await app.tenant(), name: `d${newId().slice(-12)}.example.com` }
  const { id, proof } = (await app.admin.post<Domain>(DOMAINS, claim)).body
  const { vendors } = app.root
  const asked = { ...vendors }
  vendors.txt = async (name) =>
    name === proof?.name ? { ok: true, records: [proof.value] } : asked.txt(name)
  // By its route it may be asked for only a few times a minute.
  const { job } = await app.as((ctx) => domainService.verify(ctx, claim.tenantId, id))
  const holdings = () =>
    rowsOf(
      app,
      sql`select verified_at is not null as verified, check_fault, version from domains where id = ${id}`,
    )
  return { jobId: job.id, world: holdings, holdings, afterPermanent: await holdings() }
}

export const domainCases = (handlerOf: (kind: string) => AnyHandler): JobCase[] => [
  {
    name: 'domain.verify',
    handler: handlerOf('domain.verify'),
    permanent: 'failed',
    arrange: arrangeVerify,
  },
]
