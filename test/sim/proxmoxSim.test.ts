import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { exampleCluster, startProxmoxSim } from '../../sim/proxmox/server.ts'
import type { ProxmoxSim, Speed } from '../../sim/proxmox/server.ts'
import { form, send, withToken } from './simClient.ts'
import type { Api } from './simClient.ts'

const TOKEN = 'mpanel@pve!panel'
const seed = exampleCluster({ rootPassword: 'root-password', tokenSecret: 'token-secret' })

let sim: ProxmoxSim
let api: Api
let folder: string

async function start(more: { stateFile?: string; speed?: Partial<Speed>; staleMs?: number } = {}) {
  sim = await startProxmoxSim({ seed, controlToken: 'control', ...more })
  api = withToken(sim, `${TOKEN}=token-secret`)
}

const clone = (newid: number, more: Record<string, string | number> = {}) =>
  api.post('/nodes/pve1/qemu/9000/clone', { newid, name: `vm${newid}`, full: 1, ...more })
const cloned = async (newid: number, more: Record<string, string | number> = {}) =>
  api.exit((await clone(newid, more)).body?.data as string)
const guest = (vmid: number) => sim.control.guests().find((one) => one.vmid === vmid)
const reset = /ECONNRESET|socket hang up|other side closed|cut off/

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'proxmox-sim-'))
  await start()
})
afterEach(async () => {
  await sim.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('clones', () => {
  it('of three clones to one new id all are accepted and exactly one succeeds', async () => {
    // Held until all three are accepted: how many requests a real worker outruns depends on the machine.
    sim.control.pauseTasks()
    const answers = await Promise.all([clone(105), clone(105), clone(105)])
    sim.control.resumeTasks()
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200])
    const exits = await Promise.all(answers.map((answer) => api.exit(answer.body?.data as string)))
    expect(exits.toSorted()).toEqual([
      'OK',
      "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout",
      "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout",
    ])
  })

  it('clones to one new id from two nodes are both accepted, and the later one finds the id taken', async () => {
    sim.control.pauseTasks()
    const [first, second] = await Promise.all([
      api.post('/nodes/pve1/qemu/9010/clone', { newid: 300, name: 'a', full: 1 }),
      api.post('/nodes/pve2/qemu/9011/clone', { newid: 300, name: 'b', full: 1 }),
    ])
    sim.control.resumeTasks()
    const exits = [await api.exit(first.body?.data as string), await api.exit(second.body?.data as string)]
    expect(exits.filter((exit) => exit === 'OK')).toHaveLength(1)
    expect(exits.find((exit) => exit !== 'OK')).toMatch(
      /^close \(rename\) atomic file '.*300\.conf' failed: File exists$/,
    )
  })

  it('a clone under way shows its lock, and its name only once the first disk is there', async () => {
    sim.control.pauseTasks()
    const answer = await clone(120, { description: 'ours' })
    expect((await api.get('/nodes/pve1/qemu/120/config')).status).toBe(500)
    sim.control.setSpeed({ cloneMs: 300 })
    sim.control.resumeTasks()
    let seen: Record<string, string> = {}
    while (seen.lock === undefined) {
      seen = ((await api.get('/nodes/pve1/qemu/120/config')).body?.data ?? {}) as Record<string, string>
    }
    expect(seen.lock).toBe('clone')
    expect((await api.put('/nodes/pve1/qemu/120/config', { cores: 2 })).reason).toBe('VM is locked (clone)')
    expect(await api.exit(answer.body?.data as string)).toBe('OK')
    const done = (await api.get('/nodes/pve1/qemu/120/config')).body?.data
    expect(done).toMatchObject({ name: 'vm120', description: 'ours' })
    expect(done).not.toHaveProperty('lock')
  })

  it('an id is free again, and given out again, as soon as its guest is gone', async () => {
    expect((await api.get('/cluster/nextid')).body?.data).toBe('100')
    expect(await cloned(100)).toBe('OK')
    expect((await api.get('/cluster/nextid')).body?.data).toBe('101')
    expect((await api.get('/cluster/nextid?vmid=100')).body?.errors).toEqual({
      vmid: 'VM 100 already exists',
    })
    expect(await api.task('DELETE', '/nodes/pve1/qemu/100?purge=1')).toBe('OK')
    expect((await api.get('/cluster/nextid')).body?.data).toBe('100')
    expect((await api.get('/cluster/nextid?vmid=100')).body?.data).toBe('100')
  })

  it('an aborted clone cleans up after itself', async () => {
    sim.control.setSpeed({ cloneMs: 5000 })
    const upid = (await clone(121)).body?.data as string
    while (guest(121) === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    await api.del(`/nodes/pve1/tasks/${upid}`)
    expect(await api.exit(upid)).toBe('received interrupt')
    expect(guest(121)).toBeUndefined()
    const content = await api.get('/nodes/pve1/storage/shared/content?vmid=121')
    expect(content.body?.data).toEqual([])
  })

  it('names with a sentinel fail, fill the disk, lose the answer or take their time', async () => {
    sim.control.setSpeed({ slowCloneMs: 250 })
    expect(await cloned(130, { name: 'fail-clone-1' })).toMatch(/^clone failed: copy failed: command/)
    expect(guest(130)).toBeUndefined()
    const full = (await clone(131, { name: 'disk-full-1' })).body?.data as string
    expect(await api.exit(full)).toMatch(
      /^clone failed: copy failed: command '\/usr\/bin\/qemu-img convert .*exit code 1$/,
    )
    const log = (await api.get(`/nodes/pve1/tasks/${full}/log`)).body?.data as { t: string }[]
    expect(log.some((line) => line.t.endsWith('No space left on device'))).toBe(true)
    await expect(clone(132, { name: 'lost-clone-1' })).rejects.toThrow(reset)
    await sim.control.idle()
    expect(guest(132)?.config.name).toBe('lost-clone-1')
    const began = Date.now()
    expect(await cloned(133, { name: 'slow-clone-1' })).toBe('OK')
    expect(Date.now() - began).toBeGreaterThanOrEqual(250)
    expect(await cloned(134, { name: 'fail-start-1' })).toBe('OK')
    expect(await api.task('POST', '/nodes/pve1/qemu/134/status/start')).toBe(
      'start failed: QEMU exited with code 1',
    )
    expect(guest(134)?.power).toBe('stopped')
  })
})

describe('faults on demand', () => {
  it('a request dropped before is not executed, one dropped after is', async () => {
    sim.control.addFault({ method: 'POST', path: '/clone$', dropBefore: true })
    await expect(clone(140)).rejects.toThrow(reset)
    sim.control.addFault({ method: 'POST', path: '/clone$', dropAfter: true })
    await expect(clone(141)).rejects.toThrow(reset)
    await sim.control.idle()
    expect(guest(140)).toBeUndefined()
    expect(guest(141)).toBeDefined()
  })

  it('a 595 was never executed, a 596 was when asked for, and both come without a body', async () => {
    sim.control.addFault({ path: '/clone$', status: 595 })
    expect(await clone(142)).toMatchObject({
      status: 595,
      reason: 'Connection refused',
      text: '',
      ctype: null,
    })
    sim.control.addFault({ path: '/clone$', status: 596, execute: true })
    expect(await clone(143)).toMatchObject({
      status: 596,
      reason: 'Connection timed out',
      text: '',
      ctype: null,
    })
    await sim.control.idle()
    expect(guest(142)).toBeUndefined()
    expect(guest(143)).toBeDefined()
  })

  it('a fault is used up after its times, and only matches its method and path', async () => {
    sim.control.addFault({ method: 'GET', path: '^/version$', status: 500, times: 2 })
    const statuses = [
      await api.get('/nodes'),
      await api.get('/version'),
      await api.get('/version'),
      await api.get('/version'),
    ]
    expect(statuses.map((answer) => answer.status)).toEqual([200, 500, 500, 200])
  })

  it('a truncated answer ends in the middle', async () => {
    sim.control.addFault({ path: '^/cluster/resources', truncate: true })
    await expect(api.get('/cluster/resources')).rejects.toThrow(reset)
  })

  it('an answer can be delayed', async () => {
    sim.control.addFault({ path: '^/version$', delayMs: 120 })
    const began = Date.now()
    expect((await api.get('/version')).status).toBe(200)
    expect(Date.now() - began).toBeGreaterThanOrEqual(115)
  })

  it('a task can be made to fail, to warn or to die', async () => {
    expect(await cloned(150)).toBe('OK')
    sim.control.failTask({ type: 'qmstart', text: 'timeout waiting on systemd' })
    expect(await api.task('POST', '/nodes/pve1/qemu/150/status/start')).toBe('timeout waiting on systemd')
    sim.control.failTask({ type: 'qmstart', warnings: true, vmid: 150 })
    expect(await api.task('POST', '/nodes/pve1/qemu/150/status/start')).toBe('WARNINGS: 1')
    expect(guest(150)?.power).toBe('running')
    sim.control.setSpeed({ cloneMs: 5000 })
    const upid = (await clone(151)).body?.data as string
    while (guest(151) === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    sim.control.killTask(upid)
    expect(await api.exit(upid)).toBe('unexpected status')
    expect(guest(151)?.config.lock).toBe('clone')
  })

  it('held tasks stay in the list of active ones until they are let go', async () => {
    sim.control.pauseTasks('qmclone')
    const upid = (await clone(152)).body?.data as string
    await new Promise((resolve) => setTimeout(resolve, 60))
    const active = (await api.get('/nodes/pve1/tasks?source=active')).body?.data
    expect(active).toMatchObject([{ upid, status: 'RUNNING', type: 'qmclone', id: '9000', tokenid: 'panel' }])
    expect((await api.get('/nodes/pve1/tasks')).body?.data).toEqual([])
    sim.control.resumeTasks()
    expect(await api.exit(upid)).toBe('OK')
    expect((await api.get('/nodes/pve1/tasks?source=active')).body?.data).toEqual([])
  })

  it('the control endpoint does the same over HTTPS, for the holder of its token only', async () => {
    const call = (operation: string, token: string, body?: string) =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const headers = { Authorization: `Bearer ${token}` }
        const options = { method: 'POST', headers, ca: sim.caPem, agent: false } as const
        const req = request(`${sim.url}/sim/control/${operation}`, options, (res) => {
          let text = ''
          res.on('data', (chunk) => (text += String(chunk)))
          res.on('end', () => resolve({ status: res.statusCode ?? 0, text }))
        })
        req.on('error', reject)
        req.end(body)
      })
    expect((await call('guests', 'wrong')).status).toBe(403)
    expect((await call('nonsense', 'control')).status).toBe(404)
    expect((await call('addFault', 'control', '{"path":"^/version$","status":500}')).status).toBe(200)
    expect((await api.get('/version')).status).toBe(500)
    expect((await call('setNode', 'control', '["pve3","offline"]')).status).toBe(200)
    expect((await api.get('/nodes/pve3/status')).status).toBe(595)
    const requests = JSON.parse((await call('requests', 'control', '{"path":"^/version$"}')).text) as {
      result: unknown[]
    }
    expect(requests.result).toHaveLength(1)
  })
})

