import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, heldBy } from '../support/harnessWorld.ts'
import {
  cancelNow,
  CLONE,
  countTasks,
  delivered,
  expectDelivered,
  lastRequest,
  orderAndPay,
  payOrder,
  placeOrder,
  requestArrives,
  saysItWaits,
  showPod,
  showSubscription,
  type Placed,
} from './faults.ts'

let app: TestApp
const foreign: number[] = []
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
afterEach(() => {
  app.sim.control.clearFaults()
  app.sim.control.resumeTasks()
})

/** A guest that somebody else has made under this VMID. */
function strangerAt(vmid: number, node: string): void {
  app.sim.control.createGuest({ vmid, node, name: 'not-ours', storage: 'shared', power: 'running' })
  foreign.push(vmid)
}
const stranger = (vmid: number) => app.sim.control.guests().find((guest) => guest.vmid === vmid)

const nodeOf = async (placed: Placed): Promise<string> =>
  (await showPod(app, placed.podId)).placement?.nodeName ?? ''
const otherThan = (node: string): string => (node === 'pve2' ? 'pve3' : 'pve2')

async function deliveredBesides(placed: Placed, jobId: string, before: unknown): Promise<void> {
  expect(await finished(app.admin, jobId)).toMatchObject({ state: 'succeeded' })
  await expectDelivered(app, placed)
  const { placement } = await showPod(app, placed.podId)
  expect(placement?.vmid).not.toBe(placed.vmid)
  expect(stranger(placed.vmid)).toEqual(before)
  await expectNothingLeaked(app, placed.tenantId, foreign)
}

/** The job is over, nothing is left, and the subscription says why. */
async function failedCleanly(placed: Placed & { jobId: string }, reason: RegExp): Promise<void> {
  const job = await finished(app.admin, placed.jobId)
  expect(job).toMatchObject({
    state: 'failed',
    error: { message: expect.stringMatching(reason) as string },
  })
  const subscription = await showSubscription(app, placed.subscription.id)
  expect(subscription).toMatchObject({
    state: 'provisioning',
    deliveryProblem: expect.stringMatching(reason) as string,
  })
  expect((await showPod(app, placed.podId)).state).toBe('failed')
  await expectNothingLeaked(app, placed.tenantId, foreign)
}

it.each(['vm', 'ct'] as const)(
  'a VMID that a stranger holds is left alone and another one taken for the %s',
  async (kind) => {
    const placed = await placeOrder(app, { kind })
    strangerAt(placed.vmid, otherThan(await nodeOf(placed)))
    const before = stranger(placed.vmid)
    await deliveredBesides(placed, await payOrder(app, placed), before)
  },
)

it.each([
  ['on the same node, so that the request is refused', true],
  ['on another node, so that the task fails', false],
])('a stranger who takes the VMID in the moment of the clone, %s, keeps it', async (_where, same) => {
  const placed = await placeOrder(app)
  const node = await nodeOf(placed)
  const since = lastRequest(app)
  if (same) app.sim.control.addFault({ method: 'POST', path: CLONE, delayMs: 400 })
  else app.sim.control.pauseTasks('qmclone')
  const jobId = await payOrder(app, placed)
  await requestArrives(app, 'POST', CLONE, since)
  strangerAt(placed.vmid, same ? node : otherThan(node))
  const before = stranger(placed.vmid)
  app.sim.control.resumeTasks()
  await deliveredBesides(placed, jobId, before)
})

it('a stranger who takes the VMID in the moment a container is made keeps it', async () => {
  const placed = await placeOrder(app, { kind: 'ct' })
  const node = await nodeOf(placed)
  const since = lastRequest(app)
  app.sim.control.addFault({ method: 'POST', path: '/lxc$', delayMs: 400 })
  const jobId = await payOrder(app, placed)
  await requestArrives(app, 'POST', '/lxc$', since)
  strangerAt(placed.vmid, node)
  const before = stranger(placed.vmid)
  await deliveredBesides(placed, jobId, before)
})

it('a disk that is full during the clone ends in the words of the cluster and a clean world', async () => {
  const placed = await orderAndPay(app, { hostname: 'disk-full-1' })
  await failedCleanly(placed, /clone failed: copy failed/)
})

it('a clone whose task fails ends in a clear error and a clean world', async () => {
  const placed = await orderAndPay(app, { hostname: 'fail-clone-1' })
  await failedCleanly(placed, /cloning disk: .*failed/)
})

it('a guest that does not start is removed again, with the reason kept', async () => {
  const placed = await orderAndPay(app, { hostname: 'fail-start-1' })
  await failedCleanly(placed, /start failed: QEMU exited/)
})

