import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { die } from './errors.ts'
import { withLock } from './locks.ts'
import type { Config, Firewall, Guest, GuestKind } from './model.ts'
import { splitProperties, printProperties } from './property.ts'
import { check } from './permissions.ts'
import { CT_NET_FORMAT, LXC_OPTIONS } from './lxcSchema.ts'
import { NET_FORMAT, QEMU_OPTIONS, SMBIOS_FORMAT } from './qemuSchema.ts'
import type { Task } from './tasks.ts'
import { findProp } from './validate.ts'
import { quorate } from './world.ts'
import type { World } from './world.ts'

/** What virtual machines and containers have in common: configuration files, locks, networks. */

const folderOf = (kind: GuestKind): string => (kind === 'qemu' ? 'qemu-server' : 'lxc')
export const labelOf = (kind: GuestKind): string => (kind === 'qemu' ? 'VM' : 'CT')

export function loadGuest(world: World, node: string, kind: GuestKind, vmid: number): Guest {
  const guest = world.state.guests[vmid]
  if (guest?.node === node && guest.kind === kind) return guest
  return die(`Configuration file 'nodes/${node}/${folderOf(kind)}/${vmid}.conf' does not exist`)
}

/** Without quorum /etc/pve is read-only. To be called before a configuration is changed. */
export function assertWritable(world: World, guest: { node: string; kind: GuestKind; vmid: number }): void {
  if (quorate(world)) return
  const file = `/etc/pve/nodes/${guest.node}/${folderOf(guest.kind)}/${guest.vmid}.conf.tmp.${world.state.lastPid}`
  die(`unable to open file '${file}' - Permission denied`)
}

export function assertQuorum(world: World): void {
  if (!quorate(world)) die('cluster not ready - no quorum?')
}

/** Applies a change to the guest, as one write of its file. */
export function writeConfig(world: World, guest: Guest, change: (config: Config) => void): void {
  assertWritable(world, guest)
  change(guest.config)
  world.changed()
}

export function assertUnlocked(guest: Guest): void {
  if (guest.config.lock !== undefined) die(`${labelOf(guest.kind)} is locked (${guest.config.lock})`)
}

export function assertUnprotected(guest: Guest, action: string): void {
  if (guest.config.protection === '1') die(`${action} - protection mode enabled`)
}

export function assertVmidUnused(world: World, vmid: number): void {
  const taken = world.state.guests[vmid]
  if (taken) die(`${labelOf(taken.kind)} ${vmid} already exists on node '${taken.node}'`)
}

export const isRunning = (guest: Guest): boolean => guest.power !== 'stopped'

/** The SHA1 of the file's text, as clients get it to guard their changes with. */
export function digestOf(guest: Guest): string {
  const sections = [
    ['', guest.config],
    ['[PENDING]', { ...guest.pending, delete: Object.keys(guest.pendingDelete).join(',') }],
    ...Object.entries(guest.snapshots).map(([name, snapshot]) => [`[${name}]`, snapshot.config] as const),
  ] as const
  const text = sections.map(([title, config]) => `${title}\n${configText(config)}`).join('\n')
  return createHash('sha1').update(text).digest('hex')
}

const configText = (config: Config) =>
  Object.keys(config)
    .toSorted()
    .map((key) => `${key}: ${config[key]}`)
    .join('\n')

/** As the API shows options: numbers where the schema says so, passwords masked, emptied options as a blank. */
export function shownValue(kind: GuestKind, key: string, value: string): string | number {
  if (key === 'cipassword') return '**********'
  const type = findProp(kind === 'qemu' ? QEMU_OPTIONS : LXC_OPTIONS, key)?.type
  if (type === 'integer' || type === 'boolean') return Number(value)
  return value === '' ? ' ' : value
}

export function shownConfig(kind: GuestKind, config: Config): Record<string, string | number> {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, shownValue(kind, key, value)]))
}

/** Pending changes come into force when the guest stops, starts or was stopped all along. */
export function applyPending(guest: Guest): void {
  for (const key of Object.keys(guest.pendingDelete)) delete guest.config[key]
  Object.assign(guest.config, guest.pending)
  guest.pending = {}
  guest.pendingDelete = {}
}

export function newGuest(kind: GuestKind, vmid: number, node: string, config: Config): Guest {
  return {
    vmid,
    kind,
    node,
    config,
    pending: {},
    pendingDelete: {},
    snapshots: {},
    power: 'stopped',
    startedAt: null,
    pid: null,
  }
}

