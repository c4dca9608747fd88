import { randomBytes, randomUUID } from 'node:crypto'
import { allocate, findStorage, isFileBased, makeBase, putVolume } from './disks.ts'
import { makeCloudInit } from './drives.ts'
import { newGuest, randomMac } from './guests.ts'
import type { AclEntry, State, StorageType } from './model.ts'
import { builtinRoles } from './roles.ts'
import { formatSize, GiB, MiB } from './units.ts'
import { now } from './world.ts'
import type { World } from './world.ts'
import { words } from './words.ts'

/** Of a server processor of the level x86-64-v3. */
const CPU_FLAGS =
  'fpu cx8 cmov mmx fxsr sse sse2 ht lm pni ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c hypervisor lahf_lm ' +
  'abm bmi1 avx2 bmi2'

/** What a cluster looks like on its first day. Secrets come from the caller. */
export type ClusterSeed = {
  name: string
  /** Whether the firewall of the cluster is on. */
  firewallOn?: boolean
  nodes: {
    name: string
    cores: number
    memoryMb: number
    ip?: string
    bridges?: string[]
    cpuFlags?: string
  }[]
  storages: {
    name: string
    type: StorageType
    content: string[]
    sizeGb: number
    usedGb?: number
    shared?: boolean
    /** Nodes that have it; all when omitted. */
    nodes?: string[]
    path?: string
  }[]
  vmTemplates?: {
    vmid: number
    node: string
    name: string
    storage: string
    diskGb: number
    cores?: number
    memoryMb?: number
    /** Further options, or other values for the usual ones. */
    config?: Record<string, string>
    /** Usual options it does not have. */
    without?: string[]
  }[]
  /** `vztmpl` files. */
  containerTemplates?: { storage: string; file: string; sizeMb: number; node?: string }[]
  pools?: { id: string; comment?: string }[]
  users?: { id: string; password?: string }[]
  /** `user@realm!name`; the user is made when `users` does not list it. With `privsep` only `acl` gives it rights. */
  tokens?: { id: string; secret: string; privsep?: boolean }[]
  roles?: { id: string; privileges: string[] }[]
  /** `to` is a user or a token. */
  acl?: { path: string; to: string; role: string; propagate?: boolean }[]
}

/** State without guests and volumes; those need a world to be put into. */
export function emptyState(seed: ClusterSeed): State {
  const bootedAt = now() - 3600
  const roles = builtinRoles()
  for (const { id, privileges } of seed.roles ?? []) roles[id] = privileges
  const users: State['users'] = { 'root@pam': newUser() }
  for (const { id, password } of seed.users ?? []) users[id] = newUser(password)
  for (const { id, secret, privsep = true } of seed.tokens ?? []) {
    const [owner = '', name = ''] = id.split('!')
    users[owner] ??= newUser()
    users[owner].tokens[name] = { secret, privsep, comment: null, expire: 0 }
  }
  return {
    version: 1,
    clusterName: seed.name,
    nodes: seed.nodes.map((node, index) => ({
      name: node.name,
      id: index + 1,
      ip: node.ip ?? `10.0.0.${index + 1}`,
      cores: node.cores,
      memoryMb: node.memoryMb,
      bridges: node.bridges ?? ['vmbr0'],
      cpuFlags: node.cpuFlags ?? CPU_FLAGS,
      online: true,
      bootedAt,
    })),
    storages: seed.storages.map((storage) => ({
      name: storage.name,
      type: storage.type,
      content: storage.content,
      sizeBytes: storage.sizeGb * GiB,
      usedBytes: (storage.usedGb ?? 0) * GiB,
      shared: storage.shared ?? false,
      path: storage.path ?? defaultPath(storage.type, storage.name),
      nodes: storage.nodes ?? null,
      full: [],
    })),
    volumes: {},
    guests: {},
    pools: Object.fromEntries(
      (seed.pools ?? []).map(({ id, comment }) => [id, { comment: comment ?? null, vms: [], storages: [] }]),
    ),
    users,
    roles,
    acl: (seed.acl ?? []).map(aclEntry),
    ha: {},
    tasks: [],
    lastPid: 800,
    quorumLost: false,
    firewallOn: seed.firewallOn ?? false,
    firewalls: {},
    ticketKey: randomBytes(32).toString('hex'),
  }
}

const newUser = (password?: string) => ({
  password: password ?? null,
  enabled: true,
  comment: null,
  tokens: {},
})

function aclEntry({ path, to, role, propagate }: NonNullable<ClusterSeed['acl']>[number]): AclEntry {
  return {
    path,
    type: to.includes('!') ? 'token' : 'user',
    ugid: to,
    roleid: role,
    propagate: propagate ?? true,
  }
}

function defaultPath(type: StorageType, name: string): string {
  if (type === 'dir') return name === 'local' ? '/var/lib/vz' : `/mnt/${name}`
  return type === 'nfs' ? `/mnt/pve/${name}` : `/dev/${name}`
}

