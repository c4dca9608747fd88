import type { Fault, TaskFault } from './faults.ts'
import { die } from './errors.ts'
import { allocate, findStorage, free, isFileBased, volumesOfGuest } from './disks.ts'
import { applyPending, digestOf, forgetGuest, newGuest, randomMac } from './guests.ts'
import { sidOf } from './ha.ts'
import type { Config, Firewall, Guest, GuestKind, HaResource, State, TaskRecord } from './model.ts'
import { abandonTasks } from './tasks.ts'
import { formatSize, GiB } from './units.ts'
import { findNode, guestList, now } from './world.ts'
import type { RequestRecord, Speed, World } from './world.ts'

type GuestView = Omit<Guest, 'snapshots'> & {
  digest: string
  snapshots: string[]
  firewall: Firewall | undefined
}

type GuestChange = {
  config?: Config
  remove?: string[]
  power?: Guest['power']
  /** Moves it to another node, as a migration by hand would. */
  node?: string
  /** What its network cards have counted since its start. */
  traffic?: { in: number; out: number }
  /** As if somebody had written its file by hand. */
  firewall?: Firewall
  /** Unix seconds: when it was started. */
  startedAt?: number
}

type ForeignGuest = {
  vmid: number
  node: string
  name: string
  kind?: GuestKind
  storage?: string
  diskGb?: number
  config?: Config
  power?: Guest['power']
}

type RequestFilter = { method?: string; path?: string; since?: number }

/** What a test, or a person with the control token, can do to the cluster behind the panel's back. */
export type SimControl = {
  addFault: (fault: Fault) => void
  failTask: (fault: TaskFault) => void
  clearFaults: () => void
  faults: () => { requests: Fault[]; tasks: TaskFault[] }
  /** A token of a user of its own, with these privileges everywhere. */
  addToken: (token: { id: string; secret: string; privileges: readonly string[] }) => void
  /** Gives a role more privileges, or takes them away. */
  setRole: (role: string, privileges: readonly string[], has: boolean) => void
  setNode: (node: string, status: 'online' | 'offline') => void
  /** Another processor, by the flags that Linux names. */
  setCpuFlags: (node: string, flags: string) => void
  setQuorum: (quorate: boolean) => void
  setStorageFull: (storage: string, full: boolean, node?: string) => void
  setSpeed: (speed: Partial<Speed>) => void
  setStaleness: (staleMs: number) => void
  changeGuest: (vmid: number, change: GuestChange) => void
  createGuest: (guest: ForeignGuest) => void
  removeGuest: (vmid: number) => void
  /** As if somebody had deleted all snapshots of a guest by hand. */
  forgetSnapshots: (vmid: number) => void
  /** The disks and files on all storages. */
  volumes: () => { volid: string; vmid: number | null; content: string }[]
  /** The backups on all storages. */
  backups: () => { volid: string; vmid: number | null; size: number; protected: boolean; notes: string }[]
  /** As if somebody had deleted all backups of a guest by hand. */
  forgetBackups: (vmid: number) => void
  pauseTasks: (type?: string) => void
  resumeTasks: () => void
  /** As if the worker process had been killed: exit status `unexpected status`, its guest stays locked. */
  killTask: (upid: string) => void
  guests: () => GuestView[]
  tasks: () => TaskRecord[]
  /** Requests seen so far; `path` is a regular expression. */
  requests: (filter?: RequestFilter) => RequestRecord[]
  clearRequests: () => void
  /** What the high availability knows, by `vm:100` or `ct:100`. */
  ha: () => State['ha']
  /** Puts a guest into the high availability, or takes it out (null). */
  setHa: (vmid: number, state: HaResource['state'] | null) => void
  /** Resolves when no task runs any more, and nothing waits for the high availability. */
  idle: () => Promise<void>
}

