import { request } from 'node:https'
import { describe, expect, it } from 'vitest'
import { reset, useBench } from './simBench.ts'

const bench = useBench()

describe('clones', () => {
  it('of three clones to one new id all are accepted and exactly one succeeds', async () => {
    // Held until all three are accepted: how many requests a real worker outruns depends on the machine.
    bench.sim.control.pauseTasks()
    const answers = await Promise.all([bench.clone(105), bench.clone(105), bench.clone(105)])
    bench.sim.control.resumeTasks()
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200])
    const exits = await Promise.all(answers.map((answer) => bench.api.exit(answer.body?.data as string)))
    expect(exits.toSorted()).toEqual([
      'OK',
      "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout",
      "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout",
    ])
  })

  it('clones to one new id from two nodes are both accepted, and the later one finds the id taken', async () => {
    bench.sim.control.pauseTasks()
    const [first, second] = await Promise.all([
      bench.api.post('/nodes/pve1/qemu/9010/clone', { newid: 300, name: 'a', full: 1 }),
      bench.api.post('/nodes/pve2/qemu/9011/clone', { newid: 300, name: 'b', full: 1 }),
    ])
    bench.sim.control.resumeTasks()
    const exits = [
      await bench.api.exit(first.body?.data as string),
      await bench.api.exit(second.body?.data as string),
    ]
    expect(exits.filter((exit) => exit === 'OK')).toHaveLength(1)
    expect(exits.find((exit) => exit !== 'OK')).toMatch(
      /^close \(rename\) atomic file '.*300\.conf' failed: File exists$/,
    )
  })

  it('a clone under way shows its lock, and its name only once the first disk is there', async () => {
    bench.sim.control.pauseTasks()
    const answer = await bench.clone(120, { description: 'ours' })
    expect((await bench.api.get('/nodes/pve1/qemu/120/config')).status).toBe(500)
    bench.sim.control.setSpeed({ cloneMs: 300 })
    bench.sim.control.resumeTasks()
    let seen: Record<string, string> = {}
    while (seen.lock === undefined) {
      seen = ((await bench.api.get('/nodes/pve1/qemu/120/config')).body?.data ?? {}) as Record<string, string>
    }
    expect(seen.lock).toBe('clone')
    expect((await bench.api.put('/nodes/pve1/qemu/120/config', { cores: 2 })).reason).toBe(
      'VM is locked (clone)',
    )
    expect(await bench.api.exit(answer.body?.data as string)).toBe('OK')
    const done = (await bench.api.get('/nodes/pve1/qemu/120/config')).body?.data
    expect(done).toMatchObject({ name: 'vm120', description: 'ours' })
    expect(done).not.toHaveProperty('lock')
  })

  it('an id is free again, and given out again, as soon as its guest is gone', async () => {
    expect((await bench.api.get('/cluster/nextid')).body?.data).toBe('100')
    expect(await bench.cloned(100)).toBe('OK')
    expect((await bench.api.get('/cluster/nextid')).body?.data).toBe('101')
    expect((await bench.api.get('/cluster/nextid?vmid=100')).body?.errors).toEqual({
      vmid: 'VM 100 already exists',
    })
    expect(await bench.api.task('DELETE', '/nodes/pve1/qemu/100?purge=1')).toBe('OK')
    expect((await bench.api.get('/cluster/nextid')).body?.data).toBe('100')
    expect((await bench.api.get('/cluster/nextid?vmid=100')).body?.data).toBe('100')
  })

  it('an aborted clone cleans up after itself', async () => {
    bench.sim.control.setSpeed({ cloneMs: 5000 })
    const upid = (await bench.clone(121)).body?.data as string
    await bench.until(() => bench.guest(121) !== undefined)
    await bench.api.del(`/nodes/pve1/tasks/${upid}`)
    expect(await bench.api.exit(upid)).toBe('received interrupt')
    expect(bench.guest(121)).toBeUndefined()
    const content = await bench.api.get('/nodes/pve1/storage/shared/content?vmid=121')
    expect(content.body?.data).toEqual([])
  })

  it('names with a sentinel fail, fill the disk, lose the answer or take their time', async () => {
    bench.sim.control.setSpeed({ slowCloneMs: 250 })
    expect(await bench.cloned(130, { name: 'fail-clone-1' })).toMatch(/^clone failed: copy failed: command/)
    expect(bench.guest(130)).toBeUndefined()
    const full = (await bench.clone(131, { name: 'disk-full-1' })).body?.data as string
    expect(await bench.api.exit(full)).toMatch(
      /^clone failed: copy failed: command '\/usr\/bin\/qemu-img convert .*exit code 1$/,
    )
    const log = (await bench.api.get(`/nodes/pve1/tasks/${full}/log`)).body?.data as { t: string }[]
    expect(log.some((line) => line.t.endsWith('No space left on device'))).toBe(true)
    await expect(bench.clone(132, { name: 'lost-clone-1' })).rejects.toThrow(reset)
    await bench.sim.control.idle()
    expect(bench.guest(132)?.config.name).toBe('lost-clone-1')
    const began = Date.now()
    expect(await bench.cloned(133, { name: 'slow-clone-1' })).toBe('OK')
    expect(Date.now() - began).toBeGreaterThanOrEqual(250)
    expect(await bench.cloned(134, { name: 'fail-start-1' })).toBe('OK')
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/134/status/start')).toBe(
      'start failed: QEMU exited with code 1',
    )
    expect(bench.guest(134)?.power).toBe('stopped')
  })
})

