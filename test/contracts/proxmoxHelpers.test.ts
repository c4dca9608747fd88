import { describe, expect, test } from 'vitest'
import { classify, taskFailure, taskState } from '../../src/integrations/proxmox/classify.ts'
import {
  ctNet0,
  ipConfig0,
  markerOf,
  parseMarker,
  parseNet0,
  vmNet0,
} from '../../src/integrations/proxmox/guestConfig.ts'
import { readConfig, readSummary } from '../../src/integrations/proxmox/read.ts'
import { parseUpid } from '../../src/integrations/proxmox/upid.ts'

const refusal = (status: number, message: string, errors?: Record<string, string>) =>
  classify({
    kind: 'answer',
    status,
    reason: message,
    readable: true,
    body: { data: null, message: `${message}\n`, errors },
  })

describe('the sentences of Proxmox', () => {
  const sentences: [code: string, retryable: boolean, message: string][] = [
    ['no_quorum', true, 'cluster not ready - no quorum?'],
    ['no_quorum', true, "cfs-lock 'file-user_cfg' error: no quorum!"],
    ['no_quorum', true, "unable to open file '/etc/pve/nodes/pve1/lxc/7.conf.tmp.99' - Permission denied"],
    ['locked', true, 'VM is locked (backup)'],
    ['locked', true, 'CT is locked (snapshot-delete)'],
    ['locked', true, "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout"],
    ['locked', true, "cfs-lock 'storage-shared' error: got lock request timeout"],
    ['missing', false, "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"],
    ['missing', false, "unable to find configuration file for VM 9001 on node 'pve2'"],
    ['missing', false, "snapshot 's1' does not exist"],
    ['exists', false, "snapshot name 's1' already used"],
    ['exists', false, "VM 243 already exists on node 'pve1'"],
    ['exists', false, "CT 400 already exists on node 'pve1'"],
    ['exists', false, 'unable to create VM 102: config file already exists'],
    [
      'exists',
      false,
      "close (rename) atomic file '/etc/pve/nodes/pve3/qemu-server/201.conf' failed: File exists",
    ],
    ['conflict', false, 'checksum mismatch (file change by other user?)'],
    ['conflict', false, 'VM 101 already running'],
    ['conflict', false, 'CT 400 not running'],
    ['conflict', false, 'VM 101 is running - destroy failed'],
    ['conflict', false, 'VM is paused - cannot shutdown'],
    ['conflict', false, 'disk is already at specified size'],
    ['refused', false, "storage 'nosuch' does not exist"],
    ['refused', false, "disk 'scsi9' does not exist"],
    ['refused', false, 'shrinking disks is not supported'],
    ['refused', false, 'VM quit/powerdown failed - got timeout'],
    ['refused', false, "can't clone to non-shared storage 'local'"],
  ]

  test.each(sentences)('%s (retryable: %s): %s', (code, retryable, message) => {
    expect(refusal(500, message)).toMatchObject({ outcome: 'rejected', code, retryable, message })
    expect(taskFailure(message)).toEqual({ code, retryable })
  })

  test('a command that was cut off in the middle is unknown, for half of it may be done', () => {
    expect(refusal(500, "'storage-shared'-locked command timed out - aborting")).toMatchObject({
      outcome: 'unknown',
    })
  })

  test('a status that says enough is not overruled by a sentence', () => {
    expect(refusal(403, 'VM is locked (backup)')).toMatchObject({ code: 'forbidden', retryable: false })
    expect(refusal(401, 'VM 1 already exists')).toMatchObject({ code: 'unauthorized' })
    expect(refusal(595, 'Connection refused')).toMatchObject({ code: 'unreachable', retryable: true })
  })

  test('a taken VMID is told from an invalid one by its parameter', () => {
    const message = 'Parameter verification failed.'
    expect(refusal(400, message, { vmid: 'VM 9000 already exists' })).toMatchObject({ code: 'exists' })
    expect(refusal(400, message, { vmid: 'invalid format' })).toMatchObject({ code: 'invalid' })
    expect(refusal(400, message, { description: 'VM 9000 already exists' })).toMatchObject({
      code: 'invalid',
    })
  })
})

