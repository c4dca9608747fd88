import type { Accepted } from '../../src/services/cloudPodService.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, heldBy, podRow, podWorld } from './harnessWorld.ts'
import { adoptionOf, forgetStrangers } from './strangers.ts'

async function arrange(app: TestApp): Promise<Arranged> {
  await app.sim.control.idle()
  forgetStrangers(app)
  const tenantId = await app.tenant()
  const { name, ...body } = await adoptionOf(app, tenantId)
  const answer = await app.admin.post<Accepted>('/api/admin/hosting/cloudpods/adopt', body)
  if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
  const podId = answer.body.cloudPod.id
  const effects = countEffects(app)
  const guest = () => {
    const found = app.sim.control.guests().find(({ vmid }) => vmid === body.vmid)
    return {
      isNamed: found?.config.hostname === name,
      marked: found?.config.description ?? null,
      power: found?.power,
    }
  }
  return {
    jobId: answer.body.job.id,
    world: async () => ({ ...((await podWorld(app, podId)) as object), effects: effects() }),
    holdings: async () => {
      const { state } = await podRow(app, podId)
      if (state === 'active') await expectNothingLeaked(app, tenantId)
      const holds = { state, held: await heldBy(app, podId), ...guest() }
      // A stranger's again, it would be in the way of the cases after this one.
      if (state !== 'active') forgetStrangers(app)
      return holds
    },
    // It is a stranger's again, and says what it said.
    afterPermanent: {
      state: 'failed',
      held: { vmids: [], addresses: [], capacity: 0 },
      isNamed: true,
      marked: null,
      power: 'running',
    },
  }
}

export const adoptionCases = (handlerOf: (kind: string) => AnyHandler): JobCase[] => [
  {
    name: 'cloudPod.adopt of a container',
    handler: handlerOf('cloudPod.adopt'),
    permanent: 'failed',
    arrange,
  },
]
