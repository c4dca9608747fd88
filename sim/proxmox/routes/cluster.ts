import { paramError } from '../errors.ts'
import { isOnNode, mayUseStorage, usage } from '../disks.ts'
import type { NodeState } from '../model.ts'
import { can } from '../permissions.ts'
import type { Call, Route } from '../route.ts'
import { int, str } from '../schema.ts'
import { resourceRow, usedMemoryMb } from '../status.ts'
import { GiB, MiB } from '../units.ts'
import { guestList, now, quorate } from '../world.ts'
import type { StatusView, World } from '../world.ts'

export const VERSION = { version: '9.1.2', release: '9.1', repoid: '9d436f37a0ac4172' }

export const ROOT_DISK = { total: 64 * GiB, used: 8 * GiB }

export const clusterRoutes: Route[] = [
  { method: 'GET', path: '/version', allow: 'all', run: () => VERSION },
  {
    method: 'GET',
    path: '/cluster/status',
    allow: { path: '/', privileges: ['Sys.Audit'] },
    run: clusterStatus,
  },
  {
    method: 'GET',
    path: '/cluster/resources',
    allow: 'all',
    schema: { type: str({ enum: ['vm', 'storage', 'node', 'sdn'] }) },
    run: resources,
  },
  {
    method: 'GET',
    path: '/cluster/nextid',
    allow: 'all',
    schema: { vmid: int({ format: 'pve-vmid', min: 100, max: 999_999_999 }) },
    run: nextId,
  },
]

function clusterStatus({ world }: Call): unknown[] {
  const { nodes, clusterName } = world.state
  const rows = nodes.map((node) => ({
    type: 'node',
    id: `node/${node.name}`,
    name: node.name,
    nodeid: nodes.length > 1 ? node.id : 0,
    ip: node.ip,
    online: node.online ? 1 : 0,
    local: node.name === world.entryNode ? 1 : 0,
    level: '',
  }))
  if (nodes.length === 1) return rows
  const summary = {
    type: 'cluster',
    id: 'cluster',
    name: clusterName,
    version: 1,
    nodes: nodes.length,
  }
  return [{ ...summary, quorate: quorate(world) ? 1 : 0 }, ...rows]
}

/** The lowest free id, reserved for nobody. Answers without quorum too. */
function nextId({ world, params }: Call): string {
  const { guests } = world.state
  if (params.vmid !== undefined) {
    if (guests[Number(params.vmid)]) paramError({ vmid: `VM ${params.vmid} already exists` })
    return params.vmid
  }
  let vmid = 100
  while (guests[vmid]) vmid += 1
  return String(vmid)
}

function resources(call: Call): unknown[] {
  const { type } = call.params
  return [
    ...(type === undefined ? poolRows(call) : []),
    ...(type === undefined || type === 'vm' ? guestRows(call) : []),
    ...(type === undefined || type === 'node' ? nodeRows(call) : []),
    ...(type === undefined || type === 'storage' ? storageRows(call) : []),
    ...(type === undefined || type === 'sdn' ? networkRows(call) : []),
  ]
}

function poolRows({ world, caller }: Call): unknown[] {
  return Object.keys(world.state.pools)
    .filter((pool) => can(world, caller.userid, `/pool/${pool}`, 'Pool.Audit'))
    .map((pool) => ({ id: `/pool/${pool}`, type: 'pool', pool }))
}

export function guestRows({ world, caller }: Call): unknown[] {
  const view = statusView(world)
  const poolOf = new Map<number, string>()
  for (const [name, pool] of Object.entries(world.state.pools))
    for (const vmid of pool.vms) poolOf.set(vmid, name)
  return guestList(world)
    .filter((guest) => can(world, caller.userid, `/vms/${guest.vmid}`, 'VM.Audit'))
    .map((guest) => resourceRow(world, guest, view.guests.get(guest.vmid), poolOf.get(guest.vmid)))
}

/** Fresh when staleness is off, otherwise as old as the last pass of the status daemon. */
function statusView(world: World): StatusView {
  const age = Date.now() - (world.statusView?.takenAt ?? 0)
  if (world.staleMs === 0) return { takenAt: Date.now(), guests: current(world) }
  if (!world.statusView || age >= world.staleMs) {
    world.statusView = { takenAt: Date.now(), guests: structuredClone(current(world)) }
  }
  return world.statusView
}

const current = (world: World) => new Map(guestList(world).map((guest) => [guest.vmid, guest]))

/** A node's figures; without `Sys.Audit` on it, only that it exists. */
export function nodeRow(world: World, node: NodeState, userid: string): Record<string, unknown> {
  const row = {
    id: `node/${node.name}`,
    node: node.name,
    type: 'node',
    status: node.online ? 'online' : 'offline',
  }
  if (!can(world, userid, `/nodes/${node.name}`, 'Sys.Audit')) return row
  const sizes = { maxcpu: node.cores, maxmem: node.memoryMb * MiB, maxdisk: ROOT_DISK.total, level: '' }
  if (!node.online) return { ...row, ...sizes }
  const mem = Math.min(usedMemoryMb(world, node.name), node.memoryMb) * MiB
  return { ...row, ...sizes, cpu: 0.02, mem, disk: ROOT_DISK.used, uptime: now() - node.bootedAt }
}

function nodeRows({ world, caller }: Call): unknown[] {
  return world.state.nodes.map((node) => {
    const row = nodeRow(world, node, caller.userid)
    return row.maxcpu === undefined ? row : { ...row, 'cgroup-mode': 2 }
  })
}

function storageRows({ world, caller }: Call): unknown[] {
  return world.state.storages
    .filter((storage) => mayUseStorage(world, caller.userid, storage.name))
    .flatMap((storage) =>
      world.state.nodes
        .filter((node) => isOnNode(storage, node.name))
        .map((node) => {
          const { total, used } = usage(world, storage, node.name)
          return {
            id: `storage/${node.name}/${storage.name}`,
            type: 'storage',
            storage: storage.name,
            node: node.name,
            plugintype: storage.type,
            content: storage.content.join(','),
            shared: storage.shared ? 1 : 0,
            status: 'available',
            disk: used,
            maxdisk: total,
          }
        }),
    )
}

function networkRows({ world, caller }: Call): unknown[] {
  if (!can(world, caller.userid, '/sdn/zones/localnetwork', 'SDN.Audit')) return []
  return world.state.nodes.map((node) => ({
    id: `network/${node.name}/zone/localnetwork`,
    type: 'network',
    'network-type': 'zone',
    network: 'localnetwork',
    node: node.name,
    status: 'ok',
  }))
}
