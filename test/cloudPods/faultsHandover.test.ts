import { afterAll, beforeAll, expect, it } from 'vitest'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf } from '../support/harnessWorld.ts'
import { CLONE, expectDelivered, lastRequest, orderAndPay, requestArrives } from './faults.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false })
})
afterAll(() => app.close())

it.each([
  ['before the next worker asks for the same', 600, 1_500],
  ['after the next worker has asked for the same', 1_500, 0],
])(
  'a clone request that was still on its way when its worker stopped, and is done %s, makes no second guest',
  async (_when, first, second) => {
    const since = lastRequest(app)
    for (const delayMs of [first, second]) app.sim.control.addFault({ method: 'POST', path: CLONE, delayMs })
    const worker = await app.startWorker({ drainMs: 10 })
    const placed = await orderAndPay(app)
    await requestArrives(app, 'POST', CLONE, since)
    await worker.stop()
    const next = await app.startWorker()
    expect(await finished(app.admin, placed.jobId)).toMatchObject({ state: 'succeeded' })
    expect(app.sim.control.requests({ method: 'POST', path: CLONE, since })).toHaveLength(2)
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await app.sim.control.idle()
    await expectDelivered(app, placed)
    expect(guestsOf(app, placed.podId)).toHaveLength(1)
    await expectNothingLeaked(app, placed.tenantId)
    await next.stop()
  },
)