it('a container that cannot be made leaves nothing', async () => {
  app.sim.control.failTask({ type: 'vzcreate', text: 'unable to create CT: out of inodes' })
  const placed = await orderAndPay(app, { kind: 'ct' })
  await failedCleanly(placed, /out of inodes/)
})

it('a clone that is killed on its node leaves a locked guest: the job says so and waits until it is unlocked', async () => {
  const clones = countTasks(app, 'qmclone')
  app.sim.control.setSpeed({ cloneMs: 3_000 })
  const placed = await orderAndPay(app)
  const locked = () => app.sim.control.guests().find((guest) => guest.vmid === placed.vmid)
  await until(async () => locked()?.config.lock === 'clone', 'the clone to hold its lock')
  app.sim.control.setSpeed({ cloneMs: 60 })
  app.sim.control.killTask(app.sim.control.tasks().findLast((task) => task.type === 'qmclone')?.upid ?? '')
  await saysItWaits(app, placed.jobId, /being made|locked/)
  app.sim.control.removeGuest(placed.vmid)
  expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
  await expectDelivered(app, placed)
  expect(clones()).toBe(2)
  await expectNothingLeaked(app, placed.tenantId, foreign)
})

it('a configuration changed by hand in the middle is looked at again, and the pod becomes what was ordered', async () => {
  const since = lastRequest(app)
  app.sim.control.addFault({ method: 'POST', path: '/config$', delayMs: 400 })
  const placed = await orderAndPay(app)
  await requestArrives(app, 'POST', '/config$', since)
  app.sim.control.changeGuest(placed.vmid, { config: { cores: '7' } })
  expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
  await expectDelivered(app, placed)
  expect(guestsOf(app, placed.podId)[0]?.config.cores).toBe('1')
  await expectNothingLeaked(app, placed.tenantId, foreign)
})

it('a guest moved to another node by hand in the middle is found there', async () => {
  const since = lastRequest(app)
  app.sim.control.addFault({ method: 'POST', path: '/status/start$', delayMs: 400 })
  const placed = await orderAndPay(app)
  await requestArrives(app, 'POST', '/status/start$', since)
  app.sim.control.changeGuest(placed.vmid, { node: otherThan(await nodeOf(placed)) })
  expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
  await expectDelivered(app, placed)
  await expectNothingLeaked(app, placed.tenantId, foreign)
})

it('a guest destroyed by hand while it is set up ends the job with that reason, and nothing is left', async () => {
  const since = lastRequest(app)
  app.sim.control.addFault({ method: 'PUT', path: '/resize$', delayMs: 400 })
  const placed = await orderAndPay(app)
  await requestArrives(app, 'PUT', '/resize$', since)
  app.sim.control.removeGuest(placed.vmid)
  await failedCleanly(placed, /has disappeared while it was being set up/)
})

it('a pod whose VMID now belongs to a stranger is not destroyed: the job is stuck and everything stays held', async () => {
  const placed = await delivered(app)
  const before = await heldBy(app, placed.podId)
  app.sim.control.removeGuest(placed.vmid)
  strangerAt(placed.vmid, await nodeOf(placed))
  const guest = stranger(placed.vmid)
  const job = await cancelNow(app, placed.subscription.id)
  const stuck = await finished(app.admin, job?.id ?? '')
  expect(stuck).toMatchObject({ state: 'stuck', error: { code: 'not_ours' } })
  expect(stuck.error?.message).toContain(String(placed.vmid))
  expect(stranger(placed.vmid)).toEqual(guest)
  expect(await heldBy(app, placed.podId)).toEqual(before)
  expect((await showPod(app, placed.podId)).state).toBe('deleting')
})

it('a pod that somebody destroyed by hand is released once its absence is proven', async () => {
  const placed = await delivered(app)
  app.sim.control.removeGuest(placed.vmid)
  const job = await cancelNow(app, placed.subscription.id)
  expect(await finished(app.admin, job?.id ?? '')).toMatchObject({ state: 'succeeded' })
  await expectNothingLeaked(app, placed.tenantId, foreign)
})

it('a template that is gone is named, and nothing is left', async () => {
  for (const guest of app.sim.control.guests()) {
    if (guest.config.template === '1' && guest.config.name?.startsWith('debian')) {
      app.sim.control.removeGuest(guest.vmid)
    }
  }
  const placed = await orderAndPay(app)
  await failedCleanly(placed, /is gone: .*VM 90\d\d/)
})
