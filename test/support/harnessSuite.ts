import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from './app.ts'
import { LOOPBACK } from './netbox.ts'
import {
  everyDeathIsSurvived,
  everyDeathWhileUndoingIsSurvived,
  everyFailureIsUndone,
  everyStepMayRunTwice,
  everyStepRecovers,
} from './harness.ts'
import { everyPlanComesTrue } from './harnessPlan.ts'
import type { JobCase } from './harnessRun.ts'
import { ALL } from './some.ts'

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
  snapshotMs: 2,
  migrateMs: 4,
  haMs: 2,
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
  snapshotMs: 40,
  migrateMs: 40,
}
const LONG_MS = 120_000

/** Holds every case to what every job must survive. @returns the app on which the cases run, once it is started */
export function describeJobs(cases: readonly JobCase[]): () => TestApp {
  let app: TestApp
  beforeAll(async () => {
    app = await startApp({ worker: false, speed: QUICK, env: LOOPBACK })
    // Each run makes a pod; the addresses of those before rest.
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

  const slowly = async (work: () => Promise<number>): Promise<number> => {
    app.sim.control.setSpeed(SLOW)
    return work().finally(() => app.sim.control.setSpeed(QUICK))
  }

  describe.each(cases)('$name', (jobCase) => {
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
        const deaths = await slowly(() => everyDeathIsSurvived(app, jobCase))
        expect(deaths).toBeGreaterThan(jobCase.handler.steps.length)
      },
      LONG_MS,
    )
    // In the everyday run each second one by chance, as of much else.
    if (jobCase.handler.kind.startsWith('cloudPod.') && (ALL || randomInt(2) === 0))
      it(
        'does what its plan foresaw, and the plan changes nothing',
        () => everyPlanComesTrue(app, jobCase),
        LONG_MS,
      )
    if (jobCase.permanent === 'stuck') return
    it(
      'is undone to the end by the next worker after a death behind any commit and any write of the undoing',
      async () => {
        expect(await slowly(() => everyDeathWhileUndoingIsSurvived(app, jobCase))).toBeGreaterThan(1)
      },
      LONG_MS,
    )
  })
  return () => app
}
