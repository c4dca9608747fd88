import { sql } from 'kysely'
import { parseNet0 } from '../../src/integrations/proxmox/guestConfig.ts'
import * as pods from '../../src/db/cloudPods.ts'
import * as cloudPodQueues from '../../src/services/cloudPodQueues.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { countEffects, guestsOf, heldBy, podRow, rowsOf } from './harnessWorld.ts'

type MakePod = (app: TestApp, tenantId: string, kind: 'vm' | 'ct') => Promise<string>

/** The pod that these cases work on; its card is made fast again before the next one. */
const kept = new WeakMap<TestApp, Promise<string>>()

/** A running pod at 100 Mbit/s that is to be slowed down to 20. */
async function arrange(app: TestApp, make: MakePod): Promise<Arranged> {
  await app.sim.control.idle()
  const made = kept.get(app) ?? app.tenant().then((tenantId) => make(app, tenantId, 'vm'))
  kept.set(app, made)
  const podId = await made
  const { vmid, tenant_id: tenantId } = await podRow(app, podId)
  const card = (guestsOf(app, podId)[0]?.config.net0 ?? '').replace(/,rate=[^,]*/, '')
  app.sim.control.changeGuest(vmid, { config: { net0: `${card},rate=12.5` } })
  await rowsOf(app, sql`update cloud_pods set rate_mbps = 100 where id = ${podId}`)
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set idempotency_key = id::text where subject_id = ${podId}`,
  )
  const { id } = await app.as(async (ctx) => {
    const pod = await pods.lock(ctx.tx, tenantId, podId)
    if (!pod) throw new Error('the pod is gone')
    return cloudPodQueues.enqueueBandwidth(ctx, pod, 20)
  })
  const effects = countEffects(app)
  const holds = async () => {
    const { state, rate_mbps } = await podRow(app, podId)
    const cards = guestsOf(app, podId).map(({ config }) => parseNet0(config.net0))
    return { state, rate_mbps, cards, held: await heldBy(app, podId) }
  }
  return {
    jobId: id,
    world: async () => ({ ...(await holds()), effects: effects() }),
    holdings: holds,
    afterPermanent: await holds(),
  }
}

export const bandwidthCases = (handlerOf: (kind: string) => AnyHandler, make: MakePod): JobCase[] => [
  {
    name: 'cloudPod.bandwidth of a machine',
    handler: handlerOf('cloudPod.bandwidth'),
    permanent: 'failed',
    arrange: (app) => arrange(app, make),
  },
]
