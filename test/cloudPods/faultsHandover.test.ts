import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { clientOf } from '../../src/jobs/cloudPodGuest.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import {
  CLONE,
  countTasks,
  expectDelivered,
  lastRequest,
  orderAndPay,
  requestArrives,
  saysItWaits,
  showPod,
  type Placed,
} from './faults.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** What a worker before this one has asked for, arriving only now. */
async function lateRequest(placed: Placed & { jobId: string }): Promise<void> {
  const { placement } = await showPod(app, placed.podId)
  const node = placement?.nodeName ?? ''
  const [image] = await rowsOf(
    app,
    sql<{ ref: string }>`select i.ref from cloud_pod_blueprint_images i join nodes n on n.id = i.node_id
      where i.blueprint_id = ${placed.order.blueprintId} and n.name = ${node}`,
  )
  const proxmox = await app.as((ctx) => clientOf(ctx, app.clusterId))
  const answer = await proxmox.clone({
    node,
    templateVmid: Number(image?.ref),
    newVmid: placed.vmid,
    name: placed.order.hostname,
    description: proxmox.words.markerOf(placed.podId, placed.jobId),
    storage: 'shared',
  })
  expect(answer.outcome).toBe('pending')
}

it('a clone that an earlier worker had asked for and that arrives first is the pod: no other VMID is taken', async () => {
  const since = lastRequest(app)
  app.sim.control.addFault({ method: 'POST', path: CLONE, delayMs: 800 })
  const placed = await orderAndPay(app)
  await requestArrives(app, 'POST', CLONE, since)
  await lateRequest(placed)
  expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
  await app.sim.control.idle()
  await expectDelivered(app, placed)
  expect(guestsOf(app, placed.podId).map((guest) => guest.vmid)).toEqual([placed.vmid])
  await expectNothingLeaked(app, placed.tenantId)
})

it('a clone whose answer was lost and which has not begun yet is waited for, not asked for again', async () => {
  const clones = countTasks(app, 'qmclone')
  app.sim.control.addFault({ method: 'POST', path: CLONE, dropAfter: true })
  app.sim.control.pauseTasks('qmclone')
  const placed = await orderAndPay(app)
  await saysItWaits(app, placed.jobId, /a task that may be ours is running/)
  app.sim.control.resumeTasks()
  expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
  await expectDelivered(app, placed)
  expect(clones()).toBe(1)
  await expectNothingLeaked(app, placed.tenantId)
})
