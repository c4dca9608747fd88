import { afterAll, beforeAll, expect, it } from 'vitest'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { JobDetail } from '../../shared/api/provisioning.ts'
import type { Finding } from '../../shared/api/provisioningFindings.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import { newId } from '../../src/lib/ids.ts'
import { prepareOrder } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'

/** A restored database hands out what guests that it does not know have already: while all is stopped, orders are taken. */
let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp()
  app.sim.control.setStaleness(0)
  tenantId = await app.tenant()
})
afterAll(() => app.close())

const PODS = '/api/admin/hosting/cloudpods'
const AUTOMATION = '/api/admin/provisioning'
const ALL = { what: 'all', which: '*' }
async function stop(): Promise<void> {
  const { status } = await app.admin.post(`${AUTOMATION}/queues/pause`, { ...ALL, reason: 'restored' })
  expect(status).toBe(200)
}
async function startAgain(): Promise<void> {
  expect((await app.admin.post(`${AUTOMATION}/queues/resume`, ALL)).status).toBe(200)
}

async function order(kind: 'vm' | 'ct'): Promise<{ id: string; jobId: string }> {
  const { planId, blueprintId, hostname } = await prepareOrder(app.admin, tenantId, { kind })
  const given = { tenantId, customerId: null, planId, blueprintId, hostname }
  const { body } = await app.admin.post<Accepted>(PODS, given)
  return { id: body.cloudPod.id, jobId: body.job.id }
}
async function show(id: string) {
  const { body } = await app.admin.get<CloudPodDetail>(`${PODS}/${id}`)
  return { ...body, vmid: body.placement?.vmid ?? 0, address: body.addresses[0] ?? '' }
}
/** Everything is started again, and the pod is not made while the comparison does not come. */
async function startAgainAndCompare(jobId: string, podId: string, guests: number): Promise<void> {
  const comparing = { what: 'kind', which: 'cluster.reconcile' }
  await app.admin.post(`${AUTOMATION}/queues/pause`, { ...comparing, reason: 'a test' })
  await startAgain()
  await until(async () => {
    const { body } = await app.admin.get<JobDetail>(`${AUTOMATION}/jobs/${jobId}`)
    return body.waitingFor?.includes('compared with the pods before anything is made') ?? false
  }, 'the job to wait for the comparison')
  expect(guestsOf(podId)).toHaveLength(guests)
  await app.admin.post(`${AUTOMATION}/queues/resume`, comparing)
}
const guestsOf = (podId: string) =>
  app.sim.control.guests().filter(({ config }) => config.description?.includes(podId))

it.each(['vm', 'ct'] as const)(
  'a %s ordered on a restored database is made after the first comparison, beside the guest that has its VMID and address',
  async (kind) => {
    await stop()
    const { id, jobId } = await order(kind)
    const reserved = await show(id)
    const unknown = newId()
    app.sim.control.createGuest({
      vmid: reserved.vmid,
      node: 'pve1',
      name: 'made-since-the-backup',
      power: 'running',
      config: {
        description: `mpanel:pod=${unknown};op=x`,
        tags: 'mpanel',
        ipconfig0: `ip=${reserved.address}/24`,
      },
    })
    await startAgainAndCompare(jobId, id, 0)
    expect(await finished(app.admin, jobId)).toMatchObject({ state: 'succeeded' })
    const made = await show(id)
    expect(made.state).toBe('active')
    expect(made.address).not.toBe(reserved.address)
    expect(made.vmid).not.toBe(reserved.vmid)
    expect(guestsOf(id)).toHaveLength(1)
    expect(guestsOf(unknown)).toMatchObject([{ vmid: reserved.vmid, power: 'running' }])
    const { body } = await app.admin.get<{ items: Finding[] }>(`${AUTOMATION}/findings?kind=orphan`)
    const orphan = body.items.find(({ vmid, state }) => vmid === reserved.vmid && state === 'open')
    expect(orphan?.found).toBe('made-since-the-backup, with the mark of a pod that is not known here')
    const { body: page } = await app.admin.get<{ items: { address: string; state: string }[] }>(
      `${AUTOMATION}/ip-pools/${await poolId()}/addresses?limit=200`,
    )
    expect(page.items.find(({ address }) => address === reserved.address)).toMatchObject({ state: 'kept' })
  },
)

it('a pod that was delivered after the backup is found by its mark and not made a second time', async () => {
  const before = await order('vm')
  expect(await finished(app.admin, before.jobId)).toMatchObject({ state: 'succeeded' })
  const template = guestsOf(before.id)[0]
  await stop()
  const { id, jobId } = await order('vm')
  const { vmid, address } = await show(id)
  app.sim.control.createGuest({
    vmid,
    node: 'pve1',
    name: 'delivered-before',
    config: { ...template?.config, description: `mpanel:pod=${id};op=x`, ipconfig0: `ip=${address}/24` },
  })
  await startAgainAndCompare(jobId, id, 1)
  expect(await finished(app.admin, jobId)).toMatchObject({ state: 'succeeded' })
  expect(await show(id)).toMatchObject({ state: 'active', vmid, address })
  expect(guestsOf(id)).toMatchObject([{ vmid }])
})

const poolId = async (): Promise<string | undefined> =>
  (await app.admin.get<{ items: { id: string }[] }>(`${AUTOMATION}/ip-pools`)).body.items[0]?.id
