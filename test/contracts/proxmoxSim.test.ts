import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { exampleCluster, startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { ProxmoxSim } from '../../sim/proxmox/server.ts'
import { taskFailure } from '../../src/integrations/proxmox/classify.ts'
import { createProxmox } from '../../src/integrations/proxmox/client.ts'
import { markerOf, parseMarker } from '../../src/integrations/proxmox/guestConfig.ts'
import type { GuestRef, Outcome, Proxmox, TaskState } from '../../src/integrations/proxmox/types.ts'

/** What no one does to a genuine cluster: locks, lost answers, dead nodes, lost quorum. */
const token = { id: 'mpanel@pve!panel', secret: '6f0d1e5c-0000-4000-8000-5ec4e70c0de5' }
const limited = { id: 'limited@pve!pool', secret: '6f0d1e5c-0000-4000-8000-11111e70c0de' }

let sim: ProxmoxSim
let proxmox: Proxmox
let lastVmid = 9200

beforeAll(async () => {
  const seed = exampleCluster({ rootPassword: 'root secret', tokenId: token.id, tokenSecret: token.secret })
  seed.tokens?.push({ ...limited, privsep: false })
  seed.acl?.push({ path: '/pool/mpanel', to: 'limited@pve', role: 'PVEVMAdmin' })
  sim = await startProxmoxSim({ seed })
  proxmox = createProxmox({ url: sim.url, token, fingerprint: sim.fingerprint })
})

afterEach(async () => {
  sim.control.clearFaults()
  sim.control.setQuorum(true)
  sim.control.setNode('pve2', 'online')
  sim.control.resumeTasks()
  await sim.control.idle()
})

afterAll(() => sim?.close())

function cloneRequest(operation: string) {
  lastVmid += 1
  return {
    node: 'pve1',
    templateVmid: 9010,
    newVmid: lastVmid,
    name: 'sim-clone',
    description: markerOf('0192f0c1-0000-7000-8000-000000000001', operation),
  }
}

async function ended(outcome: Outcome<unknown>): Promise<TaskState> {
  if (outcome.outcome !== 'pending') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
  await sim.control.idle()
  const state = await proxmox.task(outcome.ref)
  if (state.outcome !== 'ok') throw new Error(`no state: ${JSON.stringify(state)}`)
  return state.value
}

async function newVm(): Promise<GuestRef> {
  const request = cloneRequest('make')
  expect(await ended(await proxmox.clone(request))).toMatchObject({ state: 'ok' })
  return { node: 'pve1', kind: 'vm', vmid: request.newVmid }
}

const codeOf = async (outcome: Outcome<unknown>) => {
  if (outcome.outcome === 'rejected') return outcome.code
  const state = await ended(outcome)
  return state.state === 'failed' ? taskFailure(state.message).code : state.state
}

describe('lost answers', () => {
  const spoiled = [
    ['a reset after the work was taken on', { dropAfter: true }],
    ['half of the answer', { truncate: true }],
    ['596 after the work was taken on', { status: 596, execute: true }],
  ] as const

  test.each(spoiled)(
    '%s is unknown, and the task is found by our user and the mark',
    async (_name, fault) => {
      const request = cloneRequest('lost')
      const since = new Date(Date.now() - 1000)
      sim.control.addFault({ method: 'POST', path: '/clone$', ...fault })
      expect(await proxmox.clone(request)).toMatchObject({ outcome: 'unknown' })
      expect(sim.control.requests({ method: 'POST', path: '/clone$' }).at(-1)?.user).toBe(token.id)
      const tasks = await proxmox.tasksSince('pve1', since)
      expect(tasks).toMatchObject({ outcome: 'ok' })
      if (tasks.outcome === 'ok') expect(tasks.value.some(({ type }) => type === 'qmclone')).toBe(true)
      await sim.control.idle()
      const config = await proxmox.config({ node: 'pve1', kind: 'vm', vmid: request.newVmid })
      if (config.outcome !== 'ok') throw new Error(JSON.stringify(config))
      expect(parseMarker(config.value.description)?.operationId).toBe('lost')
    },
  )

  test('a reset before anything was done is unknown too, for nobody can tell', async () => {
    const request = cloneRequest('lost')
    sim.control.clearRequests()
    sim.control.addFault({ method: 'POST', path: '/clone$', dropBefore: true })
    expect(await proxmox.clone(request)).toMatchObject({ outcome: 'unknown' })
    expect(sim.control.requests({ method: 'POST', path: '/clone$' })).toHaveLength(1)
    expect(await proxmox.vmidFree(request.newVmid)).toEqual({ outcome: 'ok', value: true })
  })

  test('595 is proof that nothing was done', async () => {
    const request = cloneRequest('never')
    sim.control.addFault({ method: 'POST', path: '/clone$', status: 595 })
    const expected = { outcome: 'rejected', code: 'unreachable', retryable: true }
    expect(await proxmox.clone(request)).toMatchObject(expected)
    expect(await proxmox.vmidFree(request.newVmid)).toEqual({ outcome: 'ok', value: true })
  })
})

describe('the state of the cluster', () => {
  test('a locked guest is locked, at once or in the task, and says so', async () => {
    const guest = await newVm()
    sim.control.changeGuest(guest.vmid, { config: { lock: 'backup' } })
    expect(await proxmox.configure(guest, { cores: 2 })).toMatchObject({ code: 'locked', retryable: true })
    for (const call of [
      proxmox.start(guest),
      proxmox.destroy(guest),
      proxmox.resizeDisk(guest, 'scsi0', 9),
    ]) {
      expect(await codeOf(await call)).toBe('locked')
    }
    expect(await proxmox.config(guest)).toMatchObject({ outcome: 'ok', value: { lock: 'backup' } })
  })

  test('without quorum writes are refused as such, reads go on, and no VMID is free or taken', async () => {
    const guest = await newVm()
    sim.control.setQuorum(false)
    expect(await codeOf(await proxmox.clone(cloneRequest('none')))).toBe('no_quorum')
    expect(await codeOf(await proxmox.configure(guest, { cores: 2 }))).toBe('no_quorum')
    expect(await codeOf(await proxmox.start(guest))).toBe('no_quorum')
    expect(await proxmox.config(guest)).toMatchObject({ outcome: 'ok' })
    for (const vmid of [guest.vmid, 9399]) {
      expect(await proxmox.vmidFree(vmid)).toMatchObject({ outcome: 'rejected', code: 'no_quorum' })
    }
  })

  test('a node that is gone is unreachable, and listed as offline', async () => {
    sim.control.setNode('pve2', 'offline')
    expect(await proxmox.storages('pve2')).toMatchObject({ code: 'unreachable', retryable: true })
    const nodes = await proxmox.nodes()
    if (nodes.outcome !== 'ok') throw new Error(JSON.stringify(nodes))
    expect(nodes.value.find(({ name }) => name === 'pve2')?.status).toBe('offline')
  })

  test('a guest that was moved is missing where it was, and located where it is', async () => {
    const guest = await newVm()
    sim.control.changeGuest(guest.vmid, { node: 'pve3' })
    expect(await proxmox.config(guest)).toMatchObject({ outcome: 'rejected', code: 'missing' })
    expect(await proxmox.locate(guest.vmid)).toEqual({ outcome: 'ok', value: { ...guest, node: 'pve3' } })
  })

  test('a clone in the making is locked, and its mark may not be there yet', async () => {
    const request = cloneRequest('slow')
    sim.control.setSpeed({ cloneMs: 400 })
    const outcome = await proxmox.clone(request)
    const guest: GuestRef = { node: 'pve1', kind: 'vm', vmid: request.newVmid }
    const seen: (string | null)[] = []
    for (let n = 0; n < 20 && !seen.includes('clone'); n += 1) {
      const config = await proxmox.config(guest)
      if (config.outcome === 'ok') seen.push(config.value.lock)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(seen).toContain('clone')
    expect(await ended(outcome)).toMatchObject({ state: 'ok' })
    sim.control.setSpeed({ cloneMs: 60 })
    const config = await proxmox.config(guest)
    expect(config).toMatchObject({ outcome: 'ok', value: { lock: null, description: request.description } })
  })
})

describe('the end of tasks', () => {
  test('warnings are a success', async () => {
    sim.control.failTask({ type: 'qmclone', warnings: true })
    expect(await ended(await proxmox.clone(cloneRequest('warned')))).toEqual({ state: 'ok', warnings: true })
  })

  test('a killed worker leaves a task whose end nobody knows', async () => {
    sim.control.failTask({ type: 'qmclone', text: 'unexpected status' })
    expect(await ended(await proxmox.clone(cloneRequest('killed')))).toMatchObject({ state: 'unknown' })
  })

  test('any other end is a failure in the words of Proxmox', async () => {
    const text = 'unable to create image: got lock timeout - aborting command'
    sim.control.failTask({ type: 'qmclone', text })
    expect(await ended(await proxmox.clone(cloneRequest('failed')))).toMatchObject({
      state: 'failed',
      message: text,
    })
  })
})

describe('who asks', () => {
  test('a password works like a token, and its tasks are its own', async () => {
    const ticket = { username: 'root@pam', password: 'root secret' }
    const root = createProxmox({ url: sim.url, ticket, fingerprint: sim.fingerprint })
    const since = new Date(Date.now() - 1000)
    const outcome = await root.clone(cloneRequest('root'))
    expect(await ended(outcome)).toMatchObject({ state: 'ok' })
    const upid = outcome.outcome === 'pending' ? outcome.ref : ''
    const [ours, theirs] = [await root.tasksSince('pve1', since), await proxmox.tasksSince('pve1', since)]
    if (ours.outcome !== 'ok' || theirs.outcome !== 'ok') throw new Error('no tasks')
    expect(ours.value.map((task) => task.upid)).toContain(upid)
    expect(theirs.value.map((task) => task.upid)).not.toContain(upid)
  })

  test('a wrong password is unauthorized', async () => {
    const ticket = { username: 'root@pam', password: 'wrong' }
    const root = createProxmox({ url: sim.url, ticket, fingerprint: sim.fingerprint })
    expect(await root.start({ node: 'pve1', kind: 'vm', vmid: 9010 })).toMatchObject({ code: 'unauthorized' })
  })

  test('a token with few rights cannot tell absent from forbidden, and proves nothing free', async () => {
    const few = createProxmox({ url: sim.url, token: limited, fingerprint: sim.fingerprint })
    const guest = await newVm()
    for (const vmid of [guest.vmid, 9399]) {
      expect(await few.config({ ...guest, vmid })).toMatchObject({ outcome: 'rejected', code: 'forbidden' })
    }
    expect(await few.guests()).toEqual({ outcome: 'ok', value: [] })
    expect(await few.vmidFree(9399)).toMatchObject({ outcome: 'rejected', code: 'forbidden' })
  })
})