export function makeControl(world: World): SimControl {
  const changed = <Args extends unknown[]>(act: (...args: Args) => void) => {
    return (...args: Args) => {
      act(...args)
      world.changed()
    }
  }
  return {
    addFault: (fault) => void world.faults.push({ ...fault }),
    failTask: (fault) => void world.taskFaults.push({ ...fault }),
    clearFaults: () => {
      world.faults = []
      world.taskFaults = []
    },
    faults: () => ({ requests: world.faults, tasks: world.taskFaults }),
    addToken: changed(({ id, secret, privileges }) => addToken(world, id, secret, privileges)),
    setRole: changed((role, privileges, has) => {
      const others = (world.state.roles[role] ?? []).filter((one) => !privileges.includes(one))
      world.state.roles[role] = has ? [...others, ...privileges] : others
    }),
    setNode: changed((name, status) => setNode(world, name, status)),
    setCpuFlags: changed((name, flags) => {
      const node = findNode(world, name) ?? die(`no such cluster node '${name}'`)
      node.cpuFlags = flags
    }),
    setQuorum: changed((quorate) => {
      world.state.quorumLost = !quorate
    }),
    setStorageFull: changed((name, full, node = '*') => {
      const storage = findStorage(world, name)
      storage.full = storage.full.filter((one) => one !== node)
      if (full) storage.full.push(node)
    }),
    setSpeed: (speed) => void Object.assign(world.speed, speed),
    setStaleness: (staleMs) => {
      world.staleMs = staleMs
      world.statusView = null
    },
    changeGuest: changed((vmid, change) => changeGuest(world, vmid, change)),
    createGuest: changed((guest) => createGuest(world, guest)),
    forgetSnapshots: changed((vmid) => {
      const guest = existing(world, vmid)
      guest.snapshots = {}
      delete guest.config.parent
    }),
    removeGuest: changed((vmid) => {
      const guest = existing(world, vmid)
      for (const volume of volumesOfGuest(world, guest.node, vmid)) free(world, volume)
      forgetGuest(world, vmid)
    }),
    volumes: () =>
      Object.values(world.state.volumes).map(({ volid, vmid, content }) => ({ volid, vmid, content })),
    backups: () => backups(world),
    forgetBackups: changed((vmid) => {
      const all = Object.values(world.state.volumes)
      for (const volume of all) if (volume.backup && volume.vmid === vmid) free(world, volume)
    }),
    pauseTasks: (type = '*') => void world.paused.add(type),
    resumeTasks: () => {
      world.paused.clear()
      for (const wake of world.held.splice(0)) wake()
    },
    killTask: (upid) => {
      const task = world.running.get(upid) ?? die(`no such running task '${upid}'`)
      task.stop('kill')
    },
    guests: () => guestList(world).map((guest) => view(world, guest)),
    ha: () => structuredClone(world.state.ha),
    setHa: changed((vmid, state) => {
      const sid = sidOf(existing(world, vmid))
      if (state === null) delete world.state.ha[sid]
      else world.state.ha[sid] = { state, seen: state, settings: {} }
    }),
    tasks: () => structuredClone(world.state.tasks),
    requests: (filter) => requests(world, filter),
    clearRequests: () => {
      world.requests = []
    },
    idle: async () => {
      while (world.running.size > 0 || world.haOrders.size > 0)
        await new Promise((resolve) => setTimeout(resolve, 2))
    },
  }
}

const view = (world: World, guest: Guest): GuestView => ({
  ...structuredClone(guest),
  digest: digestOf(guest),
  snapshots: Object.keys(guest.snapshots),
  firewall: structuredClone(world.state.firewalls[guest.vmid]),
})

const existing = (world: World, vmid: number) => world.state.guests[vmid] ?? die(`no guest ${vmid}`)

const backups = (world: World) =>
  Object.values(world.state.volumes).flatMap(({ volid, vmid, size, backup }) =>
    backup ? [{ volid, vmid, size, protected: backup.protected, notes: backup.notes }] : [],
  )

