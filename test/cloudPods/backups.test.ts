import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { CloudPodBackup, CloudPodBackups } from '../../shared/api/cloudPodBackups.ts'
import type { CloudPod } from '../../shared/api/cloudPods.ts'
import type { Job } from '../../shared/api/provisioning.ts'
import type { Accepted } from '../../src/services/cloudPodBackupService.ts'
import { finished, startApp, until, type TestApp } from '../support/app.ts'
import { expectNothingLeaked, guestsOf, rowsOf } from '../support/harnessWorld.ts'
import {
  cancelNow,
  countTasks,
  delivered,
  PODS,
  saysItWaits,
  showJob,
  showPod,
  type Placed,
} from './faults.ts'

let app: TestApp
let vm: Placed
let ct: Placed
beforeAll(async () => {
  app = await startApp()
  vm = await delivered(app, { kind: 'vm' })
  ct = await delivered(app, { kind: 'ct' })
})
afterAll(() => app.close())
afterEach(() => app.sim.control.clearFaults())

const pathOf = ({ podId }: { podId: string }): string => `${PODS}/${podId}/backups`
const guestOf = ({ podId }: { podId: string }) => guestsOf(app, podId)[0]
const listOf = async (pod: { podId: string }): Promise<CloudPodBackups> =>
  (await app.admin.get<CloudPodBackups>(pathOf(pod))).body
const shown = async (pod: { podId: string }, id: string): Promise<CloudPodBackup | undefined> =>
  (await listOf(pod)).items.find((one) => one.id === id)

async function accepted<T>(asked: Promise<{ status: number; body: T }>): Promise<T> {
  const { status, body } = await asked
  expect(status, JSON.stringify(body)).toBe(202)
  return body
}

async function succeeds(job: Job): Promise<void> {
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'succeeded' })
}

async function taken(pod: { podId: string }): Promise<CloudPodBackup> {
  const { backup, job } = await accepted(app.admin.post<Accepted>(pathOf(pod)))
  await succeeds(job)
  return backup
}

const remove = async (pod: { podId: string }, id: string): Promise<Job> =>
  (await accepted(app.admin.call<Accepted>('DELETE', `${pathOf(pod)}/${id}`))).job

async function restore(pod: { podId: string }, id: string): Promise<Job> {
  const { hostname } = await showPod(app, pod.podId)
  return (await accepted(app.admin.post<Accepted>(`${pathOf(pod)}/${id}/restore`, { hostname }))).job
}

it.each([
  ['virtual machine', () => vm],
  ['container', () => ct],
])(
  'the backup of a %s is read back, restored over it, and deleted; what ran runs again',
  async (_, which) => {
    const pod = which()
    const backup = await taken(pod)
    expect(await shown(pod, backup.id)).toMatchObject({ state: 'ready', kind: 'manual', protected: false })
    expect((await shown(pod, backup.id))?.sizeBytes).toBeGreaterThan(0)
    expect(app.sim.control.backups()).toMatchObject([{ vmid: guestOf(pod)?.vmid, protected: true }])
    const before = guestOf(pod)?.config
    const vmid = guestOf(pod)?.vmid ?? 0
    app.sim.control.changeGuest(vmid, { config: { startup: 'order=7', memory: '3333' } })

    await succeeds(await restore(pod, backup.id))
    const after = guestOf(pod)
    expect(after?.config.startup).toBeUndefined()
    expect([after?.config.memory, after?.config.net0]).toEqual([before?.memory, before?.net0])
    expect(after).toMatchObject({ power: 'running', vmid })
    expect(await showPod(app, pod.podId)).toMatchObject({
      powerState: 'running',
      action: null,
      problem: null,
    })
    expect((await shown(pod, backup.id))?.restoredAt).not.toBeNull()

    await succeeds(await remove(pod, backup.id))
    expect((await listOf(pod)).items).toEqual([])
    expect(app.sim.control.backups()).toEqual([])
    await expectNothingLeaked(app, pod.tenantId)
  },
)

