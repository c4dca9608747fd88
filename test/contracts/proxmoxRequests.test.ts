import type { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { guest, json, last, rawPairs, reply, token, upid, upidOf } from './rawTlsServer.ts'
import type { RawRequest } from './rawTlsServer.ts'

const { pair, closeAll } = rawPairs()
afterEach(closeAll)

const cluster = (quorate: number) => [
  { type: 'cluster', name: 'c', quorate, nodes: 3 },
  { type: 'node', name: 'pve1' },
]
describe('what goes over the wire', () => {
  test('form values are escaped so that no character of them can end them', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    await proxmox.configure(guest, {
      ipconfig0: 'ip=10.0.0.5/24,gw=10.0.0.1',
      description: "a;b&c=d + 'ü'\n",
      onboot: true,
    })
    expect(last(server).body).toBe(
      'ipconfig0=ip%3D10.0.0.5%2F24%2Cgw%3D10.0.0.1&description=a%3Bb%26c%3Dd%20%2B%20%27%C3%BC%27%0A&onboot=1',
    )
    expect(last(server).headers.get('content-length')).toBe(String(last(server).body.length))
    expect(last(server).headers.has('transfer-encoding')).toBe(false)
  })

  test('ssh keys of a VM are encoded twice', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    await proxmox.configure(guest, { sshkeys: 'ssh-ed25519 AAAA+b= a@b\n' })
    expect(last(server).body).toBe('sshkeys=ssh-ed25519%2520AAAA%252Bb%253D%2520a%2540b')
  })

  test('a VM is configured by a task, a container at once', async () => {
    const { server, proxmox } = await pair((socket, request) =>
      json(socket, request.method === 'PUT' ? null : upid),
    )
    expect(await proxmox.configure(guest, { cores: 2 })).toEqual({ outcome: 'pending', ref: upid })
    expect(last(server).path).toBe('/api2/json/nodes/pve1/qemu/101/config')
    expect(await proxmox.configure({ ...guest, kind: 'ct' }, { cores: 2 })).toEqual({
      outcome: 'ok',
      value: null,
    })
    expect(last(server).path).toBe('/api2/json/nodes/pve1/lxc/101/config')
  })

  test('options that are undefined are not sent; options to remove are listed with the digest', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    await proxmox.configure(
      guest,
      { cores: undefined, memory: 512 },
      { digest: 'abc', remove: ['onboot', 'tags'] },
    )
    expect(last(server).body).toBe('memory=512&digest=abc&delete=onboot%2Ctags')
  })

  test('a DELETE has neither body nor length, and spares disks it only guesses at', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    await proxmox.destroy(guest)
    expect(last(server).path).toBe('/api2/json/nodes/pve1/qemu/101?purge=1&destroy-unreferenced-disks=0')
    expect(last(server).headers.has('content-length')).toBe(false)
    expect(last(server).headers.has('transfer-encoding')).toBe(false)
    expect(last(server).body).toBe('')
  })

  test('a POST without options says that its body is empty', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    await proxmox.start(guest)
    expect(last(server).headers.get('content-length')).toBe('0')
  })

  test('a size that is reached already is a success, whether Proxmox makes a task of it or refuses it', async () => {
    const body = JSON.stringify({ data: null, message: 'disk is already at specified size\n' })
    const { server, proxmox } = await pair((socket) =>
      reply(socket, 500, 'disk is already at specified size', body),
    )
    const outcome = await proxmox.resizeDisk({ ...guest, kind: 'ct' }, 'rootfs', 8)
    expect(outcome).toEqual({ outcome: 'ok', value: null })
    expect(last(server).body).toBe('disk=rootfs&size=8G')
  })

  test('a target storage makes a full clone, none leaves the choice to Proxmox', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    const request = { node: 'pve1', templateVmid: 9000, newVmid: 101, name: 'web', description: 'd' }
    await proxmox.clone(request)
    expect(last(server).body).toBe('newid=101&name=web&description=d')
    await proxmox.clone({ ...request, storage: 'local' })
    expect(last(server).body).toBe('newid=101&name=web&description=d&storage=local&full=1')
  })

  test('a container is unprivileged, with its root disk on the asked storage', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    await proxmox.createContainer({
      node: 'pve1',
      vmid: 400,
      hostname: 'web',
      description: 'd',
      ostemplate: 'local:vztmpl/x.tar.zst',
      storage: 'ssd',
      diskGb: 8,
      cores: 1,
      memoryMb: 512,
      net0: 'name=eth0',
      tags: ['a', 'b'],
    })
    expect(Object.fromEntries(new URLSearchParams(last(server).body))).toMatchObject({
      rootfs: 'ssd:8',
      tags: 'a;b',
      unprivileged: '1',
      memory: '512',
    })
  })

  test('a token needs no log-in and no CSRF header', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, upid))
    await proxmox.start(guest)
    expect(server.requests).toHaveLength(1)
    expect(last(server).headers.get('authorization')).toBe(`PVEAPIToken=${token.id}=${token.secret}`)
  })
})

