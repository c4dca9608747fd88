import { expect } from 'vitest'
import { createCaller } from '../../src/integrations/proxmox/caller.ts'
import type { Caller } from '../../src/integrations/proxmox/caller.ts'
import { proxmoxOf } from '../../src/integrations/proxmox/client.ts'
import { shownParams } from '../../src/integrations/proxmox/planCaller.ts'
import type { PlannedCall, ProxmoxConnection } from '../../src/integrations/proxmox/types.ts'
import type { TestApp } from './app.ts'
import { toRest, type JobCase } from './harnessRun.ts'

/** A client that does everything, and writes down what it changes. */
function witnessed(connection: ProxmoxConnection, seen: PlannedCall[]) {
  const caller = createCaller(connection)
  const call: Caller['call'] = (method, path, more = {}) => {
    if (method !== 'GET') seen.push({ method, path, params: shownParams(more) })
    return caller.call(method, path, more)
  }
  return proxmoxOf({ ...caller, call })
}

/** (f) Plans the job, and then runs it: the plan changes nothing, and what it foresaw is what is asked of the cluster. */
export async function everyPlanComesTrue(app: TestApp, jobCase: JobCase): Promise<void> {
  const arranged = await jobCase.arrange(app)
  const before = await arranged.world()
  const plan = await app.root.planJob(arranged.jobId, AbortSignal.timeout(30_000))
  expect(await arranged.world(), 'the plan has changed something').toEqual(before)
  const seen: PlannedCall[] = []
  const vendors = {
    ...app.root.vendors,
    proxmox: (connection: ProxmoxConnection) => witnessed(connection, seen),
  }
  const { job } = await toRest({ ...app, root: { ...app.root, vendors } }, arranged.jobId, jobCase.handler)
  const foreseen = plan.steps.flatMap(({ calls }) => calls)
  // What stands in a backup is only seen once it is restored: up to there the plan holds.
  const isOpen = plan.outcome === 'open'
  expect({ outcome: plan.outcome, message: plan.message }).toEqual(
    isOpen
      ? { outcome: 'open', message: expect.stringContaining('backup') }
      : { outcome: 'succeeds', message: null },
  )
  expect(job.state).toBe('succeeded')
  expect(foreseen).toEqual(isOpen ? seen.slice(0, foreseen.length) : seen)
  expect(plan.steps.every(({ reached }) => reached === 'now') || isOpen).toBe(true)
}
