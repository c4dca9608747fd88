import { describe, expect, it } from 'vitest'
import { useBench } from './simBench.ts'
import { dataOf } from './simClient.ts'

const bench = useBench()

const makeContainer = (vmid: number, more: Record<string, string | number> = {}) =>
  bench.api.task('POST', '/nodes/pve1/lxc', {
    vmid,
    hostname: `ct${vmid}`,
    ostemplate: 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst',
    rootfs: 'local-lvm:8',
    cores: 1,
    memory: 512,
    net0: 'name=eth0,bridge=vmbr0,ip=dhcp',
    ...more,
  })

describe('machines', () => {
  it('start fails in its task when running, stop and shutdown of a stopped one succeed', async () => {
    const power = (verb: string) => bench.api.task('POST', `/nodes/pve1/qemu/400/status/${verb}`)
    expect(await bench.cloned(400)).toBe('OK')
    expect(await power('stop')).toBe('OK')
    expect(await power('shutdown')).toBe('OK')
    expect(await power('start')).toBe('OK')
    expect(await power('start')).toBe('VM 400 already running')
  })

  it('reboot, reset, suspend and resume of a stopped one are refused at once', async () => {
    expect(await bench.cloned(401)).toBe('OK')
    for (const verb of ['reboot', 'reset', 'suspend', 'resume']) {
      const answer = await bench.api.post(`/nodes/pve1/qemu/401/status/${verb}`)
      expect(answer).toMatchObject({ status: 500, reason: 'VM 401 not running' })
    }
  })

  it('a paused one cannot be shut down, one that does not listen runs into the time-out unless forced', async () => {
    expect(await bench.cloned(402, { name: 'ignores-shutdown' })).toBe('OK')
    const power = (verb: string, values = {}) =>
      bench.api.task('POST', `/nodes/pve1/qemu/402/status/${verb}`, values)
    await power('start')
    expect(await power('shutdown', { timeout: 2 })).toBe('VM quit/powerdown failed - got timeout')
    await power('suspend')
    const paused = await bench.api.post('/nodes/pve1/qemu/402/status/shutdown')
    expect(paused.reason).toBe('VM is paused - cannot shutdown')
    await power('resume')
    expect(await power('shutdown', { timeout: 2, forceStop: 1 })).toBe('OK')
    expect(bench.guest(402)?.power).toBe('stopped')
  })

  it('what cannot be changed while running waits for the next start, cloud-init and names do not', async () => {
    expect(await bench.cloned(403)).toBe('OK')
    await bench.api.task('POST', '/nodes/pve1/qemu/403/status/start')
    await bench.api.put('/nodes/pve1/qemu/403/config', {
      cores: 4,
      name: 'renamed',
      ciuser: 'deb',
      cipassword: 'secret',
    })
    const now = dataOf<Record<string, unknown>>(await bench.api.get('/nodes/pve1/qemu/403/config?current=1'))
    expect(now).toMatchObject({ cores: 1, name: 'renamed', ciuser: 'deb', cipassword: '**********' })
    expect(dataOf(await bench.api.get('/nodes/pve1/qemu/403/config'))).toMatchObject({ cores: 4 })
    const pending = dataOf<{ key: string }[]>(await bench.api.get('/nodes/pve1/qemu/403/pending'))
    expect(pending.find((row) => row.key === 'cores')).toEqual({ key: 'cores', value: 1, pending: 4 })
    await bench.api.task('POST', '/nodes/pve1/qemu/403/status/stop')
    expect(dataOf(await bench.api.get('/nodes/pve1/qemu/403/config?current=1'))).toMatchObject({ cores: 4 })
  })

  it('a network card without a MAC address gets a new one each time it is set', async () => {
    expect(await bench.cloned(404)).toBe('OK')
    const set = async (net0: string) => {
      await bench.api.put('/nodes/pve1/qemu/404/config', { net0 })
      return bench.guest(404)?.config.net0
    }
    const first = await set('virtio,bridge=vmbr0')
    expect(first).toMatch(/^virtio=BC:24:11(:[0-9A-F]{2}){3},bridge=vmbr0$/)
    expect(await set('virtio,bridge=vmbr0')).not.toBe(first)
    expect(await set('virtio=bc:24:11:00:00:0a,bridge=vmbr0,tag=5')).toBe(
      'virtio=bc:24:11:00:00:0a,bridge=vmbr0,tag=5',
    )
  })

  it('growing by a difference adds up, to an absolute size it does not, and shrinking fails in the task', async () => {
    expect(await bench.cloned(405)).toBe('OK')
    const resize = (size: string) =>
      bench.api.task('PUT', '/nodes/pve1/qemu/405/resize', { disk: 'scsi0', size })
    expect([await resize('+2G'), await resize('+2G'), await resize('10G'), await resize('10G')]).toEqual(
      Array(4).fill('OK'),
    )
    expect(bench.guest(405)?.config.scsi0).toMatch(/size=10G$/)
    expect(await resize('9G')).toBe('shrinking disks is not supported')
  })

  it('snapshots are taken, rolled back to and removed, and a rollback changes vmgenid but not the SMBIOS uuid', async () => {
    expect(await bench.cloned(406)).toBe('OK')
    const base = '/nodes/pve1/qemu/406/snapshot'
    expect(await bench.api.task('POST', base, { snapname: 'before' })).toBe('OK')
    const { vmgenid, smbios1 } = bench.guest(406)?.config ?? {}
    await bench.api.put('/nodes/pve1/qemu/406/config', { cores: 8 })
    expect(await bench.api.task('POST', `${base}/before/rollback`)).toBe('OK')
    expect(bench.guest(406)?.config).toMatchObject({ cores: '1', smbios1 })
    expect(bench.guest(406)?.config.vmgenid).not.toBe(vmgenid)
    expect(await bench.api.task('DELETE', `${base}/before`)).toBe('OK')
    expect(dataOf<unknown[]>(await bench.api.get(base))).toHaveLength(1)
  })

  it('a template with linked clones cannot be removed until they are gone', async () => {
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/9000/clone', { newid: 407, name: 'linked' })).toBe(
      'OK',
    )
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/9000')).toMatch(
      /^base volume '.*' is still in use by linked cloned$/,
    )
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/407')).toBe('OK')
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/9000')).toBe('OK')
  })

  it('a detached disk stays as an unused one until it is removed for good', async () => {
    expect(await bench.cloned(408)).toBe('OK')
    const put = (values: Record<string, string>) => bench.api.put('/nodes/pve1/qemu/408/config', values)
    expect((await put({ scsi1: 'local-lvm:8' })).status).toBe(200)
    expect(bench.guest(408)?.config.scsi1).toBe('local-lvm:vm-408-disk-0,size=8G')
    await put({ delete: 'scsi1' })
    expect(bench.guest(408)?.config.unused0).toBe('local-lvm:vm-408-disk-0')
    await put({ delete: 'unused0' })
    expect(dataOf(await bench.api.get('/nodes/pve1/storage/local-lvm/content?vmid=408'))).toEqual([])
  })
})

