import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '../../shared/api/provisioning.ts'
import type { IpPool } from '../../shared/api/provisioningPools.ts'
import type { Finding } from '../../shared/api/provisioningFindings.ts'
import type { FindingKind } from '../../shared/states/finding.ts'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import { newId } from '../../src/lib/ids.ts'
import { prepareOrder } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { heldBy, podRow } from '../support/harnessWorld.ts'

let app: TestApp
let tenantId: string
beforeAll(async () => {
  app = await startApp()
  app.sim.control.setStaleness(0)
  tenantId = await app.tenant()
})
afterAll(() => app.close())

const PODS = '/api/admin/hosting/cloudpods'
const FINDINGS = '/api/admin/provisioning/findings'

/** An active pod of no subscription, and its guest. */
async function pod(kind: 'vm' | 'ct' = 'vm', of = tenantId): Promise<CloudPodDetail & { vmid: number }> {
  const { planId, blueprintId, hostname } = await prepareOrder(app.admin, of, { kind })
  const order = { tenantId: of, customerId: null, planId, blueprintId, hostname }
  const { body } = await app.admin.post<Accepted>(PODS, order)
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  const made = (await app.admin.get<CloudPodDetail>(`${PODS}/${body.cloudPod.id}`)).body
  return { ...made, vmid: made.placement?.vmid ?? 0 }
}

/** Has the cluster compared, whatever the time. */
async function compare(): Promise<void> {
  const { body } = await app.admin.post<{ job: Job }>(
    `/api/admin/provisioning/clusters/${app.clusterId}/reconcile`,
  )
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
}

const findingsOf = async (podId: string): Promise<Finding[]> =>
  (await app.admin.get<{ items: Finding[] }>(`${FINDINGS}?podId=${podId}`)).body.items
const kindsOf = async (podId: string): Promise<FindingKind[]> =>
  (await findingsOf(podId)).filter(({ state }) => state !== 'closed').map(({ kind }) => kind)
const strangers = async (): Promise<Finding[]> =>
  (await app.admin.get<{ items: Finding[] }>(`${FINDINGS}?limit=200`)).body.items.filter(
    ({ kind, state }) => (kind === 'orphan' || kind === 'foreign') && state !== 'closed',
  )

const decide = (finding: Finding | undefined, decision: string) =>
  app.admin.post<Finding & { code: string; detail: string }>(`${FINDINGS}/${finding?.id}`, {
    decision,
    reason: 'a test',
  })

/** Repairs the pod's only finding and waits until a comparison has shown that it helped. */
async function repaired(podId: string): Promise<Finding> {
  const [found] = await findingsOf(podId)
  const { status, body } = await decide(found, 'repair')
  expect({ status, state: body.state }).toEqual({ status: 200, state: 'repairing' })
  expect(await finished(app.admin, body.jobId ?? '')).toMatchObject({ state: 'succeeded' })
  await compare()
  const after = (await findingsOf(podId)).find(({ id }) => id === found?.id)
  expect(after).toMatchObject({ state: 'closed', outcome: 'repaired' })
  return after as Finding
}

const set = (key: string, value: string | null) =>
  app.admin.call('PATCH', '/api/admin/tenants/settings', { [key]: value })

const guestAt = (vmid: number) => app.sim.control.guests().find((guest) => guest.vmid === vmid)

describe('a cluster that says what mPanel says', () => {
  it('gives no finding, and costs one call for the list and few for looking closer', async () => {
    const pods = [await pod('vm'), await pod('ct')]
    app.sim.control.clearRequests()
    await compare()
    for (const { id } of pods) expect(await findingsOf(id)).toEqual([])
    expect(app.sim.control.requests({ path: '/cluster/resources' })).toHaveLength(1)
    expect(app.sim.control.requests({ method: 'POST' })).toEqual([])
  })
})

