import { sql } from 'kysely'
import type { Job } from '../../shared/api/provisioning.ts'
import { groupIn } from '../rules/casesFirewall.ts'
import type { TestApp } from './app.ts'
import type { AnyHandler, Arranged, JobCase } from './harnessRun.ts'
import { countEffects, guestsOf, podRow, rowsOf } from './harnessWorld.ts'

type MakePod = (app: TestApp, tenantId: string, kind: 'vm' | 'ct') => Promise<string>
type Own = { podId: string; groupId: string; begun: ReturnType<typeof guestsOf>[number]['firewall'] }

/** The container that this case works on; its firewall is as it was made before the next one. */
const kept = new WeakMap<TestApp, Promise<Own>>()

async function prepare(app: TestApp, make: MakePod): Promise<Own> {
  const tenantId = await app.tenant()
  const podId = await make(app, tenantId, 'ct')
  return { podId, groupId: (await groupIn(app, tenantId)).id, begun: guestsOf(app, podId)[0]?.firewall }
}

/** A running container that is to be put under a group. */
async function arrange(app: TestApp, make: MakePod): Promise<Arranged> {
  await app.sim.control.idle()
  const made = kept.get(app) ?? prepare(app, make)
  kept.set(app, made)
  const { podId, groupId, begun } = await made
  const { vmid } = await podRow(app, podId)
  if (begun) app.sim.control.changeGuest(vmid, { firewall: structuredClone(begun) })
  await rowsOf(app, sql`delete from cloud_pod_security_groups where pod_id = ${podId}`)
  const path = `/api/admin/hosting/cloudpods/${podId}/firewall`
  const { status, body } = await app.admin.call<{ job: Job }>('PATCH', path, { groupIds: [groupId] })
  if (status !== 202) throw new Error(JSON.stringify(body))
  const effects = countEffects(app)
  const holds = async () => {
    const { state, firewall_managed } = await podRow(app, podId)
    const groups = await rowsOf(
      app,
      sql`select group_id from cloud_pod_security_groups where pod_id = ${podId}`,
    )
    return { state, firewall_managed, groups }
  }
  return {
    jobId: body.job.id,
    world: async () => ({
      ...(await holds()),
      guest: guestsOf(app, podId)[0]?.firewall,
      effects: effects(),
    }),
    holdings: holds,
    // What was decided stays; how far its guest came is said by the next comparison.
    afterPermanent: { state: 'active', firewall_managed: true, groups: [{ group_id: groupId }] },
  }
}

export const firewallCases = (handlerOf: (kind: string) => AnyHandler, make: MakePod): JobCase[] => [
  {
    name: 'cloudPod.firewall of a container',
    handler: handlerOf('cloudPod.firewall'),
    permanent: 'failed',
    arrange: (app) => arrange(app, make),
  },
]