describe('nodes, quorum and capacity', () => {
  it('a node that is away answers 595, is listed as offline and loses its running tasks and guests', async () => {
    expect(await api.task('POST', '/nodes/pve2/qemu/9011/clone', { newid: 200, name: 'far', full: 1 })).toBe(
      'OK',
    )
    expect(await api.task('POST', '/nodes/pve2/qemu/200/status/start')).toBe('OK')
    sim.control.setSpeed({ cloneMs: 5000 })
    const upid = (await api.post('/nodes/pve2/qemu/9011/clone', { newid: 201, name: 'x', full: 1 })).body
      ?.data as string
    while (guest(201) === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    sim.control.setNode('pve2', 'offline')
    expect(await api.get('/nodes/pve2/qemu/200/config')).toMatchObject({
      status: 595,
      reason: 'No route to host',
    })
    expect((await api.get('/nodes')).body?.data).toMatchObject([
      { status: 'online' },
      { status: 'offline' },
      {},
    ])
    expect((await api.get('/cluster/nextid?vmid=200')).status).toBe(400)
    sim.control.setNode('pve2', 'online')
    expect(await api.exit(upid)).toBe('unexpected status')
    expect(guest(200)?.power).toBe('stopped')
    expect(guest(201)?.config.lock).toBe('clone')
  })

  it('without quorum reading, stopping and nextid work, and nothing can be made, changed or removed', async () => {
    expect(await cloned(210)).toBe('OK')
    expect(await api.task('POST', '/nodes/pve1/qemu/210/status/start')).toBe('OK')
    sim.control.setQuorum(false)
    expect((await api.get('/nodes/pve1/qemu/210/config')).status).toBe(200)
    expect((await api.get('/cluster/nextid')).status).toBe(200)
    expect((await clone(211)).reason).toBe('cluster not ready - no quorum?')
    const start = await api.post('/nodes/pve1/qemu/210/status/start')
    expect(start).toMatchObject({ status: 500, reason: 'cluster not ready - no quorum?' })
    const change = await api.put('/nodes/pve1/qemu/210/config', { cores: 2 })
    expect(change.reason).toMatch(/^unable to open file '\/etc\/pve\/nodes\/pve1\/.*' - Permission denied$/)
    expect((await api.post('/pools', { poolid: 'p' })).reason).toContain(
      "cfs-lock 'file-user_cfg' error: no quorum!",
    )
    expect(await api.task('POST', '/nodes/pve1/qemu/210/status/stop')).toBe('OK')
    expect(await api.task('DELETE', '/nodes/pve1/qemu/210')).toMatch(/Permission denied$/)
    sim.control.setQuorum(true)
    expect(await api.task('DELETE', '/nodes/pve1/qemu/210')).toBe('OK')
  })

  it('two of three nodes away are no quorum', async () => {
    sim.control.setNode('pve2', 'offline')
    expect((await clone(212)).status).toBe(200)
    sim.control.setNode('pve3', 'offline')
    expect((await clone(213)).reason).toBe('cluster not ready - no quorum?')
    const [summary] = (await api.get('/cluster/status')).body?.data as { quorate: number }[]
    expect(summary?.quorate).toBe(0)
  })

  it('a full storage lets a clone start and fail, and leaves nothing behind', async () => {
    sim.control.setStorageFull('local-lvm', true, 'pve1')
    const exit = await cloned(220, { storage: 'local-lvm' })
    expect(exit).toMatch(/^clone failed: copy failed: command .* failed: exit code 1$/)
    expect(guest(220)).toBeUndefined()
    sim.control.setStorageFull('local-lvm', false, 'pve1')
    expect(await cloned(220, { storage: 'local-lvm' })).toBe('OK')
  })

  it('disks count against their storage and come back when they are removed', async () => {
    const avail = async () =>
      ((await api.get('/nodes/pve1/storage/local-lvm/status')).body?.data as { avail: number }).avail
    const before = await avail()
    expect(await cloned(221, { storage: 'local-lvm' })).toBe('OK')
    expect(await api.task('PUT', '/nodes/pve1/qemu/221/resize', { disk: 'scsi0', size: '20G' })).toBe('OK')
    const cloudInit = 4 * 1024 ** 2
    expect(before - (await avail())).toBe(20 * 1024 ** 3 + cloudInit)
    expect(await api.task('PUT', '/nodes/pve1/qemu/221/resize', { disk: 'scsi0', size: '9999G' })).toMatch(
      /failed: exit code 1$/,
    )
    expect(await api.task('DELETE', '/nodes/pve1/qemu/221')).toBe('OK')
    expect(await avail()).toBe(before)
  })

  it('a machine does not start with more memory or more cores than its node has', async () => {
    expect(await cloned(222)).toBe('OK')
    await api.task('POST', '/nodes/pve1/qemu/222/config', { memory: 600 * 1024 })
    expect(await api.task('POST', '/nodes/pve1/qemu/222/status/start')).toBe(
      'start failed: QEMU exited with code 1',
    )
    await api.task('POST', '/nodes/pve1/qemu/222/config', { memory: 1024, cores: 65 })
    expect(await api.task('POST', '/nodes/pve1/qemu/222/status/start')).toBe(
      'MAX 64 vcpus allowed per VM on this node',
    )
  })

  it('figures in cluster/resources may lag behind, rows and locks do not', async () => {
    sim.control.setStaleness(60_000)
    await api.get('/cluster/resources?type=vm')
    expect(await cloned(223)).toBe('OK')
    const rows = (await api.get('/cluster/resources?type=vm')).body?.data as {
      vmid: number
      status: string
      name?: string
    }[]
    const row = rows.find((one) => one.vmid === 223)
    expect(row).toMatchObject({ status: 'unknown' })
    expect(row?.name).toBeUndefined()
    sim.control.setStaleness(0)
    const fresh = (await api.get('/cluster/resources?type=vm')).body?.data as { vmid: number }[]
    expect(fresh.find((one) => one.vmid === 223)).toMatchObject({ status: 'stopped', name: 'vm223' })
  })

  it('guests can be changed, made, moved and removed behind the panel’s back', async () => {
    sim.control.createGuest({ vmid: 500, node: 'pve2', name: 'stranger', storage: 'local-lvm', diskGb: 5 })
    expect((await api.get('/nodes/pve2/qemu/500/config')).body?.data).toMatchObject({ name: 'stranger' })
    const { digest } = (await api.get('/nodes/pve2/qemu/500/config')).body?.data as { digest: string }
    sim.control.changeGuest(500, { config: { cores: '4' }, power: 'running' })
    expect((await api.put('/nodes/pve2/qemu/500/config', { cores: 2, digest })).reason).toMatch(
      /^checksum mismatch/,
    )
    sim.control.changeGuest(500, { node: 'pve3', power: 'stopped' })
    expect((await api.get('/nodes/pve2/qemu/500/config')).reason).toMatch(/does not exist$/)
    expect((await api.get('/nodes/pve3/qemu/500/config')).status).toBe(200)
    sim.control.removeGuest(500)
    expect((await api.get('/cluster/nextid?vmid=500')).status).toBe(200)
  })
})

describe('restarts', () => {
  it('guests, tokens and the certificate survive; a task that was running ends as unexpected, its lock stays', async () => {
    await sim.close()
    const stateFile = join(folder, 'state.json')
    await start({ stateFile })
    const { fingerprint } = sim
    expect(await cloned(600)).toBe('OK')
    sim.control.setSpeed({ cloneMs: 60_000 })
    const upid = (await clone(601)).body?.data as string
    while (guest(601)?.config.name === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    await sim.close()
    await start({ stateFile })
    expect(sim.fingerprint).toBe(fingerprint)
    expect(guest(600)?.config.name).toBe('vm600')
    expect(await api.exit(upid)).toBe('unexpected status')
    expect(guest(601)?.config.lock).toBe('clone')
    expect((await api.put('/nodes/pve1/qemu/601/config', { cores: 2 })).reason).toBe('VM is locked (clone)')
    expect(await api.task('DELETE', '/nodes/pve1/qemu/601')).toBe('VM is locked (clone)')
  })

  it('what was answered is on disk before the answer', async () => {
    await sim.close()
    const stateFile = join(folder, 'state.json')
    await start({ stateFile })
    await api.post('/pools', { poolid: 'kept' })
    const { readState } = await import('../../sim/proxmox/store.ts')
    expect(Object.keys(readState(stateFile)?.pools ?? {})).toContain('kept')
  })
})

describe('HTTP as the real server speaks it', () => {
  const headers = { Authorization: `PVEAPIToken=${TOKEN}=token-secret` }

  it('an unescaped = cuts a value short, a semicolon separates pairs, and the query wins over the body', async () => {
    expect(await cloned(700)).toBe('OK')
    const put = (path: string, body: string) => send(sim, { method: 'PUT', path, headers, body })
    const cut = await put('/nodes/pve1/qemu/700/config', 'ipconfig0=ip=10.0.0.9/24')
    expect(cut.body?.errors?.ipconfig0).toMatch(/^invalid format - value without key/)
    expect((await put('/nodes/pve1/qemu/700/config?cores=3', 'cores=2;memory=2048')).status).toBe(200)
    const config = (await api.get('/nodes/pve1/qemu/700/config')).body?.data
    expect(config).toMatchObject({ cores: 3, memory: '2048' })
  })

  it('early refusals have their own status and no envelope', async () => {
    const chunked = { ...headers, 'Transfer-Encoding': 'chunked' }
    const refused = await Promise.all([
      send(sim, { method: 'DELETE', path: '/pools/x', headers, body: 'a=b' }),
      send(sim, {
        method: 'POST',
        path: '/pools',
        headers: { ...headers, 'Content-Type': 'text/xml' },
        body: '<x/>',
      }),
      send(sim, { method: 'POST', path: '/pools', headers: chunked }),
      send(sim, {
        method: 'POST',
        path: '/pools',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: '{bad',
      }),
      send(sim, { method: 'POST', path: '/pools', headers, body: `comment=${'x'.repeat(600_000)}` }),
    ])
    expect(refused.map((answer) => answer.status)).toEqual([501, 506, 501, 500, 501])
    expect(refused[0]?.reason).toBe("Unexpected content for method 'DELETE'")
    expect(refused[2]?.reason).toBe('chunked transfer encoding not supported')
    expect(refused[3]?.reason).toMatch(/^malformed JSON string/)
    expect(refused[4]?.reason).toBe('for data too large')
  })

  it('a ticket needs its CSRF token for everything but reading', async () => {
    const body = form({ username: 'root@pam', password: 'root-password' })
    const login = await send(sim, { method: 'POST', path: '/access/ticket', body })
    const { ticket, CSRFPreventionToken } = login.body?.data as Record<string, string>
    const cookie = { Cookie: `PVEAuthCookie=${ticket}` }
    expect((await send(sim, { method: 'GET', path: '/nodes', headers: cookie })).status).toBe(200)
    const without = await send(sim, { method: 'POST', path: '/pools', headers: cookie, body: 'poolid=p1' })
    expect(without).toMatchObject({ status: 401, reason: 'Permission denied - invalid csrf token' })
    const withCsrf = { ...cookie, CSRFPreventionToken: CSRFPreventionToken ?? '' }
    expect(
      (await send(sim, { method: 'POST', path: '/pools', headers: withCsrf, body: 'poolid=p1' })).status,
    ).toBe(200)
  })

  it('a token limited to a pool gets 403 for a guest outside it, whether the guest exists or not', async () => {
    await sim.close()
    const limited = {
      ...seed,
      users: [...(seed.users ?? []), { id: 'reseller@pve' }],
      tokens: [...(seed.tokens ?? []), { id: 'reseller@pve!tok', secret: 's', privsep: false }],
      acl: [...(seed.acl ?? []), { path: '/pool/mpanel', to: 'reseller@pve', role: 'PVEVMAdmin' }],
    }
    sim = await startProxmoxSim({ seed: limited })
    api = withToken(sim, `${TOKEN}=token-secret`)
    expect(await cloned(800, { pool: 'mpanel' })).toBe('OK')
    expect(await cloned(801)).toBe('OK')
    const reseller = withToken(sim, 'reseller@pve!tok=s')
    const statuses = await Promise.all(
      [800, 801, 999].map((vmid) => reseller.get(`/nodes/pve1/qemu/${vmid}/config`)),
    )
    expect(statuses.map((answer) => answer.status)).toEqual([200, 403, 403])
    expect(await reseller.task('DELETE', '/nodes/pve1/qemu/800')).toBe('OK')
    expect((await reseller.get('/nodes/pve1/qemu/800/config')).reason).toBe(
      'Permission check failed (/vms/800, VM.Audit)',
    )
  })
})

describe('containers', () => {
  const make = (vmid: number, more: Record<string, string | number> = {}) =>
    api.task('POST', '/nodes/pve1/lxc', {
      vmid,
      hostname: `ct${vmid}`,
      ostemplate: 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst',
      rootfs: 'local-lvm:8',
      cores: 1,
      memory: 512,
      net0: 'name=eth0,bridge=vmbr0,ip=dhcp',
      ...more,
    })

  it('a container is made, started, grown, cloned and destroyed; the wrong state is refused at once', async () => {
    expect(await make(900)).toBe('OK')
    expect((await api.post('/nodes/pve1/lxc/900/status/stop')).reason).toBe('CT 900 not running')
    expect(await api.task('POST', '/nodes/pve1/lxc/900/status/start')).toBe('OK')
    expect((await api.post('/nodes/pve1/lxc/900/status/start')).reason).toBe('CT 900 already running')
    expect((await api.put('/nodes/pve1/lxc/900/config', { memory: 1024, tags: 'b;a' })).status).toBe(200)
    expect((await api.get('/nodes/pve1/lxc/900/config')).body?.data).toMatchObject({
      memory: 1024,
      tags: 'a;b',
    })
    expect(await api.task('PUT', '/nodes/pve1/lxc/900/resize', { disk: 'rootfs', size: '10G' })).toBe('OK')
    expect((await api.del('/nodes/pve1/lxc/900')).reason).toBe(
      'unable to destroy CT 900 - container is running',
    )
    expect(await api.task('POST', '/nodes/pve1/lxc/900/status/shutdown', { timeout: 10 })).toBe('OK')
    expect(
      await api.task('POST', '/nodes/pve1/lxc/900/clone', { newid: 901, hostname: 'copy', full: 1 }),
    ).toBe('OK')
    expect((await api.get('/nodes/pve1/lxc/901/config')).body?.data).toMatchObject({
      hostname: 'copy',
      rootfs: 'local-lvm:vm-901-disk-0,size=10G',
    })
    expect(await api.task('DELETE', '/nodes/pve1/lxc/900?purge=1')).toBe('OK')
    expect(guest(900)).toBeUndefined()
  })

  it('a name with a sentinel fails the creation and leaves nothing behind', async () => {
    expect(await make(902, { hostname: 'disk-full' })).toMatch(/^unable to create CT 902 - command 'tar /)
    expect(guest(902)).toBeUndefined()
    expect((await api.get('/nodes/pve1/storage/local-lvm/content?vmid=902')).body?.data).toEqual([])
  })
})