describe('a guest that was stopped or started outside', () => {
  it('is shown as it is after the next comparison', async () => {
    const { id, vmid } = await pod()
    app.sim.control.changeGuest(vmid, { power: 'stopped' })
    await compare()
    expect(await podRow(app, id)).toMatchObject({ power_state: 'stopped' })
    app.sim.control.changeGuest(vmid, { power: 'running' })
    await compare()
    expect(await podRow(app, id)).toMatchObject({ power_state: 'running' })
    expect(await findingsOf(id)).toEqual([])
  })

  it('is reported, and started again on request, where the policy says so', async () => {
    await set('reconcile.stopped', 'report')
    const { id, vmid } = await pod()
    app.sim.control.changeGuest(vmid, { power: 'stopped' })
    await compare()
    expect(await kindsOf(id)).toEqual(['stopped'])
    expect(await podRow(app, id)).toMatchObject({ power_state: 'stopped' })
    await repaired(id)
    expect(guestAt(vmid)?.power).toBe('running')
    await set('reconcile.stopped', null)
  })

  it('is started again without asking where the policy says that, once, not for ever', async () => {
    await set('reconcile.stopped', 'repair')
    const { id, vmid } = await pod()
    app.sim.control.changeGuest(vmid, { power: 'stopped' })
    app.sim.control.failTask({ type: 'qmstart', text: 'no bridge', times: 9 })
    await compare()
    const [finding] = await findingsOf(id)
    await finished(app.admin, finding?.jobId ?? '')
    await compare()
    expect((await findingsOf(id))[0]).toMatchObject({ state: 'open', decision: 'repair' })
    expect((await findingsOf(id))[0]?.problem).toContain('still there')
    await compare()
    expect((await findingsOf(id))[0]).toMatchObject({ state: 'open', jobId: finding?.jobId })
    app.sim.control.clearFaults()
    await set('reconcile.stopped', null)
  })
})

describe('a guest that was moved', () => {
  it('counts on its new node, with all that it holds there', async () => {
    const { id, vmid, placement } = await pod()
    const other = placement?.nodeName === 'pve1' ? 'pve2' : 'pve1'
    app.sim.control.changeGuest(vmid, { node: other })
    await compare()
    const after = (await app.admin.get<CloudPodDetail>(`${PODS}/${id}`)).body
    expect(after.placement?.nodeName).toBe(other)
    expect((await findingsOf(id))[0]).toMatchObject({ kind: 'moved', outcome: 'adopted', found: other })
    expect(await heldBy(app, id)).toMatchObject({ capacity: 1 })
    await compare()
    expect(await findingsOf(id)).toHaveLength(1)
  })
})