it.each([
  ['a reset after it was carried out', { dropAfter: true }],
  ['596 after it was carried out', { status: 596, execute: true }],
  ['a reset before anybody heard it', { dropBefore: true }],
])('an answer that is lost by %s is looked up: each deed is done once', async (_, fault) => {
  const counts = ['vzdump', 'vzrestore', 'imgdel'].map((type) => countTasks(app, type))
  app.sim.control.addFault({ method: 'POST', path: '/vzdump$', times: 1, ...fault })
  const backup = await taken(ct)
  app.sim.control.addFault({ method: 'POST', path: '/lxc$', times: 1, ...fault })
  await succeeds(await restore(ct, backup.id))
  app.sim.control.addFault({ method: 'DELETE', path: '/content/', times: 1, ...fault })
  await succeeds(await remove(ct, backup.id))
  expect(counts.map((count) => count())).toEqual([1, 1, 1])
  expect(app.sim.control.backups()).toEqual([])
  expect(guestOf(ct)?.power).toBe('running')
})

it('a backup that fails says why in the words of its log, and leaves nothing but its row', async () => {
  app.sim.control.setStorageFull('shared', true)
  const { backup, job } = await accepted(app.admin.post<Accepted>(pathOf(vm)))
  expect(await finished(app.admin, job.id)).toMatchObject({ state: 'failed' })
  app.sim.control.setStorageFull('shared', false)
  expect(await shown(vm, backup.id)).toMatchObject({
    state: 'failed',
    problem: expect.stringContaining('No space left on device') as string,
  })
  expect(app.sim.control.backups()).toEqual([])
  expect(guestOf(vm)?.config.lock).toBeUndefined()
  await succeeds(await remove(vm, backup.id))
  expect((await listOf(vm)).items).toEqual([])
})

it('a guest that is locked by somebody else is waited for', async () => {
  const vmid = guestOf(vm)?.vmid ?? 0
  app.sim.control.changeGuest(vmid, { config: { lock: 'snapshot' } })
  const { backup, job } = await accepted(app.admin.post<Accepted>(pathOf(vm)))
  await saysItWaits(app, job.id, /locked \(snapshot\)/)
  app.sim.control.changeGuest(vmid, { remove: ['lock'] })
  await succeeds(job)
  await succeeds(await remove(vm, backup.id))
})

async function breaksOff(pod: Placed): Promise<{ backup: CloudPodBackup; job: Job }> {
  const backup = await taken(pod)
  app.sim.control.setStorageFull('shared', true)
  const job = await restore(pod, backup.id)
  await until(
    async () => (await showJob(app, job.id)).waitingFor?.includes('not usable until it is restored'),
    'the restore to say that it broke off',
  )
  return { backup, job }
}

it('a restore that breaks off is tried again until the guest is whole', async () => {
  const { backup, job } = await breaksOff(vm)
  app.sim.control.setStorageFull('shared', false)
  await succeeds(job)
  expect(guestOf(vm)?.power).toBe('running')
  await succeeds(await remove(vm, backup.id))
  await expectNothingLeaked(app, vm.tenantId)
})

it('one that breaks off again and again waits for a person, and goes on although nothing of the guest is left', async () => {
  const { backup, job } = await breaksOff(ct)
  expect(await finished(app.admin, job.id)).toMatchObject({
    state: 'stuck',
    error: { code: 'half_restored' },
  })
  expect(guestOf(ct)).toBeUndefined()
  app.sim.control.setStorageFull('shared', false)
  expect((await app.admin.post(`/api/admin/provisioning/jobs/${job.id}/retry`)).status).toBe(202)
  await until(async () => (await showJob(app, job.id)).state === 'succeeded', 'the restore to be done')
  expect(guestOf(ct)).toMatchObject({ vmid: ct.vmid, power: 'running' })
  await succeeds(await remove(ct, backup.id))
  await expectNothingLeaked(app, ct.tenantId)
})