describe('the end of a task', () => {
  test('warnings are a success', () => {
    expect(taskState('stopped', 'OK')).toEqual({ state: 'ok', warnings: false })
    expect(taskState('stopped', 'WARNINGS: 3')).toEqual({ state: 'ok', warnings: true })
  })

  test('a task that was killed is neither success nor failure', () => {
    expect(taskState('stopped', 'unexpected status')).toMatchObject({ state: 'unknown' })
    expect(taskState('stopped', undefined)).toMatchObject({ state: 'unknown' })
  })

  test('everything else is a failure in the words of Proxmox', () => {
    expect(taskState('stopped', 'received interrupt')).toEqual({
      state: 'failed',
      message: 'received interrupt',
      code: 'refused',
      retryable: false,
    })
    expect(taskState('running', undefined)).toEqual({ state: 'running' })
  })

  test('a task id says node, kind, guest, user and second', () => {
    expect(parseUpid('UPID:pve1:000000BC:0009E1A8:6B03032C:qmdestroy:310:lim@pve!tok:')).toEqual({
      node: 'pve1',
      type: 'qmdestroy',
      id: '310',
      user: 'lim@pve!tok',
      startedAt: new Date(0x6b03032c * 1000),
    })
    expect(parseUpid('UPID:pve1:1:2:3:qmstart:1:a@b:/../x')).toBeNull()
  })
})

describe('option strings', () => {
  const mac = 'bc:24:11:00:00:01'

  test('net0 of a VM always names its MAC', () => {
    expect(vmNet0({ mac, bridge: 'vmbr0', tag: 12, rateMbs: 12.5 })).toBe(
      'virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=12,rate=12.5',
    )
    expect(vmNet0({ mac, bridge: 'vmbr0', firewall: false })).toBe('virtio=BC:24:11:00:00:01,bridge=vmbr0')
  })

  test('net0 of a container carries its address', () => {
    expect(ctNet0({ mac, bridge: 'vmbr0', ip: '10.0.0.5/24', gw: '10.0.0.1' })).toBe(
      'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=10.0.0.5/24,gw=10.0.0.1,firewall=1,type=veth',
    )
  })

  test('ipconfig0 takes both families', () => {
    expect(ipConfig0({ ip: '10.0.0.5/24', gw: '10.0.0.1', ip6: '2001:db8::5/64', gw6: '2001:db8::1' })).toBe(
      'ip=10.0.0.5/24,gw=10.0.0.1,ip6=2001:db8::5/64,gw6=2001:db8::1',
    )
  })

  test('a value cannot smuggle in another option', () => {
    expect(() => vmNet0({ mac, bridge: 'vmbr0,link_down=1' })).toThrow(RangeError)
    expect(() => ipConfig0({ ip: '10.0.0.5/24,gw=10.0.0.9' })).toThrow(RangeError)
    expect(() => vmNet0({ mac: 'BC:24:11:00:00', bridge: 'vmbr0' })).toThrow(RangeError)
    expect(() => vmNet0({ mac: '01:00:5E:00:00:01', bridge: 'vmbr0' })).toThrow(RangeError)
    expect(() => vmNet0({ mac, bridge: 'vmbr0', tag: 4095 })).toThrow(RangeError)
  })

  test('net0 of both kinds is read back', () => {
    expect(parseNet0('virtio=bc:24:11:00:00:01,bridge=vmbr0,firewall=1,rate=12.5,tag=12')).toEqual({
      mac: 'BC:24:11:00:00:01',
      bridge: 'vmbr0',
      tag: 12,
      rateMbs: 12.5,
      ip: null,
      gw: null,
    })
    const ct =
      'name=eth0,bridge=vmbr0,firewall=1,gw=10.99.0.254,hwaddr=BC:24:11:74:A6:F2,ip=10.99.0.140/24,type=veth'
    expect(parseNet0(ct)).toMatchObject({ mac: 'BC:24:11:74:A6:F2', ip: '10.99.0.140/24', gw: '10.99.0.254' })
    expect(parseNet0('virtio,bridge=vmbr0')).toMatchObject({ mac: null, bridge: 'vmbr0' })
    expect(parseNet0(null)).toBeNull()
  })
})

