import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, heldBy } from '../support/harnessWorld.ts'
import {
  cancelNow,
  CLONE,
  countTasks,
  delivered,
  expectDelivered,
  orderAndPay,
  requestArrives,
  lastRequest,
  saysItWaits,
  showPod,
  showSubscription,
  type Placed,
} from './faults.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
afterEach(() => {
  app.sim.control.clearFaults()
  app.sim.control.resumeTasks()
  app.sim.control.setQuorum(true)
})

const cutOff = () => app.sim.control.addFault({ path: '.', dropBefore: true, times: 1_000_000 })

async function deliveredAfterAll(placed: Placed & { jobId: string }): Promise<void> {
  expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
  await expectDelivered(app, placed)
  await expectNothingLeaked(app, placed.tenantId)
}

it('an order is taken while the cluster cannot be reached, waits for it by name, and is delivered when it is back', async () => {
  cutOff()
  const placed = await orderAndPay(app)
  const job = await saysItWaits(app, placed.jobId, /connection|reset|closed|hang up/)
  expect(job.attempts).toBe(0)
  expect(guestsOf(app, placed.podId)).toEqual([])
  await expectNothingLeaked(app, placed.tenantId)
  app.sim.control.clearFaults()
  await deliveredAfterAll(placed)
})

it('a cluster that goes away while it clones is waited for; the clone it finished alone is the pod', async () => {
  const clones = countTasks(app, 'qmclone')
  app.sim.control.pauseTasks('qmclone')
  const placed = await orderAndPay(app)
  await until(async () => clones() === 1, 'the clone to begin')
  cutOff()
  await saysItWaits(app, placed.jobId, /./)
  app.sim.control.resumeTasks()
  await app.sim.control.idle()
  app.sim.control.clearFaults()
  await deliveredAfterAll(placed)
  expect(clones()).toBe(1)
})

it.each([
  ['is lost after the cluster accepted it', { dropAfter: true }],
  ['never arrives', { dropBefore: true }],
  ['is cut in half', { truncate: true }],
  ['is a 595 (the node could not be asked)', { status: 595 }],
  ['is a 596 although the cluster does it', { status: 596, execute: true }],
  ['is a 596 and nothing was done', { status: 596 }],
])('one guest is made by one task when the answer to the clone request %s', async (_what, fault) => {
  const clones = countTasks(app, 'qmclone')
  app.sim.control.addFault({ method: 'POST', path: CLONE, ...fault })
  const placed = await orderAndPay(app)
  await deliveredAfterAll(placed)
  expect(clones()).toBe(1)
})

it.each([
  ['configure', 'POST', '/config$'],
  ['grow the disk', 'PUT', '/resize$'],
  ['start', 'POST', '/status/start$'],
])(
  'a lost answer of the request to %s does not keep the pod from being delivered once',
  async (_what, method, path) => {
    const clones = countTasks(app, 'qmclone')
    app.sim.control.addFault({ method, path, dropAfter: true })
    const placed = await orderAndPay(app)
    await deliveredAfterAll(placed)
    expect(clones()).toBe(1)
  },
)

it('containers too are made once when the answer is lost', async () => {
  const made = countTasks(app, 'vzcreate')
  app.sim.control.addFault({ method: 'POST', path: '/lxc$', dropAfter: true })
  const placed = await orderAndPay(app, { kind: 'ct' })
  await deliveredAfterAll(placed)
  expect(made()).toBe(1)
})

it('a 500 that refuses the clone ends the job with the reason of the cluster, and nothing is left', async () => {
  app.sim.control.addFault({ method: 'POST', path: CLONE, status: 500 })
  const placed = await orderAndPay(app)
  expect(await finished(app.admin, placed.jobId)).toMatchObject({
    state: 'failed',
    error: { message: expect.stringContaining('start worker failed') as string },
  })
  const { deliveryProblem } = await showSubscription(app, placed.subscription.id)
  expect(deliveryProblem).toContain('start worker failed')
  await expectNothingLeaked(app, placed.tenantId)
})

it('a cluster without quorum is waited for', async () => {
  app.sim.control.setQuorum(false)
  const placed = await orderAndPay(app)
  await saysItWaits(app, placed.jobId, /quorum/)
  expect(guestsOf(app, placed.podId)).toEqual([])
  app.sim.control.setQuorum(true)
  await deliveredAfterAll(placed)
})

it('quorum lost in the middle undoes nothing: the pod is finished when it is back', async () => {
  const since = lastRequest(app)
  app.sim.control.pauseTasks('qmclone')
  const placed = await orderAndPay(app)
  await requestArrives(app, 'POST', CLONE, since)
  app.sim.control.setQuorum(false)
  app.sim.control.resumeTasks()
  await saysItWaits(app, placed.jobId, /quorum/)
  app.sim.control.setQuorum(true)
  await deliveredAfterAll(placed)
})

it('a node that is away while its pod is destroyed keeps address, VMID and capacity until it is back', async () => {
  const placed = await podNotOnEntryNode()
  const node = (await showPod(app, placed.podId)).placement?.nodeName ?? ''
  const before = await heldBy(app, placed.podId)
  app.sim.control.setNode(node, 'offline')
  try {
    const job = await cancelNow(app, placed.subscription.id)
    await saysItWaits(app, job?.id ?? '', /./)
    expect((await showPod(app, placed.podId)).state).toBe('deleting')
    expect(await heldBy(app, placed.podId)).toEqual(before)
    expect((await showSubscription(app, placed.subscription.id)).state).toBe('terminating')
    app.sim.control.setNode(node, 'online')
    expect(await finished(app.admin, job?.id ?? '')).toMatchObject({ state: 'succeeded' })
  } finally {
    app.sim.control.setNode(node, 'online')
  }
  expect((await showSubscription(app, placed.subscription.id)).state).toBe('terminated')
  await expectNothingLeaked(app, placed.tenantId)
})

/** The entry node answers for the whole cluster: only another one can be away alone. */
async function podNotOnEntryNode(): Promise<Placed> {
  for (;;) {
    const placed = await delivered(app)
    if ((await showPod(app, placed.podId)).placement?.nodeName !== 'pve1') return placed
  }
}