describe('whether a VMID is free', () => {
  const taken = JSON.stringify({
    data: null,
    message: 'Parameter verification failed.\n',
    errors: { vmid: 'VM 101 already exists' },
  })

  /** `quorum` is asked for each status call in turn. */
  const world = (quorum: () => unknown, isTaken: boolean) => (socket: TLSSocket, request: RawRequest) => {
    if (request.path.endsWith('/cluster/status')) return json(socket, quorum())
    return isTaken ? reply(socket, 400, 'Parameter verification failed.', taken, true) : json(socket, '101')
  }

  test('a free VMID is free while the cluster has quorum', async () => {
    const { proxmox } = await pair(world(() => cluster(1), false))
    expect(await proxmox.vmidFree(101)).toEqual({ outcome: 'ok', value: true })
  })

  test('a taken VMID is taken', async () => {
    const { proxmox } = await pair(world(() => cluster(1), true))
    expect(await proxmox.vmidFree(101)).toEqual({ outcome: 'ok', value: false })
  })

  test('a node on its own needs no quorum', async () => {
    const { proxmox } = await pair(world(() => [{ type: 'node', name: 'pve1', local: 1 }], false))
    expect(await proxmox.vmidFree(101)).toEqual({ outcome: 'ok', value: true })
  })

  test('without quorum nothing is proven, whatever is answered', async () => {
    for (const isTaken of [true, false]) {
      const { proxmox } = await pair(world(() => cluster(0), isTaken))
      expect(await proxmox.vmidFree(101)).toMatchObject({
        outcome: 'rejected',
        code: 'no_quorum',
        retryable: true,
      })
    }
  })

  test('quorum that is lost while asking proves nothing', async () => {
    const answers = [cluster(1), cluster(0)]
    const { proxmox } = await pair(world(() => answers.shift(), false))
    expect(await proxmox.vmidFree(101)).toMatchObject({ outcome: 'rejected', code: 'no_quorum' })
  })

  test('rights that do not show the quorum are no proof of absence', async () => {
    const { proxmox } = await pair((socket, request) =>
      request.path.endsWith('/cluster/status')
        ? reply(socket, 403, 'Permission check failed (/, Sys.Audit)', '', true)
        : json(socket, '101'),
    )
    expect(await proxmox.vmidFree(101)).toMatchObject({ outcome: 'rejected', code: 'forbidden' })
  })
})

describe('tasks', () => {
  test('only our own tasks are listed, running ones included, and none twice', async () => {
    const { server, proxmox } = await pair((socket) =>
      json(socket, [
        { upid: upidOf('panel@pve!jobs', 'qmclone'), status: 'RUNNING' },
        { upid: upidOf('panel@pve!other'), status: 'OK', endtime: 1 },
        { upid: upidOf('panel@pve'), status: 'OK', endtime: 1 },
        { upid, status: 'OK', endtime: 1 },
        { upid, status: 'OK', endtime: 1 },
      ]),
    )
    expect(await proxmox.tasksSince('pve1', new Date(1_700_000_000_900))).toEqual({
      outcome: 'ok',
      value: [
        { upid: upidOf('panel@pve!jobs', 'qmclone'), type: 'qmclone', vmid: '101', running: true },
        { upid, type: 'qmstart', vmid: '101', running: false },
      ],
    })
    expect(last(server).path).toBe(
      '/api2/json/nodes/pve1/tasks?source=all&since=1700000000&start=0&limit=500',
    )
  })

  test('a list that fills a page is read on', async () => {
    const full = Array.from({ length: 500 }, () => ({ upid: upidOf('root@pam'), status: 'OK', endtime: 1 }))
    const { proxmox } = await pair((socket, request) =>
      json(socket, request.path.includes('start=0&') ? full : [{ upid, status: 'OK', endtime: 1 }]),
    )
    expect(await proxmox.tasksSince('pve1', new Date(0))).toMatchObject({ outcome: 'ok', value: [{ upid }] })
  })

  test('a list that never ends is unknown, not half a list', async () => {
    const full = Array.from({ length: 500 }, () => ({ upid, status: 'OK', endtime: 1 }))
    const { proxmox } = await pair((socket) => json(socket, full))
    expect(await proxmox.tasksSince('pve1', new Date(0))).toMatchObject({ outcome: 'unknown' })
  })

  test('the end of a long log is fetched, not its beginning', async () => {
    const { proxmox } = await pair((socket, request) => {
      const start = Number(/start=(\d+)/.exec(request.path)?.[1])
      const body = {
        total: 9,
        data: [
          { n: start + 1, t: `line ${start + 1}` },
          { n: start + 2, t: `line ${start + 2}` },
        ],
      }
      reply(socket, 200, 'OK', JSON.stringify(body))
    })
    expect(await proxmox.taskLog(upid, 2)).toEqual({ outcome: 'ok', value: ['line 8', 'line 9'] })
  })

  test('something that is no task id is never asked for', async () => {
    const { server, proxmox } = await pair((socket) => json(socket, {}))
    expect(await proxmox.task('UPID:foo')).toMatchObject({ outcome: 'rejected', code: 'invalid' })
    expect(server.receivedBytes).toBe(0)
  })
})