describe('a guest that was changed by hand', () => {
  it.each(['vm', 'ct'] as const)('gets its size, card, name and tag back (%s)', async (kind) => {
    const { id, vmid, hostname, addresses } = await pod(kind)
    const old = guestAt(vmid)?.config ?? {}
    const net0 = (old.net0 ?? '').replace('vmbr0', 'vmbr1')
    app.sim.control.changeGuest(vmid, {
      config: {
        cores: '7',
        net0,
        tags: 'other',
        ...(kind === 'vm' ? { name: 'renamed' } : { hostname: 'renamed' }),
      },
    })
    await compare()
    const found = await findingsOf(id)
    expect(found.map((one) => one.kind).toSorted()).toEqual(['network', 'renamed', 'resized'])
    expect(found.find((one) => one.kind === 'resized')).toMatchObject({
      found: expect.stringContaining('cores 7'),
    })
    const answer = await decide(found[0], 'repair')
    await finished(app.admin, answer.body.jobId ?? '')
    await compare()
    expect(await kindsOf(id)).toEqual([])
    const guest = guestAt(vmid)
    // What a running guest does not take over at once waits for its restart.
    const config = { ...guest?.config, ...guest?.pending }
    expect(config).toMatchObject({ cores: old.cores, net0: old.net0 })
    expect(config.name ?? config.hostname).toBe(hostname)
    expect(config.tags?.split(';')).toContain('mpanel')
    expect((await podRow(app, id)).pending_restart).toBe(kind === 'vm')
    expect(addresses).toHaveLength(1)
  })

  it('or left with its card down is told, and reached again on request', async () => {
    const { id, vmid } = await pod()
    const net0 = guestAt(vmid)?.config.net0 ?? ''
    // What is not suspicious in the list is looked at in turn: another name is suspicious at once.
    app.sim.control.changeGuest(vmid, { config: { net0: `${net0},link_down=1`, name: 'kept-as-deleted' } })
    await compare()
    const network = (await findingsOf(id)).find(({ kind }) => kind === 'network')
    expect(network).toMatchObject({ expected: 'card up', found: 'card down' })
    const answer = await decide(network, 'repair')
    expect(await finished(app.admin, answer.body.jobId ?? '')).toMatchObject({ state: 'succeeded' })
    expect({ ...guestAt(vmid)?.config, ...guestAt(vmid)?.pending }).toMatchObject({ net0 })
  })

  it('may keep its size: the pod is that large then, towards quota and node, too', async () => {
    const { id, vmid } = await pod()
    app.sim.control.changeGuest(vmid, { config: { cores: '3', memory: '3072' } })
    await compare()
    const [found] = await findingsOf(id)
    expect(await decide(found, 'adopt')).toMatchObject({
      status: 200,
      body: { state: 'closed', outcome: 'adopted' },
    })
    expect(await podRow(app, id)).toMatchObject({ cores: 3, memory_mb: 3072 })
    await compare()
    expect(await kindsOf(id)).toEqual([])
  })

  it('is left alone when that is ignored, and reported again when it changes once more', async () => {
    const { id, vmid } = await pod()
    app.sim.control.changeGuest(vmid, { config: { cores: '3' } })
    await compare()
    await decide((await findingsOf(id))[0], 'ignore')
    await compare()
    expect((await findingsOf(id))[0]).toMatchObject({ state: 'ignored' })
    app.sim.control.changeGuest(vmid, { config: { cores: '4' } })
    await compare()
    expect((await findingsOf(id))[0]).toMatchObject({
      state: 'open',
      found: expect.stringContaining('cores 4'),
    })
  })

  it('closes its finding by itself when somebody sets it back', async () => {
    const { id, vmid, cores } = await pod()
    app.sim.control.changeGuest(vmid, { config: { cores: '3' } })
    await compare()
    app.sim.control.changeGuest(vmid, { config: { cores: String(cores) } })
    await compare()
    expect((await findingsOf(id))[0]).toMatchObject({ state: 'closed', outcome: 'vanished' })
  })

  it('gets its mark back when only that was lost, for its MAC says whose it is', async () => {
    const { id, vmid } = await pod()
    app.sim.control.changeGuest(vmid, { config: { description: 'cleaned up by hand' } })
    // No list shows it: whole configurations are compared in turn.
    await compare()
    expect(await kindsOf(id)).toEqual(['unmarked'])
    await repaired(id)
    expect(guestAt(vmid)?.config.description).toContain(`mpanel:pod=${id}`)
    expect(guestAt(vmid)?.config.description).toContain('cleaned up by hand')
  })
})

