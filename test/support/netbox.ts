import { sql } from 'kysely'
import { startNetboxSim, type NetboxSim } from '../../sim/netbox/server.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { IpSource } from '../../shared/api/provisioningSources.ts'
import * as claimService from '../../src/services/cloudPodClaimService.ts'
import { until, type TestApp } from './app.ts'
import { rowsOf } from './harnessWorld.ts'

export const FIELD = 'mpanel_id'
/** Addresses typed by people may lie here while tests run. */
export const LOOPBACK = { MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8' }

/** A simulated NetBox with the custom field that mPanel needs. */
export async function netboxWithField(): Promise<NetboxSim> {
  const sim = await startNetboxSim()
  sim.world.fields.set(FIELD, {
    id: 1,
    name: FIELD,
    type: 'text',
    filter_logic: 'exact',
    object_types: ['ipam.ipaddress'],
  })
  return sim
}

/** A further prefix, in a VRF when one is named. */
export function prefixIn(sim: NetboxSim, prefix: string, vrf: number | null = null): number {
  const id = sim.world.nextId++
  sim.world.prefixes.set(id, { id, prefix, vrf })
  return id
}

let names = 0

export async function sourceOf(
  app: TestApp,
  { url, token }: Pick<NetboxSim, 'url' | 'token'>,
): Promise<IpSource> {
  const { status, body } = await app.admin.post<IpSource>('/api/admin/provisioning/ip-sources', {
    name: `netbox ${++names}`,
    url,
    token,
  })
  if (status !== 201) throw new Error(`no source: ${JSON.stringify(body)}`)
  return body
}

/** A pool of a prefix of the NetBox; what is free is not known yet. */
export async function poolFrom(
  app: TestApp,
  source: IpSource,
  prefixId: number,
  more: Record<string, unknown> = {},
): Promise<IpPool> {
  const { status, body } = await app.admin.post<IpPool>('/api/admin/provisioning/ip-pools', {
    clusterId: app.clusterId,
    name: `aa netbox ${prefixId}`,
    network: '198.51.100.0/28',
    gateway: '198.51.100.1',
    rangeStart: '198.51.100.2',
    rangeEnd: '198.51.100.14',
    quarantineHours: 1,
    source: { id: source.id, prefixId },
    ...more,
  })
  if (status !== 201) throw new Error(`no pool: ${JSON.stringify(body)}`)
  return body
}

const UNFINISHED = sql<{ n: number }>`select count(*)::int as n from provisioning_jobs_live
  where kind like 'ipPool.%' and state not in ('succeeded', 'failed', 'cancelled')`

/** Until everything that speaks with NetBox has come to rest. */
export const quiet = (app: TestApp): Promise<unknown> =>
  until(async () => (await rowsOf(app, UNFINISHED))[0]?.n === 0, 'the jobs about pools to end')

/** NetBox is told what it has not been told yet. */
export async function tell(app: TestApp): Promise<void> {
  await app.as((ctx) => claimService.tellAll(ctx))
  await quiet(app)
}

/** Pool and NetBox are compared, and what that has to be told is told. */
export async function compare(app: TestApp, pool: { id: string }): Promise<Job> {
  const { status, body } = await app.admin.post<{ job: Job }>(
    `/api/admin/provisioning/ip-pools/${pool.id}/compare`,
  )
  if (status !== 202) throw new Error(JSON.stringify(body))
  await quiet(app)
  return body.job
}
