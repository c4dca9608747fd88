import { sql } from 'kysely'
import type { Finding } from '../../shared/api/provisioningFindings.ts'
import type { FindingKind } from '../../shared/states/finding.ts'
import * as cloudPodQueues from '../../src/services/cloudPodQueues.ts'
import { newId } from '../../src/lib/ids.ts'
import type { TestApp } from './app.ts'
import { ownPod, type PodParts } from './harnessPods.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { countEffects, guestsOf, heldBy, podRow, rowsOf } from './harnessWorld.ts'

type MakePod = PodParts['activePod']

/** The pod that these cases work on; nothing of it is lost by them. */
const podOf = async (app: TestApp, make: MakePod): Promise<string> =>
  (await ownPod(app, 'findings', (tenantId) => make(app, tenantId, 'ct'))).podId

const settle = (app: TestApp, podId: string) =>
  rowsOf(
    app,
    sql`update findings set state = 'closed', outcome = 'vanished', closed_at = now()
      where pod_id = ${podId} and state <> 'closed'`,
  )

/** A finding about a pod, and the job that somebody has it repaired by. */
async function repairOf(app: TestApp, podId: string, kind: FindingKind, vmid: number) {
  const id = newId()
  await settle(app, podId)
  await rowsOf(
    app,
    sql`insert into findings (id, kind, cluster_id, vmid, pod_id, label, expected, found, facts, state, first_seen_at, last_seen_at)
      values (${id}, ${kind}, ${app.clusterId}, ${vmid}, ${podId}, 'a guest', 'x', 'y', '{}', 'open', now(), now())`,
  )
  const { status, body } = await app.admin.post<Finding>(`/api/admin/provisioning/findings/${id}`, {
    decision: 'repair',
    reason: 'a test',
  })
  if (status !== 200 || body.jobId === null) throw new Error(JSON.stringify(body))
  const stateOf = async () => (await rowsOf(app, sql`select state from findings where id = ${id}`))[0]
  return { jobId: body.jobId, stateOf }
}

async function arrangeRepair(app: TestApp, make: MakePod): Promise<Arranged> {
  await app.sim.control.idle()
  const podId = await podOf(app, make)
  const { vmid } = await podRow(app, podId)
  const [guest] = guestsOf(app, podId)
  const net0 = (guest?.config.net0 ?? '').replace('vmbr0', 'vmbr9')
  app.sim.control.changeGuest(vmid, { config: { cores: '7', tags: 'other', net0 } })
  const { jobId, stateOf } = await repairOf(app, podId, 'resized', vmid)
  const effects = countEffects(app)
  const holds = async () => ({ state: (await podRow(app, podId)).state, held: await heldBy(app, podId) })
  return {
    jobId,
    world: async () => ({
      ...(await holds()),
      guests: guestsOf(app, podId).map(({ power, config: { cores, tags, net0: card } }) => [
        power,
        cores,
        tags,
        card,
      ]),
      finding: await stateOf(),
      effects: effects(),
    }),
    holdings: async () => ({ ...(await holds()), finding: await stateOf() }),
    afterPermanent: { ...(await holds()), finding: { state: 'open' } },
  }
}

let orphans = 0

async function arrangeOrphan(app: TestApp, make: MakePod): Promise<Arranged> {
  await app.sim.control.idle()
  const podId = await podOf(app, make)
  const [guest] = guestsOf(app, podId)
  if (!guest) throw new Error('the pod has no guest')
  const vmid = 70_000 + orphans++
  const { description = '' } = guest.config
  app.sim.control.createGuest({
    vmid,
    node: guest.node,
    name: 'copy',
    power: 'running',
    config: { description },
  })
  const { jobId, stateOf } = await repairOf(app, podId, 'orphan', vmid)
  const own = async () => ({
    power: app.sim.control.guests().find((one) => one.vmid === guest.vmid)?.power,
    held: await heldBy(app, podId),
  })
  const isThere = () => app.sim.control.guests().some((one) => one.vmid === vmid)
  return {
    jobId,
    world: async () => ({ ...(await own()), isThere: isThere(), finding: await stateOf() }),
    holdings: async () => {
      const holds = { ...(await own()), finding: await stateOf() }
      // What failed for good may have left the copy: it is taken away, so that the next case finds none.
      if (isThere()) app.sim.control.removeGuest(vmid)
      return holds
    },
    afterPermanent: { ...(await own()), finding: { state: 'open' } },
  }
}

let rounds = 0

async function arrangeReconcile(app: TestApp, make: MakePod): Promise<Arranged> {
  await app.sim.control.idle()
  const podId = await podOf(app, make)
  const { vmid } = await podRow(app, podId)
  await settle(app, podId)
  app.sim.control.changeGuest(vmid, { config: { cores: '7' } })
  const cluster = { id: app.clusterId, name: 'simulated' }
  const { id } = await app.as((ctx) => cloudPodQueues.enqueueReconcile(ctx, cluster, `harness ${rounds++}`))
  const holds = async () => ({ state: (await podRow(app, podId)).state, held: await heldBy(app, podId) })
  return {
    jobId: id,
    world: async () => ({
      ...(await holds()),
      findings: await rowsOf(
        app,
        sql`select kind, state, found from findings where pod_id = ${podId} and state <> 'closed' order by kind`,
      ),
    }),
    holdings: holds,
    afterPermanent: await holds(),
  }
}

export const findingCases = (handlerOf: (kind: string) => AnyHandler, make: MakePod): JobCase[] => [
  {
    name: 'cloudPod.repair of a container that was changed by hand',
    handler: handlerOf('cloudPod.repair'),
    permanent: 'failed',
    arrange: (app) => arrangeRepair(app, make),
  },
  {
    name: 'cloudPod.removeOrphan',
    handler: handlerOf('cloudPod.removeOrphan'),
    permanent: 'failed',
    arrange: (app) => arrangeOrphan(app, make),
  },
  {
    name: 'cluster.reconcile',
    handler: handlerOf('cluster.reconcile'),
    permanent: 'failed',
    arrange: (app) => arrangeReconcile(app, make),
  },
]