function requests(world: World, { method, path, since = 0 }: RequestFilter = {}): RequestRecord[] {
  const pattern = path === undefined ? null : new RegExp(path)
  return world.requests
    .filter((record) => record.n > since)
    .filter((record) => method === undefined || record.method === method.toUpperCase())
    .filter((record) => pattern === null || pattern.test(record.path))
    .map((record) => ({ ...record }))
}

function addToken(world: World, id: string, secret: string, privileges: readonly string[]): void {
  const [user = '', name = ''] = id.split('!')
  const { users, roles, acl } = world.state
  roles[`of-${user}`] = [...privileges]
  users[user] = {
    password: null,
    enabled: true,
    comment: null,
    tokens: { [name]: { secret, privsep: false, comment: null, expire: 0 } },
  }
  acl.push({ path: '/', type: 'user', ugid: user, roleid: `of-${user}`, propagate: true })
}

/** A node that goes away takes its workers and its running guests with it; locks stay in the configurations. */
function setNode(world: World, name: string, status: 'online' | 'offline'): void {
  const node = findNode(world, name) ?? die(`no such cluster node '${name}'`)
  if (node.online === (status === 'online')) return
  node.online = status === 'online'
  if (node.online) {
    node.bootedAt = now()
    return
  }
  for (const { record, stop } of world.running.values()) if (record.node === name) stop('kill')
  abandonTasks(world.state, name)
  for (const guest of guestList(world)) {
    if (guest.node === name) Object.assign(guest, { power: 'stopped', pid: null, startedAt: null })
  }
}

function changeGuest(world: World, vmid: number, change: GuestChange): void {
  const guest = existing(world, vmid)
  Object.assign(guest.config, change.config)
  for (const key of change.remove ?? []) delete guest.config[key]
  if (change.node !== undefined) {
    const target = findNode(world, change.node) ?? die(`no such cluster node '${change.node}'`)
    for (const volume of volumesOfGuest(world, guest.node, vmid).filter((one) => one.node !== null)) {
      free(world, volume)
      world.state.volumes[`${target.name}|${volume.volid}`] = { ...volume, node: target.name }
    }
    guest.node = target.name
  }
  if (change.power !== undefined) {
    guest.power = change.power
    if (change.power === 'stopped') {
      applyPending(guest)
      delete guest.traffic
    }
    guest.startedAt = change.power === 'stopped' ? null : (guest.startedAt ?? now())
    guest.pid = change.power === 'stopped' ? null : (guest.pid ?? (world.state.lastPid += 1))
  }
  if (change.firewall !== undefined) world.state.firewalls[vmid] = change.firewall
  if (change.startedAt !== undefined) guest.startedAt = change.startedAt
  if (change.traffic !== undefined) guest.traffic = change.traffic
}

function createGuest(world: World, wanted: ForeignGuest): void {
  const { vmid, node, name, kind = 'qemu' } = wanted
  if (world.state.guests[vmid]) die(`guest ${vmid} exists`)
  if (!findNode(world, node)) die(`no such cluster node '${node}'`)
  const guest = newGuest(kind, vmid, node, {})
  const common = { cores: '1', memory: '512' }
  guest.config =
    kind === 'qemu'
      ? { name, ...common, net0: `virtio=${randomMac()},bridge=vmbr0` }
      : { hostname: name, ...common, arch: 'amd64', ostype: 'debian' }
  if (wanted.storage !== undefined) {
    const storage = findStorage(world, wanted.storage)
    const size = (wanted.diskGb ?? 1) * GiB
    const format = isFileBased(storage) && kind === 'qemu' ? 'qcow2' : 'raw'
    const disk = allocate(world, { storage, node, vmid, size, format, kind: 'disk' })
    guest.config[kind === 'qemu' ? 'scsi0' : 'rootfs'] = `${disk.volid},size=${formatSize(size)}`
  }
  Object.assign(guest.config, wanted.config)
  world.state.guests[vmid] = guest
  if (wanted.power !== undefined) changeGuest(world, vmid, { power: wanted.power })
}
