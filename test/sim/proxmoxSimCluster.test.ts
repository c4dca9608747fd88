import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readState } from '../../sim/proxmox/store.ts'
import { useBench } from './simBench.ts'
import { dataOf } from './simClient.ts'

const bench = useBench()

describe('nodes, quorum and capacity', () => {
  it('a node that is away answers 595, is listed as offline and loses its running tasks and guests', async () => {
    expect(
      await bench.api.task('POST', '/nodes/pve2/qemu/9011/clone', { newid: 200, name: 'far', full: 1 }),
    ).toBe('OK')
    expect(await bench.api.task('POST', '/nodes/pve2/qemu/200/status/start')).toBe('OK')
    bench.sim.control.setSpeed({ cloneMs: 5000 })
    const upid = (await bench.api.post('/nodes/pve2/qemu/9011/clone', { newid: 201, name: 'x', full: 1 }))
      .body?.data as string
    await bench.until(() => bench.guest(201) !== undefined)
    bench.sim.control.setNode('pve2', 'offline')
    expect(await bench.api.get('/nodes/pve2/qemu/200/config')).toMatchObject({
      status: 595,
      reason: 'No route to host',
    })
    expect((await bench.api.get('/nodes')).body?.data).toMatchObject([
      { status: 'online' },
      { status: 'offline' },
      {},
    ])
    expect((await bench.api.get('/cluster/nextid?vmid=200')).status).toBe(400)
    bench.sim.control.setNode('pve2', 'online')
    expect(await bench.api.exit(upid)).toBe('unexpected status')
    expect(bench.guest(200)?.power).toBe('stopped')
    expect(bench.guest(201)?.config.lock).toBe('clone')
  })

  it('without quorum reading, stopping and nextid work, and nothing can be made, changed or removed', async () => {
    expect(await bench.cloned(210)).toBe('OK')
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/210/status/start')).toBe('OK')
    bench.sim.control.setQuorum(false)
    expect((await bench.api.get('/nodes/pve1/qemu/210/config')).status).toBe(200)
    expect((await bench.api.get('/cluster/nextid')).status).toBe(200)
    expect((await bench.clone(211)).reason).toBe('cluster not ready - no quorum?')
    const start = await bench.api.post('/nodes/pve1/qemu/210/status/start')
    expect(start).toMatchObject({ status: 500, reason: 'cluster not ready - no quorum?' })
    const change = await bench.api.put('/nodes/pve1/qemu/210/config', { cores: 2 })
    expect(change.reason).toMatch(/^unable to open file '\/etc\/pve\/nodes\/pve1\/.*' - Permission denied$/)
    expect((await bench.api.post('/pools', { poolid: 'p' })).reason).toContain(
      "cfs-lock 'file-user_cfg' error: no quorum!",
    )
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/210/status/stop')).toBe('OK')
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/210')).toMatch(/Permission denied$/)
    bench.sim.control.setQuorum(true)
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/210')).toBe('OK')
  })

  it('two of three nodes away are no quorum', async () => {
    bench.sim.control.setNode('pve2', 'offline')
    expect((await bench.clone(212)).status).toBe(200)
    bench.sim.control.setNode('pve3', 'offline')
    expect((await bench.clone(213)).reason).toBe('cluster not ready - no quorum?')
    const [summary] = dataOf<{ quorate: number }[]>(await bench.api.get('/cluster/status'))
    expect(summary?.quorate).toBe(0)
  })

  it('a full storage lets a clone start and fail, and leaves nothing behind', async () => {
    bench.sim.control.setStorageFull('local-lvm', true, 'pve1')
    const exit = await bench.cloned(220, { storage: 'local-lvm' })
    expect(exit).toMatch(/^clone failed: copy failed: command .* failed: exit code 1$/)
    expect(bench.guest(220)).toBeUndefined()
    bench.sim.control.setStorageFull('local-lvm', false, 'pve1')
    expect(await bench.cloned(220, { storage: 'local-lvm' })).toBe('OK')
  })

  it('disks count against their storage and come back when they are removed', async () => {
    const avail = async () =>
      dataOf<{ avail: number }>(await bench.api.get('/nodes/pve1/storage/local-lvm/status')).avail
    const before = await avail()
    expect(await bench.cloned(221, { storage: 'local-lvm' })).toBe('OK')
    expect(await bench.api.task('PUT', '/nodes/pve1/qemu/221/resize', { disk: 'scsi0', size: '20G' })).toBe(
      'OK',
    )
    const cloudInit = 4 * 1024 ** 2
    expect(before - (await avail())).toBe(20 * 1024 ** 3 + cloudInit)
    expect(
      await bench.api.task('PUT', '/nodes/pve1/qemu/221/resize', { disk: 'scsi0', size: '9999G' }),
    ).toMatch(/failed: exit code 1$/)
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/221')).toBe('OK')
    expect(await avail()).toBe(before)
  })

  it('a machine does not start with more memory or more cores than its node has', async () => {
    expect(await bench.cloned(222)).toBe('OK')
    await bench.api.task('POST', '/nodes/pve1/qemu/222/config', { memory: 600 * 1024 })
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/222/status/start')).toBe(
      'start failed: QEMU exited with code 1',
    )
    await bench.api.task('POST', '/nodes/pve1/qemu/222/config', { memory: 1024, cores: 65 })
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/222/status/start')).toBe(
      'MAX 64 vcpus allowed per VM on this node',
    )
  })

  it('figures in cluster/resources may lag behind, rows and locks do not', async () => {
    bench.sim.control.setStaleness(60_000)
    await bench.api.get('/cluster/resources?type=vm')
    expect(await bench.cloned(223)).toBe('OK')
    const rows = (await bench.api.get('/cluster/resources?type=vm')).body?.data as {
      vmid: number
      status: string
      name?: string
    }[]
    const row = rows.find((one) => one.vmid === 223)
    expect(row).toMatchObject({ status: 'unknown' })
    expect(row?.name).toBeUndefined()
    bench.sim.control.setStaleness(0)
    const fresh = (await bench.api.get('/cluster/resources?type=vm')).body?.data as { vmid: number }[]
    expect(fresh.find((one) => one.vmid === 223)).toMatchObject({ status: 'stopped', name: 'vm223' })
  })

  it('guests can be changed, made, moved and removed behind the panel’s back', async () => {
    bench.sim.control.createGuest({
      vmid: 500,
      node: 'pve2',
      name: 'stranger',
      storage: 'local-lvm',
      diskGb: 5,
    })
    expect((await bench.api.get('/nodes/pve2/qemu/500/config')).body?.data).toMatchObject({
      name: 'stranger',
    })
    const { digest } = dataOf<{ digest: string }>(await bench.api.get('/nodes/pve2/qemu/500/config'))
    bench.sim.control.changeGuest(500, { config: { cores: '4' }, power: 'running' })
    expect((await bench.api.put('/nodes/pve2/qemu/500/config', { cores: 2, digest })).reason).toMatch(
      /^checksum mismatch/,
    )
    bench.sim.control.changeGuest(500, { node: 'pve3', power: 'stopped' })
    expect((await bench.api.get('/nodes/pve2/qemu/500/config')).reason).toMatch(/does not exist$/)
    expect((await bench.api.get('/nodes/pve3/qemu/500/config')).status).toBe(200)
    bench.sim.control.removeGuest(500)
    expect((await bench.api.get('/cluster/nextid?vmid=500')).status).toBe(200)
  })
})