describe('containers', () => {
  it('a container is made, started, grown, cloned and destroyed; the wrong state is refused at once', async () => {
    expect(await makeContainer(900)).toBe('OK')
    expect((await bench.api.post('/nodes/pve1/lxc/900/status/stop')).reason).toBe('CT 900 not running')
    expect(await bench.api.task('POST', '/nodes/pve1/lxc/900/status/start')).toBe('OK')
    expect((await bench.api.post('/nodes/pve1/lxc/900/status/start')).reason).toBe('CT 900 already running')
    expect((await bench.api.put('/nodes/pve1/lxc/900/config', { memory: 1024, tags: 'b;a' })).status).toBe(
      200,
    )
    expect((await bench.api.get('/nodes/pve1/lxc/900/config')).body?.data).toMatchObject({
      memory: 1024,
      tags: 'a;b',
    })
    expect(await bench.api.task('PUT', '/nodes/pve1/lxc/900/resize', { disk: 'rootfs', size: '10G' })).toBe(
      'OK',
    )
    expect((await bench.api.del('/nodes/pve1/lxc/900')).reason).toBe(
      'unable to destroy CT 900 - container is running',
    )
    expect(await bench.api.task('POST', '/nodes/pve1/lxc/900/status/shutdown', { timeout: 10 })).toBe('OK')
    expect(
      await bench.api.task('POST', '/nodes/pve1/lxc/900/clone', { newid: 901, hostname: 'copy', full: 1 }),
    ).toBe('OK')
    expect((await bench.api.get('/nodes/pve1/lxc/901/config')).body?.data).toMatchObject({
      hostname: 'copy',
      rootfs: 'local-lvm:vm-901-disk-0,size=10G',
    })
    expect(await bench.api.task('DELETE', '/nodes/pve1/lxc/900?purge=1')).toBe('OK')
    expect(bench.guest(900)).toBeUndefined()
  })

  it('a name with a sentinel fails the creation and leaves nothing behind', async () => {
    expect(await makeContainer(902, { hostname: 'disk-full' })).toMatch(
      /^unable to create CT 902 - command 'tar /,
    )
    expect(bench.guest(902)).toBeUndefined()
    expect((await bench.api.get('/nodes/pve1/storage/local-lvm/content?vmid=902')).body?.data).toEqual([])
  })
})

