import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import type { CloudPodMigrationTargets, NodeEmptying } from '../../shared/api/cloudPodMigrations.ts'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Problem } from '../../shared/api/common.ts'
import type { Job, Node } from '../../shared/api/provisioning.ts'
import type { Brake } from '../../shared/api/provisioningControls.ts'
import { ALL_PRIVILEGES } from '../../sim/proxmox/roles.ts'
import { newId } from '../../src/lib/ids.ts'
import * as cloudPodMigrationService from '../../src/services/cloudPodMigrationService.ts'
import { PRIVILEGES } from '../../src/services/provisioningService.ts'
import { catalogue } from '../support/api.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { placesOf } from '../support/harnessMigrate.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { countTasks, jobOf, PODS, saysItWaits, showPod } from './faults.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())
beforeEach(async () => {
  await rowsOf(app, sql`update nodes set state = 'active', storage = 'local-lvm', emptying_at = null`)
})
afterEach(() => {
  app.sim.control.clearFaults()
  app.sim.control.resumeTasks()
})

type Made = { cloudPod: CloudPod; job: Job }

async function pod(kind: 'vm' | 'ct' = 'vm', tenant?: string): Promise<{ id: string; tenantId: string }> {
  const tenantId = tenant ?? (await app.tenant())
  const { plan, blueprint } = await catalogue(app.admin, kind)
  const hostname = `pod-${newId().slice(-12)}`
  const body = { tenantId, planId: plan.id, blueprintId: blueprint.id, hostname, sshKeys: null }
  const made = await app.admin.post<Made>(PODS, body)
  expect(await finished(app.admin, made.body.job.id)).toMatchObject({ state: 'succeeded' })
  return { id: made.body.cloudPod.id, tenantId }
}

const nodes = async (): Promise<Node[]> =>
  (await app.admin.get<{ items: Node[] }>('/api/admin/provisioning/nodes')).body.items

const nodeNamed = async (name: string | undefined): Promise<Node> => {
  const found = (await nodes()).find((node) => node.name === name)
  if (!found) throw new Error(`there is no node ${name}`)
  return found
}

const ask = (id: string, nodeId: string | null = null) =>
  app.admin.post<Made & Problem>(`${PODS}/${id}/migrate`, { nodeId })

/** Asks for a move and waits for what becomes of it. */
async function migrate(id: string, nodeId: string | null = null): Promise<Job> {
  const { status, body } = await ask(id, nodeId)
  expect(status, JSON.stringify(body)).toBe(202)
  return finished(app.admin, body.job.id)
}

const guestOf = (id: string) => {
  const [guest] = guestsOf(app, id)
  if (!guest) throw new Error(`pod ${id} has no guest`)
  return guest
}

const reservedOn = async (name: string | undefined): Promise<number> => (await nodeNamed(name)).reserved.pods

/** Row, reservation and guest say the same, and nothing else is held. */
async function expectAt(id: string, name: string | undefined): Promise<void> {
  expect(await placesOf(app, id)).toEqual({ guests: [name], row: name, held: name, moving: 0 })
}

it('a running machine moves with its disk and stays up; its target holds room for it from the start, its source to the end', async () => {
  const { id, tenantId } = await pod('vm')
  const before = guestOf(id)
  const { body: offered } = await app.admin.get<CloudPodMigrationTargets>(`${PODS}/${id}/migrate`)
  const target = offered.nodes[0]
  expect(offered.refusal).toBeNull()
  expect(offered.nodes.map(({ name }) => name)).not.toContain(before.node)
  const [here, there] = [await reservedOn(before.node), await reservedOn(target?.name)]
  app.sim.control.pauseTasks('qmigrate')
  const asked = await ask(id, target?.id)
  expect(asked.status).toBe(202)
  expect([await reservedOn(before.node), await reservedOn(target?.name)]).toEqual([here, there + 1])
  expect(await showPod(app, id)).toMatchObject({ action: 'migrating' })
  expect((await ask(id)).body.code).toBe('invalid_state')
  app.sim.control.resumeTasks()
  expect(await finished(app.admin, asked.body.job.id)).toMatchObject({ state: 'succeeded' })
  await expectAt(id, target?.name)
  expect([await reservedOn(before.node), await reservedOn(target?.name)]).toEqual([here - 1, there + 1])
  expect(guestOf(id)).toMatchObject({ power: 'running', startedAt: before.startedAt })
  expect(await showPod(app, id)).toMatchObject({ action: null, powerState: 'running', problem: null })
  await expectNothingLeaked(app, tenantId)
})

it('a running container is restarted on the other node, and what is off moves without being started', async () => {
  const { id, tenantId } = await pod('ct')
  const from = guestOf(id).node
  expect(await migrate(id)).toMatchObject({ state: 'succeeded' })
  expect(guestOf(id)).toMatchObject({ power: 'running' })
  expect(guestOf(id).node).not.toBe(from)
  const { body } = await app.admin.post<Made>(`${PODS}/${id}/stop`)
  await finished(app.admin, body.job.id)
  const starts = countTasks(app, 'vzstart')
  expect(await migrate(id)).toMatchObject({ state: 'succeeded' })
  expect(guestOf(id)).toMatchObject({ power: 'stopped' })
  expect(starts()).toBe(0)
  await expectAt(id, guestOf(id).node)
  await expectNothingLeaked(app, tenantId)
})