/** The flock on the guest; the log shows that it had to be waited for. */
export async function lockGuest<T>(
  world: World,
  guest: { node: string; kind: GuestKind; vmid: number },
  options: { task?: Task; seconds?: number; shared?: boolean },
  work: () => Promise<T>,
): Promise<T> {
  const folder = guest.kind === 'qemu' ? '/var/lock/qemu-server/lock-' : '/run/lock/lxc/pve-config-'
  const name = `${folder}${guest.vmid}.${guest.kind === 'qemu' ? 'conf' : 'lock'}`
  let waited = false
  const request = {
    // The table is the cluster's, the file is the node's.
    name: `${guest.node}:${name}`,
    waitMs: (options.seconds ?? 10) * world.speed.secondMs,
    ...(options.shared && { shared: true }),
    onWait: () => {
      waited = true
      options.task?.log('trying to acquire lock...')
    },
  }
  let entered = false
  try {
    return await withLock(world.locks, request, () => {
      entered = true
      if (waited) options.task?.extend(' OK')
      return work()
    })
  } catch (error) {
    if (!entered) die(`can't lock file '${name}' - got timeout`)
    throw error
  }
}

export function randomMac(): string {
  const tail = [...randomBytes(3)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  return `BC:24:11:${tail.join(':')}`
}

/** `net0` as it is stored: a MAC address is made up whenever none is given. */
export function normalNet(value: string, fresh = false): string {
  const net = splitProperties(NET_FORMAT, value)
  const { model = 'virtio', macaddr, ...rest } = net
  const mac = fresh || macaddr === undefined ? randomMac() : macaddr
  const tail = printProperties({ keys: {} }, rest)
  return `${model}=${mac}${tail === '' ? '' : `,${tail}`}`
}

export function normalCtNet(value: string, fresh = false): string {
  const net = splitProperties(CT_NET_FORMAT, value)
  const hwaddr = fresh || net.hwaddr === undefined ? randomMac() : net.hwaddr
  return printProperties({ keys: {} }, { ...net, hwaddr, type: net.type ?? 'veth' }, ['name'])
}

export function normalTags(value: string): string {
  return [...new Set(value.split(/[,;\s]+/).filter((tag) => tag !== ''))].toSorted().join(';')
}

export function freshSmbios(old = ''): string {
  return printProperties({ keys: {} }, { ...splitProperties(SMBIOS_FORMAT, old), uuid: randomUUID() }, [
    'uuid',
  ])
}

/** Limited users need the right to use the bridge (SDN) they attach a guest to. */
export function checkBridges(world: World, userid: string, config: Config): void {
  for (const [key, value] of Object.entries(config)) {
    if (!/^net\d+$/.test(key)) continue
    const bridge = /(?:^|,)bridge=([^,]+)/.exec(value)?.[1]
    const tag = /(?:^|,)tag=(\d+)/.exec(value)?.[1]
    if (bridge === undefined) continue
    check(world, userid, `/sdn/zones/localnetwork/${bridge}${tag === undefined ? '' : `/${tag}`}`, [
      'SDN.Use',
    ])
  }
}

/** Existing pools only; the text is that of `check_pool_exist`. */
export function assertPool(world: World, pool: string | undefined): void {
  if (pool !== undefined && !world.state.pools[pool]) die(`no such pool '${pool}'`)
}

export function addToPool(world: World, pool: string | undefined, vmid: number): void {
  if (pool === undefined) return
  const members = world.state.pools[pool]
  if (members && !members.vms.includes(vmid)) members.vms.push(vmid)
}

/** A clone and a backup have what their source has. */
export function copyFirewall(world: World, from: Firewall | undefined, vmid: number): void {
  if (from) world.state.firewalls[vmid] = structuredClone(from)
}

export function forgetGuest(world: World, vmid: number): void {
  delete world.state.guests[vmid]
  delete world.state.firewalls[vmid]
  delete world.state.ha[`vm:${vmid}`]
  delete world.state.ha[`ct:${vmid}`]
  for (const pool of Object.values(world.state.pools)) pool.vms = pool.vms.filter((member) => member !== vmid)
  world.state.acl = world.state.acl.filter((entry) => entry.path !== `/vms/${vmid}`)
  world.changed()
}