describe('migrations', () => {
  const migrate = (path: string, values: Record<string, string | number>) =>
    bench.api.task('POST', `/nodes/pve1/${path}/migrate`, values)

  it('a machine that is off moves with its disks; one that runs needs to be told, and is locked meanwhile', async () => {
    expect(await bench.cloned(480, { storage: 'local-lvm', full: 1 })).toBe('OK')
    expect(await migrate('qemu/480', { target: 'pve2' })).toBe('OK')
    expect(bench.guest(480)).toMatchObject({ node: 'pve2', power: 'stopped' })
    await bench.api.task('POST', '/nodes/pve2/qemu/480/status/start')
    const said = async (values: object) =>
      (await bench.api.post('/nodes/pve2/qemu/480/migrate', { target: 'pve1', ...values })).reason
    expect(await said({})).toBe("can't migrate running VM without --online")
    expect(await said({ target: 'pve2' })).toBe('Parameter verification failed.')
    expect(await said({ target: 'pve9' })).toBe("no such cluster node 'pve9'")
    const online = { target: 'pve3', online: 1 }
    expect(await bench.api.task('POST', '/nodes/pve2/qemu/480/migrate', online)).toBe('migration aborted')
    expect(bench.guest(480)?.config.lock).toBeUndefined()
    bench.sim.control.setSpeed({ migrateMs: 1_000 })
    const moving = bench.api.task('POST', '/nodes/pve2/qemu/480/migrate', {
      ...online,
      'with-local-disks': 1,
    })
    await expect.poll(() => bench.guest(480)?.config.lock, { interval: 5 }).toBe('migrate')
    expect(await said({ online: 1 })).toBe('VM is locked (migrate)')
    expect(await moving).toBe('OK')
    bench.sim.control.setSpeed({ migrateMs: 40 })
    expect(bench.guest(480)).toMatchObject({ node: 'pve3', power: 'running' })
  })

  it('a running container moves by a restart only', async () => {
    expect(await makeContainer(481)).toBe('OK')
    await bench.api.task('POST', '/nodes/pve1/lxc/481/status/start')
    const refused = await bench.api.post('/nodes/pve1/lxc/481/migrate', { target: 'pve2' })
    expect(refused.reason).toBe("can't migrate running container without --online or --restart")
    expect(await migrate('lxc/481', { target: 'pve2', online: 1 })).toBe('migration aborted')
    expect(await migrate('lxc/481', { target: 'pve2', restart: 1 })).toBe('OK')
    expect(bench.guest(481)).toMatchObject({ node: 'pve2', power: 'running' })
  })
})

describe('high availability', () => {
  it('who starts, stops or moves a guest of it only asks, and the manager does it later', async () => {
    expect(await bench.cloned(490, { storage: 'shared', full: 1 })).toBe('OK')
    const resource = { sid: 'vm:490', state: 'stopped' }
    expect((await bench.api.post('/cluster/ha/resources', resource)).status).toBe(403)
    bench.sim.control.setRole('MPanel', ['Sys.Console'], true)
    expect((await bench.api.post('/cluster/ha/resources', resource)).status).toBe(200)
    await bench.sim.control.idle()
    const power = (verb: string) => bench.api.task('POST', `/nodes/pve1/qemu/490/status/${verb}`)
    bench.sim.control.setSpeed({ haMs: 100 })
    expect(await power('start')).toBe('OK')
    expect(bench.guest(490)?.power).toBe('stopped')
    await bench.sim.control.idle()
    expect(bench.guest(490)?.power).toBe('running')
    expect(await migrate490()).toBe('OK')
    await bench.sim.control.idle()
    expect(bench.guest(490)).toMatchObject({ node: 'pve2', power: 'running' })
    await bench.api.put('/cluster/ha/resources/vm:490', { state: 'disabled' })
    await bench.sim.control.idle()
    bench.sim.control.setSpeed({ haMs: 30 })
    expect(bench.guest(490)?.power).toBe('stopped')
    const kept = await bench.api.del('/nodes/pve2/qemu/490')
    expect(kept.reason).toBe('unable to remove VM 490 - used in HA resources and purge parameter not set.')
    expect(await bench.api.task('DELETE', '/nodes/pve2/qemu/490?purge=1')).toBe('OK')
    expect(dataOf(await bench.api.get('/cluster/ha/resources'))).toEqual([])
  })

  const migrate490 = () =>
    bench.api.task('POST', '/nodes/pve1/qemu/490/migrate', { target: 'pve2', online: 1 })
})
