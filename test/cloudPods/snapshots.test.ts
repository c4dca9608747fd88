import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CloudPodSnapshot, CloudPodSnapshots } from '../../shared/api/cloudPodSnapshots.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Accepted } from '../../src/services/cloudPodSnapshotService.ts'
import { finished, startApp, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { cancelNow, countTasks, delivered, PODS, saysItWaits, showPod, type Placed } from './faults.ts'

let app: TestApp
let vm: Placed
let ct: Placed
beforeAll(async () => {
  app = await startApp()
  // Raw files have no snapshots, a block storage has.
  await rowsOf(app, sql`update nodes set storage = 'local-lvm'`)
  vm = await delivered(app, { kind: 'vm' })
  ct = await delivered(app, { kind: 'ct' })
  await rowsOf(app, sql`update nodes set storage = 'shared'`)
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())

const pathOf = ({ podId }: { podId: string }): string => `${PODS}/${podId}/snapshots`
const guestOf = ({ podId }: { podId: string }) => guestsOf(app, podId)[0]
const listOf = async (pod: { podId: string }): Promise<CloudPodSnapshots> =>
  (await app.admin.get<CloudPodSnapshots>(pathOf(pod))).body
const shown = async (pod: { podId: string }, id: string): Promise<CloudPodSnapshot | undefined> =>
  (await listOf(pod)).items.find((one) => one.id === id)

let names = 0
async function take(pod: Placed): Promise<Accepted> {
  names += 1
  const { status, body } = await app.admin.post<Accepted>(pathOf(pod), { name: `snapshot ${names}` })
  expect(status, JSON.stringify(body)).toBe(202)
  return body
}

async function taken(pod: Placed): Promise<CloudPodSnapshot> {
  const { snapshot, job } = await take(pod)
  await succeeds(job)
  return snapshot
}

async function rollBack(pod: Placed, id: string): Promise<Job> {
  const { hostname } = await showPod(app, pod.podId)
  const answer = await app.admin.post<Accepted>(`${pathOf(pod)}/${id}/rollback`, { hostname })
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  return answer.body.job
}

async function remove(pod: Placed, id: string): Promise<Job> {
  const answer = await app.admin.call<Accepted>('DELETE', `${pathOf(pod)}/${id}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  return answer.body.job
}

async function succeeds(job: Job): Promise<void> {
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
}

it.each([
  ['virtual machine', () => vm],
  ['container', () => ct],
])(
  'the snapshot of a %s is read back, rolled back to, and deleted; what ran runs again',
  async (_, which) => {
    const pod = which()
    const snapshot = await taken(pod)
    expect(await shown(pod, snapshot.id)).toMatchObject({ state: 'ready', problem: null, rolledBackAt: null })
    expect(guestOf(pod)?.snapshots).toHaveLength(1)
    app.sim.control.changeGuest(guestOf(pod)?.vmid ?? 0, { config: { memory: '3333' } })

    await succeeds(await rollBack(pod, snapshot.id))
    expect(guestOf(pod)?.config.memory).not.toBe('3333')
    expect(guestOf(pod)?.power).toBe('running')
    expect(await showPod(app, pod.podId)).toMatchObject({
      powerState: 'running',
      action: null,
      problem: null,
    })
    expect((await shown(pod, snapshot.id))?.rolledBackAt).not.toBeNull()

    await succeeds(await remove(pod, snapshot.id))
    expect((await listOf(pod)).items).toEqual([])
    expect(guestOf(pod)?.snapshots).toEqual([])
    await expectNothingLeaked(app, pod.tenantId)
  },
)

it('a pod that was off is off after a rollback, and the pod says so', async () => {
  const snapshot = await taken(vm)
  const stop = await app.admin.post<{ job: Job }>(`${PODS}/${vm.podId}/stop`)
  await succeeds(stop.body.job)
  await succeeds(await rollBack(vm, snapshot.id))
  expect(guestOf(vm)?.power).toBe('stopped')
  expect((await showPod(app, vm.podId)).powerState).toBe('stopped')
  const start = await app.admin.post<{ job: Job }>(`${PODS}/${vm.podId}/start`)
  await succeeds(start.body.job)
  await succeeds(await remove(vm, snapshot.id))
})

it.each([
  ['a reset after it was carried out', { dropAfter: true }],
  ['596 after it was carried out', { status: 596, execute: true }],
  ['a reset before anybody heard it', { dropBefore: true }],
])('an answer that is lost by %s is looked up: each deed is done once', async (_, fault) => {
  const counts = ['snapshot', 'rollback', 'delsnapshot'].map((type) => countTasks(app, `vz${type}`))
  app.sim.control.addFault({ method: 'POST', path: '/snapshot$', times: 1, ...fault })
  const snapshot = await taken(ct)
  app.sim.control.addFault({ method: 'POST', path: '/rollback$', times: 1, ...fault })
  await succeeds(await rollBack(ct, snapshot.id))
  app.sim.control.addFault({ method: 'DELETE', path: '/snapshot/', times: 1, ...fault })
  await succeeds(await remove(ct, snapshot.id))
  expect(counts.map((count) => count())).toEqual([1, 1, 1])
  expect(guestOf(ct)).toMatchObject({ power: 'running', snapshots: [] })
})

it('a guest that is locked by somebody else is waited for', async () => {
  const vmid = guestOf(vm)?.vmid ?? 0
  app.sim.control.changeGuest(vmid, { config: { lock: 'backup' } })
  const { snapshot, job } = await take(vm)
  await saysItWaits(app, job.id, /locked \(backup\)/)
  expect((await shown(vm, snapshot.id))?.state).toBe('creating')
  app.sim.control.changeGuest(vmid, { remove: ['lock'] })
  await succeeds(job)
  await succeeds(await remove(vm, snapshot.id))
})

it('a storage without snapshots fails in the task: the snapshot says why, nothing is left, and its entry can go', async () => {
  const plain = await delivered(app, { kind: 'ct' })
  const { snapshot, job } = await take(plain)
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed', error: { code: 'task_failed' } })
  expect(await shown(plain, snapshot.id)).toMatchObject({
    state: 'failed',
    problem: expect.stringContaining('snapshot feature is not available') as string,
  })
  expect(guestOf(plain)?.snapshots).toEqual([])
  await succeeds(await remove(plain, snapshot.id))
  expect((await listOf(plain)).items).toEqual([])
})

it('a rollback that fails leaves a pod that runs again and says what happened', async () => {
  const snapshot = await taken(vm)
  app.sim.control.failTask({ type: 'qmrollback', text: 'it is not the most recent snapshot' })
  const job = await rollBack(vm, snapshot.id)
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed' })
  expect(guestOf(vm)?.power).toBe('running')
  expect(await showPod(app, vm.podId)).toMatchObject({
    state: 'active',
    action: null,
    powerState: 'unknown',
    problem: expect.stringContaining('not the most recent') as string,
  })
  expect(await shown(vm, snapshot.id)).toMatchObject({ state: 'ready', rolledBackAt: null })
  await succeeds(await remove(vm, snapshot.id))
})

it('a deletion that fails is no deletion: the snapshot still counts, and can be deleted again', async () => {
  const snapshot = await taken(vm)
  app.sim.control.failTask({ type: 'qmdelsnapshot', text: 'the volume is in use' })
  expect(await finished(app.admin, (await remove(vm, snapshot.id)).id)).toMatchObject({ state: 'failed' })
  expect((await shown(vm, snapshot.id))?.state).toBe('failed')
  await succeeds(await remove(vm, snapshot.id))
  expect(guestOf(vm)?.snapshots).toEqual([])
})

it('of a guest that is not ours nothing is taken, and nothing is removed', async () => {
  const own = guestOf(vm)
  if (!own) throw new Error('there is no guest')
  const snapshot = await taken(vm)
  app.sim.control.changeGuest(own.vmid, { config: { description: 'somebody else' } })
  const jobs = [(await take(vm)).job, await rollBack(vm, snapshot.id), await remove(vm, snapshot.id)]
  for (const { id } of jobs)
    expect(await finished(app.admin, id)).toMatchObject({ state: 'failed', error: { code: 'not_ours' } })
  const stranger = app.sim.control.guests().find(({ vmid }) => vmid === own.vmid)
  expect(stranger).toMatchObject({ power: 'running', snapshots: [expect.any(String)] })
  const description = own.config.description ?? ''
  app.sim.control.changeGuest(own.vmid, { config: { description } })
  for (const { id } of (await listOf(vm)).items) await succeeds(await remove(vm, id))
  expect(guestOf(vm)?.snapshots).toEqual([])
})

it('a pod has as many snapshots as the setting says, however many are asked for at once', async () => {
  const settings = `/api/admin/tenants/${ct.tenantId}/settings`
  expect((await app.admin.call('PATCH', settings, { 'cloudPods.maxSnapshots': 2 })).status).toBe(200)
  const asked = await Promise.all(
    Array.from({ length: 6 }, async (_, at) =>
      app.admin.post<Accepted>(pathOf(ct), { name: `at once ${at}` }),
    ),
  )
  expect(asked.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 202, 409, 409, 409, 409])
  const refused = asked.find(({ status }) => status === 409)
  expect(refused?.body).toMatchObject({ code: 'invalid_state' })
  const { items, limit } = await listOf(ct)
  expect([items.length, limit]).toEqual([2, 2])
  for (const { body, status } of asked) if (status === 202) await succeeds(body.job)
  for (const { id } of items) await succeeds(await remove(ct, id))
})

it('names are the pod’s own, and a rollback needs its host name and its own snapshot', async () => {
  const snapshot = await taken(vm)
  const again = await app.admin.post(pathOf(vm), { name: snapshot.name })
  expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } })
  const wrong = await app.admin.post(`${pathOf(vm)}/${snapshot.id}/rollback`, { hostname: 'other' })
  expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: 'hostname' }] } })
  const { hostname } = await showPod(app, ct.podId)
  const elsewhere = await app.admin.post(`${pathOf(ct)}/${snapshot.id}/rollback`, { hostname })
  expect(elsewhere.status).toBe(404)
  const removal = await remove(vm, snapshot.id)
  const late = await app.admin.call('DELETE', `${pathOf(vm)}/${snapshot.id}`)
  expect([404, 409]).toContain(late.status)
  await succeeds(removal)
})

it('a rollback to a snapshot from before a resize gives the guest the size that the pod has now', async () => {
  const snapshot = await taken(vm)
  const resized = await app.admin.post<{ job: Job }>(`${PODS}/${vm.podId}/resize`, {
    cores: 2,
    memoryMb: 4_096,
    diskGb: 45,
    reboot: true,
  })
  expect(resized.status, JSON.stringify(resized.body)).toBe(202)
  await succeeds(resized.body.job)
  await succeeds(await rollBack(vm, snapshot.id))
  expect(await showPod(app, vm.podId)).toMatchObject({ cores: 2, memoryMb: 4_096, diskGb: 45 })
  const { config } = guestOf(vm) ?? {}
  expect(config).toMatchObject({
    cores: '2',
    memory: '4096',
    scsi0: expect.stringContaining('size=45G') as string,
  })
  await expectNothingLeaked(app, vm.tenantId)
})

it('a pod is destroyed together with its snapshots', async () => {
  await taken(vm)
  const job = await cancelNow(app, vm.subscription.id)
  if (!job) throw new Error('nothing is destroyed')
  await succeeds(job)
  expect((await listOf(vm)).items).toEqual([])
  expect(guestOf(vm)).toBeUndefined()
  const refused = await app.admin.post(pathOf(vm), { name: 'too late' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  await expectNothingLeaked(app, vm.tenantId)
})