describe('restarts', () => {
  it('guests, tokens and the certificate survive; a task that was running ends as unexpected, its lock stays', async () => {
    const stateFile = join(bench.folder, 'state.json')
    await bench.restart({ stateFile })
    const { fingerprint } = bench.sim
    expect(await bench.cloned(600)).toBe('OK')
    bench.sim.control.setSpeed({ cloneMs: 60_000 })
    const upid = (await bench.clone(601)).body?.data as string
    await bench.until(() => bench.guest(601)?.config.name !== undefined)
    await bench.restart({ stateFile })
    expect(bench.sim.fingerprint).toBe(fingerprint)
    expect(bench.guest(600)?.config.name).toBe('vm600')
    expect(await bench.api.exit(upid)).toBe('unexpected status')
    expect(bench.guest(601)?.config.lock).toBe('clone')
    expect((await bench.api.put('/nodes/pve1/qemu/601/config', { cores: 2 })).reason).toBe(
      'VM is locked (clone)',
    )
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/601')).toBe('VM is locked (clone)')
  })

  it('what was answered is on disk before the answer', async () => {
    const stateFile = join(bench.folder, 'state.json')
    await bench.restart({ stateFile })
    await bench.api.post('/pools', { poolid: 'kept' })
    expect(Object.keys(readState(stateFile)?.pools ?? {})).toContain('kept')
  })
})