it('a restore overwrites nothing when the backup is gone or the guest is a stranger’s', async () => {
  const backup = await taken(vm)
  const vmid = guestOf(vm)?.vmid ?? 0
  const marker = guestOf(vm)?.config.description ?? ''
  app.sim.control.changeGuest(vmid, { config: { description: 'ours no more' } })
  const count = countTasks(app, 'qmrestore')
  const foreign = await restore(vm, backup.id)
  expect(await finished(app.admin, foreign.id)).toMatchObject({
    state: 'failed',
    error: { code: 'not_ours' },
  })
  app.sim.control.changeGuest(vmid, { config: { description: marker } })

  app.sim.control.forgetBackups(vmid)
  const gone = await restore(vm, backup.id)
  expect(await finished(app.admin, gone.id)).toMatchObject({
    state: 'failed',
    error: { code: 'backup_missing' },
  })
  expect(count()).toBe(0)
  expect(guestOf(vm)?.power).toBe('running')
  expect((await showPod(app, vm.podId)).problem).toContain('nothing was changed')
  await succeeds(await remove(vm, backup.id))
})

it('a backup becomes a new pod with a name, an address and a network card of its own', async () => {
  for (const pod of [vm, ct]) {
    const backup = await taken(pod)
    const from = await showPod(app, pod.podId)
    const hostname = `copy-of-${from.hostname}`
    const path = `${pathOf(pod)}/${backup.id}/restore-to-new`
    const made = await accepted(app.admin.post<{ cloudPod: CloudPod; job: Job }>(path, { hostname }))
    await succeeds(made.job)
    const copy = await showPod(app, made.cloudPod.id)
    expect(copy).toMatchObject({ hostname, state: 'active', powerState: 'running', subscriptionId: null })
    expect(copy.addresses).not.toEqual(from.addresses)
    const [guest] = guestsOf(app, copy.id)
    expect(guest?.config.net0?.toUpperCase()).toContain(copy.placement?.mac.toUpperCase())
    expect(guest?.config.name ?? guest?.config.hostname).toBe(hostname)
    expect(guestOf(pod)).toMatchObject({ vmid: pod.vmid, power: 'running' })
    const again = await app.admin.post(path, { hostname })
    expect(again).toMatchObject({ status: 409, body: { code: 'hostname_taken' } })
    await expectNothingLeaked(app, pod.tenantId)
    await succeeds(await remove(pod, backup.id))
  }
})

it('a new pod is restored once although the answer was lost, and is found again by its mark', async () => {
  const backup = await taken(vm)
  const count = countTasks(app, 'qmrestore')
  app.sim.control.addFault({ method: 'POST', path: '/qemu$', times: 1, dropAfter: true })
  const path = `${pathOf(vm)}/${backup.id}/restore-to-new`
  const asked = app.admin.post<{ cloudPod: CloudPod; job: Job }>(path, { hostname: 'made-once' })
  const made = await accepted(asked)
  await succeeds(made.job)
  expect(count()).toBe(1)
  expect(guestsOf(app, made.cloudPod.id)).toMatchObject([{ power: 'running' }])
  await succeeds(await remove(vm, backup.id))
})

it('of a new pod that could not be restored nothing is left, also when the restore left an unmarked guest', async () => {
  const backup = await taken(vm)
  app.sim.control.failTask({ type: 'qmrestore', text: 'unable to restore VM - no such archive' })
  const path = `${pathOf(vm)}/${backup.id}/restore-to-new`
  const made = await accepted(
    app.admin.post<{ cloudPod: CloudPod; job: Job }>(path, { hostname: 'never-made' }),
  )
  expect(await finished(app.admin, made.job.id)).toMatchObject({ state: 'failed' })
  expect((await showPod(app, made.cloudPod.id)).state).toBe('failed')
  await expectNothingLeaked(app, vm.tenantId)
  await succeeds(await remove(vm, backup.id))
})

it('twenty backups asked for at once: as many as the pod may have are made', async () => {
  const settings = `/api/admin/tenants/${ct.tenantId}/settings`
  const set = (value: number | null) => app.admin.call('PATCH', settings, { 'cloudPods.maxBackups': value })
  expect((await set(2)).status).toBe(200)
  const asked = await Promise.all(Array.from({ length: 20 }, () => app.admin.post<Accepted>(pathOf(ct))))
  const counts = [202, 409].map((wanted) => asked.filter(({ status }) => status === wanted).length)
  expect(counts).toEqual([2, 18])
  expect(asked.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'invalid_state' })
  for (const { body, status } of asked) if (status === 202) await succeeds(body.job)
  const { items, limit } = await listOf(ct)
  expect([items.length, limit]).toEqual([2, 2])
  for (const { id } of items) await succeeds(await remove(ct, id))
  await set(null)
})