it('what cannot move stays where it is and runs, and the job says the cause that stands only in the log of the task', async () => {
  const { id, tenantId } = await pod('vm')
  const from = guestOf(id).node
  const taken = await app.admin.post<{ job: Job }>(`${PODS}/${id}/snapshots`, { name: 'first' })
  expect(await finished(app.admin, taken.body.job.id)).toMatchObject({ state: 'succeeded' })
  expect(await migrate(id)).toMatchObject({
    state: 'failed',
    error: { code: 'task_failed', message: expect.stringContaining('snapshot exists') as string },
  })
  await expectAt(id, from)
  expect(guestOf(id)).toMatchObject({ power: 'running' })
  expect(await showPod(app, id)).toMatchObject({ action: null, powerState: 'running' })
  await expectNothingLeaked(app, tenantId)
  app.sim.control.forgetSnapshots(guestOf(id).vmid)
})

it('a container whose migration fails runs on its old node again', async () => {
  const { id, tenantId } = await pod('ct')
  const from = guestOf(id).node
  app.sim.control.failTask({ type: 'vzmigrate', text: 'migration aborted' })
  expect(await migrate(id)).toMatchObject({ state: 'failed', error: { code: 'task_failed' } })
  await expectAt(id, from)
  expect(guestOf(id)).toMatchObject({ power: 'running' })
  await expectNothingLeaked(app, tenantId)
})

it.each([
  ['a lost answer', { dropAfter: true }],
  ['an answer that took too long', { status: 596, execute: true }],
])('%s is looked up, and the guest moves once', async (_what, fault) => {
  const { id } = await pod('vm')
  const moves = countTasks(app, 'qmigrate')
  app.sim.control.addFault({ method: 'POST', path: '/migrate$', ...fault })
  expect(await migrate(id)).toMatchObject({ state: 'succeeded' })
  expect(moves()).toBe(1)
  await expectAt(id, guestOf(id).node)
})

it('a task that is killed leaves its guest locked: the job says so, and goes on once somebody has unlocked it', async () => {
  const { id, tenantId } = await pod('vm')
  const { node: from, vmid } = guestOf(id)
  app.sim.control.failTask({ type: 'qmigrate', text: 'unexpected status' })
  const { body } = await ask(id)
  await saysItWaits(app, body.job.id, /still locked \(migrate\)/)
  expect((await placesOf(app, id)).moving).toBe(1)
  app.sim.control.changeGuest(vmid, { remove: ['lock'] })
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
  expect(guestOf(id).node).not.toBe(from)
  await expectAt(id, guestOf(id).node)
  await expectNothingLeaked(app, tenantId)
})

it('a guest of the high availability is asked for, and the job waits until it has arrived', async () => {
  const { id } = await pod('vm')
  const { vmid, node: from } = guestOf(id)
  app.sim.control.setHa(vmid, 'started')
  const moves = countTasks(app, 'hamigrate')
  expect(await migrate(id)).toMatchObject({ state: 'succeeded' })
  expect(moves()).toBe(1)
  expect(guestOf(id).node).not.toBe(from)
  await expectAt(id, guestOf(id).node)
  app.sim.control.setHa(vmid, null)
})

it('the privileges of README.md are enough; without VM.Migrate the job waits and says so', async () => {
  const { id } = await pod('vm')
  const needed = new Set(Object.values(PRIVILEGES).flat())
  const { control } = app.sim
  control.setRole(
    'MPanel',
    ALL_PRIVILEGES.filter((one) => !needed.has(one)),
    false,
  )
  expect(await migrate(id)).toMatchObject({ state: 'succeeded' })
  control.setRole('MPanel', ['VM.Migrate'], false)
  const { body } = await ask(id)
  await saysItWaits(app, body.job.id, /VM\.Migrate/)
  control.setRole('MPanel', ['VM.Migrate'], true)
  await app.admin.post(`/api/admin/provisioning/jobs/${body.job.id}/retry`, {})
  expect(await finished(app.admin, body.job.id)).toMatchObject({ state: 'succeeded' })
})

it('a node is refused with the reason: it is full, drained, of another cluster, or the pod is there', async () => {
  const { id } = await pod('ct')
  const own = await nodeNamed(guestOf(id).node)
  const [other, third] = (await nodes()).filter(({ name }) => name !== own.name)
  await rowsOf(app, sql`update nodes set state = 'drained' where id = ${third?.id ?? ''}`)
  await rowsOf(app, sql`update nodes set disk_gb = 1 where id = ${other?.id ?? ''}`)
  expect((await ask(id, other?.id)).body).toMatchObject({
    code: 'no_node_fits',
    detail: expect.stringContaining('disk') as string,
  })
  expect((await ask(id, third?.id)).body).toMatchObject({
    code: 'no_node_fits',
    detail: expect.stringContaining('drained') as string,
  })
  expect((await ask(id)).body.code).toBe('no_node_fits')
  expect((await ask(id, own.id)).body.code).toBe('invalid_state')
  expect((await ask(id, newId())).status).toBe(404)
  const { body } = await app.admin.get<CloudPodMigrationTargets>(`${PODS}/${id}/migrate`)
  expect(body.nodes.every(({ reason }) => reason !== null)).toBe(true)
  await rowsOf(app, sql`update nodes set disk_gb = ${other?.diskGb} where id = ${other?.id ?? ''}`)
})

