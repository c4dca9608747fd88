import { describe, expect, it } from 'vitest'
import { handlers } from '../../src/jobs/index.ts'
import { doTask, findOurs, openGuest } from '../../src/jobs/cloudPodGuest.ts'
import type { Run, Step } from '../../src/jobs/steps.ts'
import type { PodPayload } from '../../src/services/cloudPodQueues.ts'
import {
  ALL_DEATHS,
  allPlaces,
  everyDeathIsSurvived,
  everyFailureIsUndone,
  everyStepMayRunTwice,
  everyStepRecovers,
} from '../support/harness.ts'
import type { AnyHandler } from '../support/harnessRun.ts'
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
    const careless = changed('make', (step) => ({ ...step, undo: undefined }))
    await expect(everyFailureIsUndone(app(), create, careless, allPlaces)).rejects.toThrow(
      /left something|belong to nobody/,
    )
    await sweep()
  })

  it('notices an undo that says it was done and did nothing', async () => {
    const lying = changed('make', (step) => ({ ...step, undo: async () => undefined }))
    await expect(everyFailureIsUndone(app(), create, lying, allPlaces)).rejects.toThrow(
      /left something|belong to nobody/,
    )
    await sweep()
  })

  it('notices a probe that says "done" although nothing was', async () => {
    const lying = changed('make', (step) => ({ ...step, probe: async () => ({ done: true }) }))
    await expect(everyDeathIsSurvived(app(), create, lying, ALL_DEATHS)).rejects.toThrow(
      /the worker died after boundary/,
    )
  })

  it('notices a step that says it was done and did nothing', async () => {
    const idle = changed('start', (step) => ({ ...step, run: async () => undefined }))
    await expect(everyStepRecovers(app(), create, idle, allPlaces)).rejects.toThrow(/failed before its work/)
  })

  it('notices a step that claims to be repeatable and restarts the guest each time', async () => {
    const restless = changed('verify', (step) => {
      if (!('run' in step)) return step
      const run = async (own: Run<never>): Promise<unknown> => {
        await restart(own)
        return step.run(own)
      }
      return { ...step, run }
    })
    const restart = async (run: Run<PodPayload>): Promise<void> => {
      const guest = await openGuest(run)
      const { proxmox } = guest
      const ref = (await findOurs(run, guest))?.ref
      if (!ref) throw new Error('there is no guest')
      await doTask(run, proxmox, 'stopping', () => proxmox.stop(ref))
      await doTask(run, proxmox, 'starting', () => proxmox.start(ref))
    }
    const always = { ...create, handler: restless }
    await expect(everyStepMayRunTwice(app(), always, restless, allPlaces)).rejects.toThrow(
      /between the work of verify and its record/,
    )
  })

  it('notices that another step failed than the one that was made to', async () => {
    const other = { ...create, handler: changed('disk', (step) => ({ ...step, name: 'elsewhere' })) }
    await expect(everyFailureIsUndone(app(), other, create.handler, allPlaces)).rejects.toThrow(
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