it('a protected backup is not deleted, a restore needs the host name, and a backup is its own pod’s', async () => {
  const backup = await taken(vm)
  const one = `${pathOf(vm)}/${backup.id}`
  expect(await app.admin.call('PATCH', one, { protected: true })).toMatchObject({
    status: 200,
    body: { protected: true },
  })
  const refused = await app.admin.call<{ detail: string }>('DELETE', one)
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect(refused.body.detail).toContain('protected')
  expect((await app.admin.call('PATCH', one, { protected: false })).status).toBe(200)
  const wrong = await app.admin.post(`${one}/restore`, { hostname: 'other' })
  expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: 'hostname' }] } })
  expect((await app.admin.call('DELETE', `${pathOf(ct)}/${backup.id}`)).status).toBe(404)
  await succeeds(await remove(vm, backup.id))
  expect(await app.admin.call('DELETE', one)).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect(await app.admin.post(`${one}/restore-to-new`, { hostname: 'too-late' })).toMatchObject({
    status: 409,
    body: { code: 'invalid_state' },
  })
})

it('where no storage takes backups, the operator is told what to do', async () => {
  await rowsOf(app, sql`update nodes set backup_storage = null`)
  const refused = await app.admin.post<{ detail: string }>(pathOf(vm))
  await rowsOf(app, sql`update nodes set backup_storage = 'local'`)
  expect(refused).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  expect(refused.body.detail).toContain('no storage for backups')
})

it('from a storage of its own a node alone restores: a guest elsewhere is left alone, a new pod is put there', async () => {
  const backup = await taken(vm)
  const { vmid = 0, node } = guestOf(vm) ?? {}
  app.sim.control.changeGuest(vmid, { node: node === 'pve1' ? 'pve2' : 'pve1' })
  const job = await restore(vm, backup.id)
  expect(await finished(app.admin, job.id)).toMatchObject({
    state: 'failed',
    error: { code: 'backup_elsewhere' },
  })
  app.sim.control.changeGuest(vmid, { node: node ?? 'pve1' })
  const path = `${pathOf(vm)}/${backup.id}/restore-to-new`
  const made = await accepted(
    app.admin.post<{ cloudPod: CloudPod; job: Job }>(path, { hostname: 'beside-it' }),
  )
  await succeeds(made.job)
  expect((await showPod(app, made.cloudPod.id)).placement?.nodeName).toBe(node)
})

it('backups outlive their pod, become a new one, and go when its tenant is closed', async () => {
  const kept = (await listOf(vm)).items[0]?.id ?? ''
  const job = await cancelNow(app, vm.subscription.id)
  if (!job) throw new Error('nothing is destroyed')
  await succeeds(job)
  const [backup] = (await listOf(vm)).items
  expect(backup).toMatchObject({ id: kept, state: 'ready', expiresAt: expect.any(String) as string })
  const late = await app.admin.post(pathOf(vm))
  expect(late).toMatchObject({ status: 409, body: { code: 'invalid_state' } })
  const path = `${pathOf(vm)}/${kept}/restore-to-new`
  const made = await accepted(
    app.admin.post<{ cloudPod: CloudPod; job: Job }>(path, { hostname: 'risen-again' }),
  )
  await succeeds(made.job)

  const tenant = `/api/admin/tenants/${vm.tenantId}`
  await app.admin.call('PATCH', `${tenant}/settings`, { 'tenants.coolingOffDays': 0 })
  const { body } = await app.admin.get<{ name: string }>(tenant)
  const closing = await app.admin.post(`${tenant}/close`, { name: body.name, reason: 'tried out' })
  expect(closing.status, JSON.stringify(closing.body)).toBeLessThan(300)
  await until(
    async () => (await app.admin.get<{ state: string }>(tenant)).body.state === 'closed',
    'the tenant to be closed',
    30_000,
  )
  expect(app.sim.control.backups()).toEqual([])
})
