import { die } from '../errors.ts'
import { splitList } from '../formats.ts'
import { can } from '../permissions.ts'
import type { Allow, Call, Route } from '../route.ts'
import { bool, req, str } from '../schema.ts'
import type { Schema } from '../schemaTypes.ts'
import { quorate } from '../world.ts'
import type { World } from '../world.ts'
import { guestRows } from './cluster.ts'

const allocate: Allow = { path: '/pool/{poolid}', privileges: ['Pool.Allocate'] }
const poolid = req(str({ format: 'pve-poolid' }))
const type = str({ enum: ['qemu', 'lxc', 'storage'] })

const update: Schema = {
  'allow-move': bool(),
  comment: str(),
  delete: bool(),
  storage: str({ format: 'pve-storage-id-list' }),
  vms: str({ format: 'pve-vmid-list' }),
}

export const poolRoutes: Route[] = [
  {
    method: 'GET',
    path: '/pools',
    allow: 'all',
    schema: { poolid: str({ format: 'pve-poolid' }), type },
    run: list,
  },
  { method: 'POST', path: '/pools', allow: allocate, schema: { poolid, comment: str() }, run: create },
  { method: 'PUT', path: '/pools', allow: allocate, schema: { poolid, ...update }, run: change },
  { method: 'DELETE', path: '/pools', allow: allocate, schema: { poolid }, run: remove },
  {
    method: 'GET',
    path: '/pools/{poolid}',
    allow: { path: '/pool/{poolid}', privileges: ['Pool.Audit'] },
    schema: { type },
    run: (call) => details(call, call.params.poolid ?? ''),
  },
  { method: 'PUT', path: '/pools/{poolid}', allow: allocate, schema: update, run: change },
  { method: 'DELETE', path: '/pools/{poolid}', allow: allocate, run: remove },
]

const comment = (world: World, name: string) => {
  const text = world.state.pools[name]?.comment
  return text ? { comment: text } : {}
}

function list(call: Call): unknown[] {
  const { world, caller, params } = call
  if (params.poolid !== undefined) return [details(call, params.poolid)]
  return Object.keys(world.state.pools)
    .filter((name) => can(world, caller.userid, `/pool/${name}`, 'Pool.Audit'))
    .map((name) => ({ poolid: name, ...comment(world, name) }))
}

function details(call: Call, name: string) {
  const pool = call.world.state.pools[name]
  if (!pool) return die(`pool '${name}' does not exist`)
  const rows = guestRows(call) as {
    vmid: number
    type: string
    pool?: string
    tags?: string
    lock?: string
  }[]
  const members = rows
    .filter((row) => pool.vms.includes(row.vmid) && (call.params.type ?? row.type) === row.type)
    .map(({ pool: _pool, tags: _tags, lock: _lock, ...row }) => row)
  return { poolid: name, ...comment(call.world, name), members }
}

/** Users, pools and rights are one file of the cluster; without quorum it cannot be locked. */
export function assertUserFile(world: World, action: string): void {
  if (!quorate(world)) die(`${action} failed: cfs-lock 'file-user_cfg' error: no quorum!`)
}

function create({ world, params }: Call): null {
  const { poolid: name = '' } = params
  assertUserFile(world, 'create pool')
  if (world.state.pools[name]) die(`create pool failed: pool '${name}' already exists`)
  world.state.pools[name] = { comment: params.comment ?? null, vms: [], storages: [] }
  world.changed()
  return null
}

function change({ world, params }: Call): null {
  const { poolid: name = '' } = params
  assertUserFile(world, 'update pools')
  const pool = world.state.pools[name]
  if (!pool) return die(`update pools failed: pool '${name}' does not exist`)
  if (params.comment !== undefined) pool.comment = params.comment
  for (const vmid of splitList(params.vms ?? '').map(Number)) changeMember(world, params, name, vmid)
  for (const storage of splitList(params.storage ?? '')) {
    const member = pool.storages.includes(storage)
    if (params.delete === '1') {
      if (!member) die(`update pools failed: Storage '${storage}' is not a pool member`)
      pool.storages = pool.storages.filter((one) => one !== storage)
    } else {
      if (member) die(`update pools failed: Storage '${storage}' is already a pool member`)
      pool.storages.push(storage)
    }
  }
  world.changed()
  return null
}

function changeMember(world: World, params: Call['params'], name: string, vmid: number): void {
  const { pools } = world.state
  const pool = pools[name]
  if (!pool) return
  const where = Object.keys(pools).find((one) => pools[one]?.vms.includes(vmid))
  if (params.delete === '1') {
    if (where !== name) die(`update pools failed: VM ${vmid} is not a pool member`)
    pool.vms = pool.vms.filter((one) => one !== vmid)
    return
  }
  if (where === name) die(`update pools failed: VM ${vmid} is already a pool member`)
  const other = where === undefined ? undefined : pools[where]
  if (other && params['allow-move'] !== '1') {
    die(`update pools failed: VM ${vmid} belongs already to pool '${where}' and 'allow-move' is not set`)
  }
  if (other) other.vms = other.vms.filter((one) => one !== vmid)
  pool.vms.push(vmid)
}

function remove({ world, params }: Call): null {
  const { poolid: name = '' } = params
  assertUserFile(world, 'delete pool')
  const pool = world.state.pools[name]
  if (!pool) return die(`delete pool failed: pool '${name}' does not exist`)
  const [vmid] = pool.vms
  if (vmid !== undefined) die(`delete pool failed: pool '${name}' is not empty (contains VM ${vmid})`)
  const [storage] = pool.storages
  if (storage !== undefined)
    die(`delete pool failed: pool '${name}' is not empty (contains storage '${storage}')`)
  delete world.state.pools[name]
  world.changed()
  return null
}