/** Puts the templates in place. */
export function plantTemplates(world: World, seed: ClusterSeed): void {
  for (const { storage: name, file, sizeMb, node } of seed.containerTemplates ?? []) {
    const storage = findStorage(world, name)
    const places = storage.shared
      ? [null]
      : node === undefined
        ? world.state.nodes.map((one) => one.name)
        : [node]
    for (const place of places) {
      putVolume(world, {
        volid: `${name}:vztmpl/${file}`,
        storage: name,
        node: place,
        vmid: null,
        size: Math.round(sizeMb * MiB),
        format: file.endsWith('.gz') ? 'tgz' : file.endsWith('.xz') ? 'txz' : 'tzst',
        content: 'vztmpl',
        parent: null,
        createdAt: now(),
      })
    }
  }
  for (const template of seed.vmTemplates ?? []) plantVmTemplate(world, template)
}

function plantVmTemplate(world: World, template: NonNullable<ClusterSeed['vmTemplates']>[number]): void {
  const { vmid, node, diskGb } = template
  const guest = newGuest('qemu', vmid, node, {})
  const storage = findStorage(world, template.storage)
  const format = isFileBased(storage) ? 'qcow2' : 'raw'
  const size = diskGb * GiB
  const disk = makeBase(world, allocate(world, { storage, node, vmid, size, format, kind: 'disk' }))
  guest.config = {
    name: template.name,
    cores: String(template.cores ?? 1),
    memory: String(template.memoryMb ?? 1024),
    ostype: 'l26',
    scsihw: 'virtio-scsi-single',
    scsi0: `${disk.volid},size=${formatSize(size)}`,
    ide2: `${makeCloudInit(world, guest, template.storage).volid},media=cdrom`,
    net0: `virtio=${randomMac()},bridge=vmbr0,firewall=1`,
    boot: 'order=scsi0;ide2;net0',
    agent: '1',
    serial0: 'socket',
    vga: 'serial0',
    smbios1: `uuid=${randomUUID()}`,
    vmgenid: randomUUID(),
    meta: `creation-qemu=10.1.2,ctime=${now()}`,
    template: '1',
    ...template.config,
  }
  for (const key of template.without ?? []) delete guest.config[key]
  world.state.guests[vmid] = guest
}

export type ExampleSecrets = { rootPassword: string; tokenSecret: string; tokenId?: string }

/** Privileges a panel needs on a cluster, without those of an administrator. */
const PANEL_PRIVILEGES =
  words(`VM.Allocate VM.Audit VM.Clone VM.PowerMgmt VM.Console VM.GuestAgent.Unrestricted VM.Snapshot VM.Snapshot.Rollback
  VM.Config.CPU VM.Config.Memory VM.Config.Disk VM.Config.Network VM.Config.Options
  VM.Config.Cloudinit VM.Config.CDROM VM.Config.HWType VM.Migrate VM.Backup Datastore.AllocateSpace
  Datastore.Audit SDN.Use Sys.Audit Pool.Audit Pool.Allocate`)

/** Three nodes with local storages and a shared one: a cluster to try things on. */
export function exampleCluster({
  rootPassword,
  tokenSecret,
  tokenId = 'mpanel@pve!panel',
}: ExampleSecrets): ClusterSeed {
  return {
    name: 'example',
    firewallOn: true,
    nodes: ['pve1', 'pve2', 'pve3'].map((name, index) => ({
      name,
      cores: 64,
      memoryMb: 512 * 1024,
      ip: `10.20.0.${index + 11}`,
    })),
    storages: [
      {
        name: 'local',
        type: 'dir',
        content: ['iso', 'vztmpl', 'backup', 'snippets'],
        sizeGb: 200,
        usedGb: 12,
      },
      { name: 'local-lvm', type: 'lvmthin', content: ['images', 'rootdir'], sizeGb: 4000 },
      {
        name: 'shared',
        type: 'nfs',
        content: ['images', 'rootdir', 'iso', 'vztmpl', 'backup'],
        sizeGb: 40_000,
        shared: true,
      },
    ],
    vmTemplates: [
      { vmid: 9000, node: 'pve1', name: 'debian-12', storage: 'shared', diskGb: 4 },
      { vmid: 9001, node: 'pve1', name: 'ubuntu-24.04', storage: 'shared', diskGb: 4 },
      ...['pve1', 'pve2', 'pve3'].flatMap((node, index) => [
        { vmid: 9010 + index, node, name: 'debian-12-local', storage: 'local-lvm', diskGb: 4 },
        { vmid: 9020 + index, node, name: 'ubuntu-24.04-local', storage: 'local-lvm', diskGb: 4 },
      ]),
    ],
    containerTemplates: [
      { storage: 'local', file: 'debian-12-standard_12.12-1_amd64.tar.zst', sizeMb: 118 },
      { storage: 'local', file: 'ubuntu-24.04-standard_24.04-2_amd64.tar.zst', sizeMb: 135 },
      { storage: 'shared', file: 'debian-12-standard_12.12-1_amd64.tar.zst', sizeMb: 118 },
    ],
    pools: [{ id: 'mpanel', comment: 'Guests of the panel' }],
    users: [{ id: 'root@pam', password: rootPassword }, { id: tokenId.split('!')[0] ?? tokenId }],
    tokens: [{ id: tokenId, secret: tokenSecret, privsep: false }],
    roles: [{ id: 'MPanel', privileges: PANEL_PRIVILEGES }],
    acl: [{ path: '/', to: tokenId.split('!')[0] ?? tokenId, role: 'MPanel' }],
  }
}
