import { describe, expect, it } from 'vitest'
import { handlers } from '../../src/jobs/index.ts'
import type { Step } from '../../src/jobs/steps.ts'
import {
  everyDeathIsSurvived,
  everyFailureIsUndone,
  everyStepMayRunTwice,
  everyStepRecovers,
  type AnyHandler,
} from '../support/harness.ts'
import { jobCases } from '../support/harnessCases.ts'
import { describeJobs } from '../support/harnessSuite.ts'

it('every job has a case in the harness', () => {
  const covered = new Set(jobCases.map((jobCase) => jobCase.handler.kind))
  expect([...handlers.keys()].filter((kind) => !covered.has(kind))).toEqual([])
})

const app = describeJobs(jobCases.filter((jobCase) => jobCase.handler.kind === 'cloudPod.create'))

describe('the harness itself', () => {
  const [create] = jobCases
  if (!create) throw new Error('there is no case')
  const changed = (name: string, change: (step: Step<never>) => Step<never>): AnyHandler => ({
    ...create.handler,
    steps: create.handler.steps.map((step) => (step.name === name ? change(step) : step)),
  })

  it('notices an undo that is missing', async () => {
    const careless = changed('make', ({ undo: _, ...step }) => step as Step<never>)
    await expect(everyFailureIsUndone(app(), create, careless)).rejects.toThrow(
      /left something|belong to nobody/,
    )
    await sweep()
  })

  it('notices an undo that says it was done and did nothing', async () => {
    const lying = changed('make', (step) => ({ ...step, undo: async () => undefined }))
    await expect(everyFailureIsUndone(app(), create, lying)).rejects.toThrow(
      /left something|belong to nobody/,
    )
    await sweep()
  })

  it('notices a probe that says "done" although nothing was', async () => {
    const lying = changed('make', (step) => ({ ...step, probe: async () => ({ done: true }) }) as Step<never>)
    await expect(everyDeathIsSurvived(app(), create, lying)).rejects.toThrow(/the worker died after boundary/)
  })

  it('notices a step that says it was done and did nothing', async () => {
    const idle = changed('start', (step) => ({ ...step, run: async () => undefined }) as Step<never>)
    await expect(everyStepRecovers(app(), create, idle)).rejects.toThrow(/failed before its work/)
  })

  it('notices a step that claims to be repeatable and starts the guest anew each time', async () => {
    const restless = changed('verify', (step) =>
      'run' in step ? { ...step, idempotent: true, run: (run) => restart().then(() => step.run(run)) } : step,
    )
    const restart = async (): Promise<void> => {
      const { control } = app().sim
      const guest = control.guests().findLast((one) => one.power === 'running')
      const path = `/api2/json/nodes/${guest?.node}/qemu/${guest?.vmid}/status/`
      await post(`${path}stop`)
      await post(`${path}start`)
    }
    await expect(everyStepMayRunTwice(app(), create, restless)).rejects.toThrow(/qmstart/)
  })

  it('notices that another step failed than the one that was made to', async () => {
    const other = { ...create, handler: changed('disk', (step) => ({ ...step, name: 'elsewhere' })) }
    await expect(everyFailureIsUndone(app(), other, create.handler)).rejects.toThrow(
      /elsewhere failed before/,
    )
  })

  /** Removes what a careless job has left, so that later tests find a clean world. */
  async function sweep(): Promise<void> {
    await app().sim.control.idle()
    for (const guest of app().sim.control.guests()) {
      if (guest.config.template !== '1') app().sim.control.removeGuest(guest.vmid)
    }
  }
})