describe('faults on demand', () => {
  it('a request dropped before is not executed, one dropped after is', async () => {
    bench.sim.control.addFault({ method: 'POST', path: '/clone$', dropBefore: true })
    await expect(bench.clone(140)).rejects.toThrow(reset)
    bench.sim.control.addFault({ method: 'POST', path: '/clone$', dropAfter: true })
    await expect(bench.clone(141)).rejects.toThrow(reset)
    await bench.sim.control.idle()
    expect(bench.guest(140)).toBeUndefined()
    expect(bench.guest(141)).toBeDefined()
  })

  it('a 595 was never executed, a 596 was when asked for, and both come without a body', async () => {
    bench.sim.control.addFault({ path: '/clone$', status: 595 })
    expect(await bench.clone(142)).toMatchObject({
      status: 595,
      reason: 'Connection refused',
      text: '',
      ctype: null,
    })
    bench.sim.control.addFault({ path: '/clone$', status: 596, execute: true })
    expect(await bench.clone(143)).toMatchObject({
      status: 596,
      reason: 'Connection timed out',
      text: '',
      ctype: null,
    })
    await bench.sim.control.idle()
    expect(bench.guest(142)).toBeUndefined()
    expect(bench.guest(143)).toBeDefined()
  })

  it('a fault is used up after its times, and only matches its method and path', async () => {
    bench.sim.control.addFault({ method: 'GET', path: '^/version$', status: 500, times: 2 })
    const statuses = [
      await bench.api.get('/nodes'),
      await bench.api.get('/version'),
      await bench.api.get('/version'),
      await bench.api.get('/version'),
    ]
    expect(statuses.map((answer) => answer.status)).toEqual([200, 500, 500, 200])
  })

  it('a truncated answer ends in the middle', async () => {
    bench.sim.control.addFault({ path: '^/cluster/resources', truncate: true })
    await expect(bench.api.get('/cluster/resources')).rejects.toThrow(reset)
  })

  it('an answer can be delayed', async () => {
    bench.sim.control.addFault({ path: '^/version$', delayMs: 120 })
    const began = Date.now()
    expect((await bench.api.get('/version')).status).toBe(200)
    expect(Date.now() - began).toBeGreaterThanOrEqual(115)
  })

  it('a task can be made to fail, to warn or to die', async () => {
    expect(await bench.cloned(150)).toBe('OK')
    bench.sim.control.failTask({ type: 'qmstart', text: 'timeout waiting on systemd' })
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/150/status/start')).toBe(
      'timeout waiting on systemd',
    )
    bench.sim.control.failTask({ type: 'qmstart', warnings: true, vmid: 150 })
    expect(await bench.api.task('POST', '/nodes/pve1/qemu/150/status/start')).toBe('WARNINGS: 1')
    expect(bench.guest(150)?.power).toBe('running')
    bench.sim.control.setSpeed({ cloneMs: 5000 })
    const upid = (await bench.clone(151)).body?.data as string
    await bench.until(() => bench.guest(151) !== undefined)
    bench.sim.control.killTask(upid)
    expect(await bench.api.exit(upid)).toBe('unexpected status')
    expect(bench.guest(151)?.config.lock).toBe('clone')
  })

  it('a task that is made to fail cleans up as one that fails by itself', async () => {
    bench.sim.control.failTask({ type: 'qmclone', text: 'storage went away' })
    expect(await bench.cloned(155)).toBe('storage went away')
    expect(bench.guest(155)).toBeUndefined()
    bench.sim.control.failTask({ type: 'qmclone', text: 'unexpected status' })
    expect(await bench.cloned(156)).toBe('unexpected status')
    expect(bench.guest(156)?.config.lock).toBe('clone')
  })

  it('held tasks stay in the list of active ones until they are let go', async () => {
    bench.sim.control.pauseTasks('qmclone')
    const upid = (await bench.clone(152)).body?.data as string
    await new Promise((resolve) => setTimeout(resolve, 60))
    const active = (await bench.api.get('/nodes/pve1/tasks?source=active')).body?.data
    expect(active).toMatchObject([{ upid, status: 'RUNNING', type: 'qmclone', id: '9000', tokenid: 'panel' }])
    expect((await bench.api.get('/nodes/pve1/tasks')).body?.data).toEqual([])
    bench.sim.control.resumeTasks()
    expect(await bench.api.exit(upid)).toBe('OK')
    expect((await bench.api.get('/nodes/pve1/tasks?source=active')).body?.data).toEqual([])
  })

  it('the control endpoint does the same over HTTPS, for the holder of its token only', async () => {
    const call = (operation: string, token: string, body?: string) =>
      new Promise<{ status: number; text: string }>((resolve, reject) => {
        const headers = { Authorization: `Bearer ${token}` }
        const options = { method: 'POST', headers, ca: bench.sim.caPem, agent: false } as const
        const req = request(`${bench.sim.url}/sim/control/${operation}`, options, (res) => {
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
    expect((await bench.api.get('/version')).status).toBe(500)
    expect((await call('setNode', 'control', '["pve3","offline"]')).status).toBe(200)
    expect((await bench.api.get('/nodes/pve3/status')).status).toBe(595)
    const requests = JSON.parse((await call('requests', 'control', '{"path":"^/version$"}')).text) as {
      result: unknown[]
    }
    expect(requests.result).toHaveLength(1)
  })
})