describe('a guest that is gone', () => {
  it('is made again with the same address', async () => {
    const { id, vmid, addresses } = await pod()
    app.sim.control.removeGuest(vmid)
    await compare()
    expect(await kindsOf(id)).toEqual(['gone'])
    await repaired(id)
    expect(await podRow(app, id)).toMatchObject({ state: 'active', power_state: 'running' })
    expect((await app.admin.get<CloudPodDetail>(`${PODS}/${id}`)).body.addresses).toEqual(addresses)
  })

  it('can be accepted: what the pod held is given back', async () => {
    const { id, vmid } = await pod()
    app.sim.control.removeGuest(vmid)
    await compare()
    expect(await decide((await findingsOf(id))[0], 'adopt')).toMatchObject({ status: 200 })
    expect(await podRow(app, id)).toMatchObject({ state: 'deleted' })
    expect(await heldBy(app, id)).toEqual({ vmids: [], addresses: [], capacity: 0 })
  })

  it('is also one whose VMID a stranger holds, and that stranger is never touched', async () => {
    const { id, vmid } = await pod()
    const { node } = guestAt(vmid) ?? { node: 'pve1' }
    app.sim.control.removeGuest(vmid)
    app.sim.control.createGuest({ vmid, node, name: 'stranger', power: 'running' })
    await compare()
    expect((await findingsOf(id))[0]).toMatchObject({
      kind: 'gone',
      found: expect.stringContaining('stranger'),
    })
    await repaired(id)
    expect((await podRow(app, id)).vmid).not.toBe(vmid)
    expect(guestAt(vmid)).toMatchObject({ power: 'running', config: { name: 'stranger' } })
    app.sim.control.removeGuest(vmid)
  })

  it('is not concluded from a node or cluster that does not answer', async () => {
    const { id, vmid } = await pod()
    // Not the node that is asked for the others.
    const node = 'pve2'
    app.sim.control.changeGuest(vmid, { node })
    await compare()
    app.sim.control.setNode(node, 'offline')
    await compare()
    expect(await kindsOf(id)).toEqual([])
    expect(await podRow(app, id)).toMatchObject({ state: 'active', power_state: 'unknown' })
    app.sim.control.setNode(node, 'online')
    app.sim.control.addFault({ path: '/cluster/resources', status: 500, times: 1 })
    await compare()
    expect(await kindsOf(id)).toEqual([])
    await compare()
    expect(await podRow(app, id)).toMatchObject({ power_state: 'stopped' })
  })
})

