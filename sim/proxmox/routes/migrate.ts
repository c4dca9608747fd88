import { enabledStorage, findStorage, findVolume, mayUseStorage } from '../disks.ts'
import { die, paramError } from '../errors.ts'
import { assertQuorum, assertUnlocked, isRunning, loadGuest, lockGuest } from '../guests.ts'
import { askForMigration, isManaged } from '../ha.ts'
import { localVolumes, migrateGuest, volumesIn } from '../migration.ts'
import type { Guest, GuestKind } from '../model.ts'
import { check } from '../permissions.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, num, req, str } from '../schema.ts'
import { startTask } from '../tasks.ts'
import { findNode } from '../world.ts'

/** Moving guests to another node, and what stands in the way of it. */

const right = { path: '/vms/{vmid}', privileges: ['VM.Migrate'] }
const target = str({ format: 'pve-node' })

export const migrateRoutes: Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/migrate',
    allow: right,
    schema: { target },
    run: machineConditions,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/migrate',
    allow: right,
    schema: { target },
    run: containerConditions,
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/migrate',
    allow: right,
    schema: {
      bwlimit: int({ min: 0 }),
      force: bool(),
      migration_network: str({ format: 'CIDR' }),
      migration_type: str({ enum: ['secure', 'insecure'] }),
      online: bool(),
      target: req(target),
      targetstorage: str({ format: 'storage-pair-list' }),
      'with-conntrack-state': bool(),
      'with-local-disks': bool(),
    },
    run: (call) => migrate(call, 'qemu'),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/lxc/{vmid}/migrate',
    allow: right,
    schema: {
      bwlimit: num({ min: 0 }),
      online: bool(),
      restart: bool(),
      target: req(target),
      'target-storage': str({ format: 'storage-pair-list' }),
      timeout: int(),
    },
    run: (call) => migrate(call, 'lxc'),
  },
]

/** The node to go to: another one of this cluster. Whether it is up shows in the task. */
function targetOf({ world, params, node }: Call): string {
  const wanted = params.target ?? ''
  if (wanted === node || wanted === 'localhost') paramError({ target: 'target is local node.' })
  assertQuorum(world)
  if (!findNode(world, wanted)) die(`no such cluster node '${wanted}'`)
  return wanted
}

function migrate(call: Call, kind: GuestKind): string {
  const { world, node, vmid, caller, params } = call
  const to = targetOf(call)
  if (kind === 'qemu' && caller.userid !== 'root@pam') {
    for (const name of ['force', 'migration_type', 'migration_network'])
      if (params[name] !== undefined) paramError({ [name]: 'Only root may use this option.' })
  }
  const guest = loadGuest(world, node, kind, vmid)
  if (kind === 'qemu') assertUnlocked(guest)
  if (isRunning(guest)) {
    if (kind === 'qemu' && params.online !== '1') die("can't migrate running VM without --online")
    if (kind === 'lxc' && params.online !== '1' && params.restart !== '1')
      die("can't migrate running container without --online or --restart")
  }
  const storage = params.targetstorage ?? params['target-storage']
  checkStorages(call, guest, to, storage)
  if (isManaged(world, guest)) return askForMigration(world, guest, to, caller.userid)
  const spec = {
    node,
    type: kind === 'qemu' ? 'qmigrate' : 'vzmigrate',
    id: String(vmid),
    user: caller.userid,
  }
  return startTask(world, spec, (task) =>
    lockGuest(world, { node, kind, vmid }, { task }, () =>
      migrateGuest(world, task, {
        node,
        kind,
        vmid,
        target: to,
        storage,
        online: params.online === '1',
        restart: params.restart === '1',
        withLocalDisks: params['with-local-disks'] === '1',
        timeoutS: Number(params.timeout ?? 180),
      }),
    ),
  )
}

/** One storage for all local disks, or `from:to` pairs; `1` for each to itself. Shared ones stay what they are. */
function checkStorages({ world, caller }: Call, guest: Guest, to: string, pairs: string | undefined): void {
  for (const pair of (pairs ?? '1').split(/[,;\s]+/)) {
    const name = pair.split(':').at(-1) ?? ''
    if (name === '1') continue
    check(world, caller.userid, `/storage/${name}`, ['Datastore.AllocateSpace'])
    const content = guest.kind === 'qemu' ? 'images' : 'rootdir'
    if (!enabledStorage(world, name, to).content.includes(content))
      die(`storage '${name}' does not support content-type '${content}'`)
  }
  if (pairs !== undefined) return
  for (const { volid } of volumesIn(guest.kind, guest.config))
    enabledStorage(world, volid.split(':')[0] ?? '', to)
}

/** Nodes to which every storage of the guest reaches, and what the others lack. */
function reachable({ world, node }: Call, guest: Guest) {
  const storages = new Set(volumesIn(guest.kind, guest.config).map(({ volid }) => volid.split(':')[0] ?? ''))
  const others = world.state.nodes.filter((one) => one.name !== node && one.online)
  const lacking = others.map((one) => {
    const away = [...storages].filter((name) => {
      const { nodes } = findStorage(world, name)
      return nodes !== null && !nodes.includes(one.name)
    })
    return { name: one.name, away }
  })
  return {
    allowed: lacking.filter(({ away }) => away.length === 0).map(({ name }) => name),
    others: Object.fromEntries(
      lacking.map(({ name, away }) => [name, away.length === 0 ? {} : { unavailable_storages: away }]),
    ),
  }
}

function machineConditions(call: Call): unknown {
  const { world, node, vmid, caller } = call
  const guest = loadGuest(world, node, 'qemu', vmid)
  const { allowed, others } = reachable(call, guest)
  const local = localVolumes(world, guest).filter(({ volid }) =>
    mayUseStorage(world, caller.userid, volid.split(':')[0] ?? ''),
  )
  return {
    running: isRunning(guest) ? 1 : 0,
    allowed_nodes: allowed,
    not_allowed_nodes: others,
    local_disks: local.map(({ key, volid, cdrom }) => ({
      volid,
      drivename: key,
      size: findVolume(world, node, volid)?.size ?? 0,
      cdrom: cdrom ? 1 : 0,
      shared: 0,
      replicate: 1,
      is_attached: 1,
      is_unused: 0,
      is_vmstate: 0,
      is_tpmstate: 0,
    })),
    local_resources: [],
    'mapped-resources': [],
    'mapped-resource-info': {},
    'has-dbus-vmstate': 1,
  }
}

function containerConditions(call: Call): unknown {
  const guest = loadGuest(call.world, call.node, 'lxc', call.vmid)
  const { allowed } = reachable(call, guest)
  return { running: isRunning(guest) ? 1 : 0, 'allowed-nodes': allowed, 'not-allowed-nodes': {} }
}