describe('the ownership mark', () => {
  const podId = '0192f0c1-0000-7000-8000-000000000001'
  const operationId = '0192f0c1-0000-7000-8000-000000000002'
  const marker = markerOf(podId, operationId)

  test('is found on any line of a description', () => {
    expect(parseMarker(`Web server\n${marker}\nDo not touch\n`)).toEqual({ podId, operationId })
    expect(parseMarker(marker)).toEqual({ podId, operationId })
  })

  test('is not found inside a sentence', () => {
    expect(parseMarker(`copied from ${marker}`)).toBeNull()
    expect(parseMarker('')).toBeNull()
    expect(parseMarker(null)).toBeNull()
  })

  test('proves nothing when there are two of them', () => {
    expect(parseMarker(`${marker}\n${markerOf('other', operationId)}`)).toBeNull()
    expect(parseMarker(`${marker}\n${marker}`)).toEqual({ podId, operationId })
  })

  test('cannot be made from text that would break it', () => {
    expect(() => markerOf('a;op=b', operationId)).toThrow(RangeError)
    expect(() => markerOf(podId, 'x\nmpanel:pod=y')).toThrow(RangeError)
  })
})

describe('reading guests', () => {
  const digest = '11836ceeddfab7c37486e8c4251168a83f511463'

  test('the root disk of a VM is the first real disk of its boot order', () => {
    const config = readConfig('vm', {
      digest,
      boot: 'order=ide2;virtio1;scsi0',
      ide2: 'local:101/vm-101-cloudinit.qcow2,media=cdrom,size=4M',
      scsi0: 'local:101/data.qcow2,size=80G',
      virtio1: 'local:101/root.qcow2,size=2252M',
    })
    expect(config).toMatchObject({ diskKey: 'virtio1', diskGb: 2252 / 1024 })
  })

  test('without a boot order the buses decide, in the order of their numbers', () => {
    const config = readConfig('vm', {
      digest,
      boot: ' ',
      scsi10: 'a:b,size=1T',
      scsi2: 'a:c,size=3G',
      scsihw: 'x',
    })
    expect(config).toMatchObject({ diskKey: 'scsi2', diskGb: 3 })
  })

  test('a VM in the middle of its clone has neither name nor disk', () => {
    expect(readConfig('vm', { digest, lock: 'clone' })).toMatchObject({
      name: null,
      description: '',
      lock: 'clone',
      diskKey: null,
      diskGb: null,
      cores: 1,
      memoryMb: 512,
      net0: null,
    })
  })

  test('cores count with their sockets, memory may be a string, cleared tags are none', () => {
    const config = readConfig('vm', { digest, cores: 2, sockets: 2, memory: '2048', tags: ' ', template: 1 })
    expect(config).toMatchObject({ cores: 4, memoryMb: 2048, tags: [], template: true })
    expect(readConfig('vm', { digest, memory: 'current=4096' })).toMatchObject({ memoryMb: 4096 })
  })

  test('a container is named by its host name and lives on rootfs', () => {
    const config = readConfig('ct', {
      digest,
      hostname: 'ct400',
      rootfs: 'local:400/x.raw,size=8G',
      memory: 64,
      tags: 'b;a',
    })
    expect(config).toMatchObject({
      name: 'ct400',
      diskKey: 'rootfs',
      diskGb: 8,
      memoryMb: 64,
      cores: 0,
      tags: ['b', 'a'],
    })
  })

  test('a guest that the cluster has not looked at yet has no name', () => {
    expect(readSummary({ type: 'qemu', node: 'pve1', vmid: 201, status: 'unknown' })).toMatchObject({
      kind: 'vm',
      name: null,
      status: 'unknown',
      maxDiskGb: 0,
      template: false,
    })
  })
})