it('of two pods that move at once into room for one, one is taken', async () => {
  const tenantId = await app.tenant()
  const [first, second] = [await pod('ct', tenantId), await pod('ct', tenantId)]
  await rowsOf(app, sql`update nodes set state = 'drained'`)
  const target = (await nodes()).find(
    ({ name }) => name !== guestOf(first.id).node && name !== guestOf(second.id).node,
  )
  const room = (target?.reserved.diskGb ?? 0) + 30
  await rowsOf(app, sql`update nodes set state = 'active', disk_gb = ${room} where id = ${target?.id ?? ''}`)
  const answers = await Promise.all([ask(first.id, target?.id), ask(second.id, target?.id)])
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409])
  await rowsOf(app, sql`update nodes set disk_gb = ${target?.diskGb} where id = ${target?.id ?? ''}`)
  const taken = answers.find(({ status }) => status === 202)
  expect(await finished(app.admin, taken?.body.job.id ?? '')).toMatchObject({ state: 'succeeded' })
})

const EMPTY = (id: string): string => `/api/admin/provisioning/nodes/${id}/empty`

it('a node is emptied: it takes no new pods, each of its pods moves, and what is left is told', async () => {
  const tenantId = await app.tenant()
  const first = await pod('vm', tenantId)
  const node = await nodeNamed(guestOf(first.id).node)
  const others = (await nodes()).filter(({ id }) => id !== node.id)
  await rowsOf(app, sql`update nodes set state = 'drained' where id = any (${others.map(({ id }) => id)})`)
  await pod('ct', tenantId)
  // No room anywhere: it is told, and tried again.
  const { body: stuck } = await app.admin.post<NodeEmptying>(EMPTY(node.id), {})
  expect(stuck).toMatchObject({ moved: 0, held: false })
  expect(stuck.pods.map(({ migration }) => migration)).toEqual(stuck.pods.map(() => null))
  await rowsOf(app, sql`update nodes set state = 'active' where id = any (${others.map(({ id }) => id)})`)
  await cloudPodMigrationService.emptyOn(app.root)
  const done = await until(async () => {
    const { body } = await app.admin.get<NodeEmptying>(EMPTY(node.id))
    return body.left === 0 && body
  }, 'the node to be empty')
  expect(done).toMatchObject({ since: stuck.since, moved: stuck.left, pods: [] })
  expect(await nodeNamed(node.name)).toMatchObject({ state: 'drained', reserved: { pods: 0 } })
  const { body: ended } = await app.admin.call<NodeEmptying>('DELETE', EMPTY(node.id))
  expect(ended.since).toBeNull()
  await expectNothingLeaked(app, tenantId)
})

it('unusually many pods are held by the brake until a person has confirmed them, and then move by themselves', async () => {
  const tenantId = await app.tenant()
  const first = await pod('ct', tenantId)
  const node = await nodeNamed(guestOf(first.id).node)
  await rowsOf(app, sql`update nodes set state = 'drained' where id <> ${node.id}`)
  await pod('ct', tenantId)
  await rowsOf(app, sql`update nodes set state = 'active'`)
  const limits = { 'automation.brakeMinimum': 1, 'automation.brakePercent': 1 }
  const settings = await app.admin.call('PATCH', '/api/admin/tenants/settings', limits)
  expect(settings.status, JSON.stringify(settings.body)).toBe(200)
  const { body: held } = await app.admin.post<NodeEmptying>(EMPTY(node.id), {})
  expect(held).toMatchObject({ held: true, moved: 0 })
  expect(held.left).toBeGreaterThanOrEqual(2)
  const { body } = await app.admin.get<{ items: Brake[] }>('/api/admin/provisioning/brakes')
  const brake = body.items.find(({ action, state }) => action === 'nodes.empty' && state === 'waiting')
  const confirmed = { decision: 'confirmed', wanted: brake?.wanted, reason: 'the node is replaced' }
  expect((await app.admin.post(`/api/admin/provisioning/brakes/${brake?.id}`, confirmed)).status).toBe(200)
  await cloudPodMigrationService.emptyOn(app.root)
  await until(async () => {
    const { body: now } = await app.admin.get<NodeEmptying>(EMPTY(node.id))
    return now.left === 0 && now.moved === held.left
  }, 'the node to be empty')
  expect(await finished(app.admin, (await jobOf(app, first.id, 'cloudPod.migrate')).id)).toMatchObject({
    state: 'succeeded',
  })
})