describe('a guest that belongs to no pod', () => {
  it('with our mark is an orphan, and is destroyed on request', async () => {
    const made = await pod()
    const vmid = made.vmid + 5_000
    const marked = guestAt(made.vmid)?.config.description ?? ''
    app.sim.control.createGuest({
      vmid,
      node: 'pve1',
      name: 'copy-by-hand',
      power: 'running',
      config: { description: marked, tags: 'mpanel' },
    })
    await compare()
    const orphan = (await strangers()).find((one) => one.vmid === vmid)
    expect(orphan).toMatchObject({ kind: 'orphan', pod: { id: made.id } })
    const { body } = await decide(orphan, 'repair')
    expect(await finished(app.admin, body.jobId ?? '')).toMatchObject({ state: 'succeeded' })
    expect(guestAt(vmid)).toBeUndefined()
    expect(guestAt(made.vmid)).toMatchObject({ power: 'running' })
    await compare()
    expect((await strangers()).map((one) => one.vmid)).not.toContain(vmid)
  })

  it('keeps the addresses that it uses from pods until it is gone, and says which a pod has been given', async () => {
    const made = await pod()
    const [pool] = (await app.admin.get<{ items: IpPool[] }>('/api/admin/provisioning/ip-pools')).body.items
    const taken = made.addresses[0]
    const free = pool?.rangeEnd ?? ''
    const guests = [
      { vmid: made.vmid + 7_000, name: 'before-the-restore', address: free },
      { vmid: made.vmid + 7_001, name: 'too-late', address: taken },
    ]
    for (const { vmid, name, address } of guests)
      app.sim.control.createGuest({
        vmid,
        node: 'pve1',
        name,
        config: { description: `mpanel:pod=${newId()};op=x`, tags: 'mpanel', ipconfig0: `ip=${address}/24` },
      })
    await compare()
    const told = new Map((await strangers()).map(({ vmid, found }) => [vmid, found]))
    expect(told.get(made.vmid + 7_000)).not.toContain(free)
    expect(told.get(made.vmid + 7_001)).toContain(`it uses ${taken}, which a pod has been given`)
    const held = async () =>
      (
        await app.admin.get<{ items: { address: string; state: string; note: string | null }[] }>(
          `/api/admin/provisioning/ip-pools/${pool?.id}/addresses?limit=200`,
        )
      ).body.items.find(({ address }) => address === free)
    expect(await held()).toMatchObject({
      state: 'kept',
      note: `guest ${made.vmid + 7_000}, which no pod owns: before-the-restore`,
    })
    for (const { vmid } of guests) app.sim.control.removeGuest(vmid)
    await compare()
    expect(await strangers()).toEqual([])
    expect(await held()).toBeUndefined()
  })

  it('of an unknown owner cannot be destroyed from here, nor can one without a mark', async () => {
    const range = (await pod()).vmid
    const [unknown, foreign] = [range + 6_000, range + 6_001]
    app.sim.control.createGuest({
      vmid: unknown,
      node: 'pve1',
      name: 'from-elsewhere',
      config: { description: `mpanel:pod=${newId()};op=x`, tags: 'mpanel' },
    })
    app.sim.control.createGuest({ vmid: foreign, node: 'pve1', name: 'by-hand' })
    await compare()
    const found = await strangers()
    const byVmid = (vmid: number) => found.find((one) => one.vmid === vmid)
    expect(byVmid(unknown)).toMatchObject({ kind: 'orphan', pod: null })
    expect(byVmid(foreign)).toMatchObject({ kind: 'foreign', pod: null })
    for (const vmid of [unknown, foreign])
      expect(await decide(byVmid(vmid), 'repair')).toMatchObject({
        status: 409,
        body: { code: 'invalid_state' },
      })
    expect(guestAt(unknown)).toBeDefined()
    app.sim.control.removeGuest(unknown)
    app.sim.control.removeGuest(foreign)
    await compare()
    expect(await strangers()).toEqual([])
  })
})

describe('a pod of a suspended tenant', () => {
  it('that was powered on is stopped again, and counts as stopped only after that was read', async () => {
    const other = await app.tenant()
    const { id, vmid } = await pod('vm', other)
    await app.admin.post(`/api/admin/tenants/${other}/suspend`, { reason: 'unpaid' })
    await until(async () => guestAt(vmid)?.power === 'stopped', 'the guest to be stopped')
    await until(async () => (await podRow(app, id)).power_state === 'stopped', 'that to be recorded')
    app.sim.control.changeGuest(vmid, { power: 'running' })
    await until(async () => {
      await compare()
      return (await findingsOf(id)).length > 0
    }, 'it to be noticed')
    const [finding] = await findingsOf(id)
    expect(finding).toMatchObject({ kind: 'suspended_running', decision: 'repair' })
    await finished(app.admin, finding?.jobId ?? '')
    expect(guestAt(vmid)?.power).toBe('stopped')
    await compare()
    expect((await findingsOf(id))[0]).toMatchObject({ state: 'closed', outcome: 'repaired' })
  })
})

describe('a decision', () => {
  it('is refused while a job of the pod has not ended, and about what is over', async () => {
    const { id, vmid } = await pod()
    app.sim.control.changeGuest(vmid, { config: { cores: '3' } })
    await compare()
    const [found] = await findingsOf(id)
    app.sim.control.pauseTasks()
    const { body } = await app.admin.post<Accepted>(`${PODS}/${id}/stop`)
    expect(await decide(found, 'repair')).toMatchObject({ status: 409 })
    app.sim.control.resumeTasks()
    await finished(app.admin, body.job.id)
    expect(await decide(found, 'adopt')).toMatchObject({ status: 200 })
    expect(await decide(found, 'ignore')).toMatchObject({ status: 409, body: { detail: 'It is over.' } })
  })
})
