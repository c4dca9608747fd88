import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Job } from '../../shared/api/provisioning.ts'
import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { IpSource } from '../../shared/api/provisioningSources.ts'
import type { Address } from '../../sim/netbox/model.ts'
import type { NetboxSim } from '../../sim/netbox/server.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import { good } from '../rules/pods.ts'
import { prepareOrder } from '../support/api.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import {
  compare,
  FIELD,
  LOOPBACK,
  netboxWithField,
  poolFrom,
  prefixIn,
  sourceOf,
  tell,
} from '../support/netbox.ts'
import { PODS } from './faults.ts'

export const POOLS = '/api/admin/provisioning/ip-pools'
export type Problem = { code: string; detail: string }
export type Row = Problem & {
  id: string
  kind: string
  address: string | null
  found: string
  state: string
  problem: string | null
}

const QUICK = { cloneMs: 5, createMs: 5, startMs: 2, stopMs: 2, destroyMs: 2, configMs: 1 }

/** An application with a NetBox, and one prefix in it of which a pool can be. */
export async function startWorld() {
  const sim = await netboxWithField()
  const app = await startApp({ worker: false, env: LOOPBACK, speed: QUICK })
  app.sim.control.setStaleness(0)
  // What is due is said by the tests.
  await app.startWorker({ timers: [] })
  const source = await sourceOf(app, sim)
  const world = { app, sim, source, tenantId: await app.tenant(), prefixId: prefixIn(sim, '198.51.100.0/26') }
  return { ...world, ...deedsOf(world) }
}

type World = { app: TestApp; sim: NetboxSim; source: IpSource; tenantId: string; prefixId: number }

function deedsOf({ app, sim, source, tenantId, prefixId }: World) {
  /** What stands in NetBox about an address. */
  const inNetbox = (address: string): Address[] =>
    [...sim.world.addresses.values()].filter((one) => one.address === address)
  const addressOf = async (id: string): Promise<string> =>
    (
      await rowsOf(
        app,
        sql<{
          a: string
        }>`select host(address) as a from ip_addresses where pod_id = ${id} order by is_primary desc limit 1`,
      )
    )[0]?.a ?? ''
  async function order(): Promise<Accepted> {
    const { planId, blueprintId, hostname } = await prepareOrder(app.admin, tenantId, { kind: 'ct' })
    return good(app.admin.post<Accepted>(PODS, { tenantId, planId, blueprintId, hostname }))
  }
  const open = async (state = 'open'): Promise<Row[]> => {
    const { body } = await app.admin.get<{ items: Row[] }>(`/api/admin/provisioning/findings?state=${state}`)
    return body.items.filter(({ kind }) => kind.startsWith('address_'))
  }
  const decide = (id: string, decision: string) =>
    app.admin.post<Row>(`/api/admin/provisioning/findings/${id}`, { decision, reason: 'a test' })
  return {
    inNetbox,
    addressOf,
    order,
    open,
    decide,
    newPool: () => poolFrom(app, source, prefixId, { network: '198.51.100.0/26', rangeEnd: '198.51.100.62' }),
    /** What rests has rested long enough. */
    rested: async (): Promise<void> => {
      await rowsOf(
        app,
        sql`update ip_addresses set until = now() - interval '1 s' where state = 'quarantined'`,
      )
      await app.as(provisioningService.tidy)
    },
    /** What NetBox refused may be tried again. */
    retried: () => rowsOf(app, sql`update ip_claims set retry_at = null`),
    marksOf: (address: string) => inNetbox(address).map((one) => one.custom_fields[FIELD]),
    poolNow: async ({ id }: { id: string }): Promise<IpPool> =>
      (await app.admin.get<IpPool>(`${POOLS}/${id}`)).body,
    /** A pod that is made, once NetBox was told. */
    made: async () => {
      const { cloudPod, job } = await order()
      await tell(app)
      expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
      await tell(app)
      const address = await addressOf(cloudPod.id)
      const [entry] = inNetbox(address)
      if (!entry) throw new Error(`${address} is not in NetBox`)
      return { id: cloudPod.id, address, entry }
    },
    destroy: async (id: string): Promise<void> => {
      const { body } = await app.admin.call<{ job: Job }>('DELETE', `${PODS}/${id}`)
      expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
    },
    /** Has the one open finding repaired, and looks whether that helped. */
    repaired: async (pool: { id: string }, kind: string): Promise<void> => {
      const [finding] = await open()
      expect(finding).toMatchObject({ kind })
      const answer = await decide(finding?.id ?? '', 'repair')
      expect(answer).toMatchObject({ status: 200, body: { state: 'repairing' } })
      await tell(app)
      await compare(app, pool)
      expect(await open()).toEqual([])
      expect(await open('repairing')).toEqual([])
    },
    close: async (): Promise<void> => {
      await app.close()
      await sim.close()
    },
  }
}
