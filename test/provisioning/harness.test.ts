import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handlers } from '../../src/jobs/index.ts'
import type { Step } from '../../src/jobs/steps.ts'
import { startApp, type TestApp } from '../support/app.ts'
import {
  everyDeathIsSurvived,
  everyFailureIsUndone,
  everyStepMayRunTwice,
  everyStepRecovers,
  type AnyHandler,
} from '../support/harness.ts'
import { jobCases } from '../support/harnessCases.ts'

const QUICK = {
  forkMs: 1,
  cloneMs: 4,
  createMs: 4,
  startMs: 2,
  stopMs: 2,
  shutdownMs: 2,
  destroyMs: 2,
  resizeMs: 1,
  configMs: 1,
}
/** What a worker has started outlives it. */
const SLOW = {
  forkMs: 5,
  cloneMs: 40,
  createMs: 40,
  startMs: 40,
  stopMs: 40,
  shutdownMs: 40,
  destroyMs: 40,
  resizeMs: 40,
  configMs: 40,
}
const LONG_MS = 120_000

let app: TestApp
beforeAll(async () => {
  app = await startApp({ worker: false, speed: QUICK })
  const pool = {
    clusterId: app.clusterId,
    name: 'wide',
    network: '10.64.0.0/16',
    gateway: '10.64.0.1',
    rangeStart: '10.64.0.10',
    rangeEnd: '10.64.255.250',
    bridge: 'vmbr0',
    vlan: null,
    dnsServers: [],
    quarantineHours: 1,
  }
  expect((await app.admin.post('/api/admin/provisioning/ip-pools', pool)).status).toBe(201)
})
afterAll(() => app.close())

it('every job has a case in the harness', () => {
  const covered = new Set(jobCases.map((jobCase) => jobCase.handler.kind))
  expect([...handlers.keys()].filter((kind) => !covered.has(kind))).toEqual([])
})

describe.each(jobCases)('$name', (jobCase) => {
  it(
    'ends in a clean world, or kept for a person, when any step fails for good',
    () => everyFailureIsUndone(app, jobCase),
    LONG_MS,
  )
  it(
    'resumes at the step that failed and ends as if nothing had been, whatever passing failure hits any step',
    () => everyStepRecovers(app, jobCase),
    LONG_MS,
  )
  it(
    'has each effect once although a worker dies between the work of any step and its record',
    () => everyStepMayRunTwice(app, jobCase),
    LONG_MS,
  )
  it(
    'is finished by the next worker after a death behind any commit and any write to the outside',
    async () => {
      app.sim.control.setSpeed(SLOW)
      const deaths = await everyDeathIsSurvived(app, jobCase).finally(() => app.sim.control.setSpeed(QUICK))
      expect(deaths).toBeGreaterThan(jobCase.handler.steps.length)
    },
    LONG_MS,
  )
})

describe('the harness itself', () => {
  const [create] = jobCases
  if (!create) throw new Error('there is no case')
  const changed = (name: string, change: (step: Step<never>) => Step<never>): AnyHandler => ({
    ...create.handler,
    steps: create.handler.steps.map((step) => (step.name === name ? change(step) : step)),
  })

  it('notices an undo that is missing', async () => {
    const careless = changed('make', ({ undo: _, ...step }) => step as Step<never>)
    await expect(everyFailureIsUndone(app, create, careless)).rejects.toThrow(/left something/)
    await sweep()
  })

  it('notices a probe that says "done" although nothing was', async () => {
    const lying = changed('make', (step) => ({ ...step, probe: async () => ({ done: true }) }) as Step<never>)
    await expect(everyDeathIsSurvived(app, create, lying)).rejects.toThrow(/the worker died after boundary/)
  })

  it('notices a step that says it was done and did nothing', async () => {
    const idle = changed('start', (step) => ({ ...step, run: async () => undefined }) as Step<never>)
    await expect(everyStepRecovers(app, create, idle)).rejects.toThrow(/failed before its work/)
  })

  it('notices a step that hides its failure: the one that was made to fail must be the one that failed', async () => {
    const other = { ...create, handler: changed('disk', (step) => ({ ...step, name: 'elsewhere' })) }
    await expect(everyFailureIsUndone(app, other, create.handler)).rejects.toThrow(/elsewhere failed before/)
  })

  /** Removes what the careless job has left, so that later tests find a clean world. */
  async function sweep(): Promise<void> {
    await app.sim.control.idle()
    for (const guest of app.sim.control.guests()) {
      if (guest.config.template !== '1') app.sim.control.removeGuest(guest.vmid)
    }
  }
})
