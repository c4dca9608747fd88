import { checkLxcOptions } from '../configRights.ts'
import { die, paramError } from '../errors.ts'
import { splitList } from '../formats.ts'
import { assertUnlocked, assertWritable, checkBridges, digestOf, isRunning, loadGuest } from '../guests.ts'
import { lockGuest, normalCtNet, normalTags } from '../guests.ts'
import { LXC_OPTIONS } from '../lxcSchema.ts'
import type { Config, Guest } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { str } from '../schema.ts'
import { findProp } from '../validate.ts'

export const lxcConfigRoutes: Route[] = [
  {
    method: 'PUT',
    path: '/nodes/{node}/lxc/{vmid}/config',
    allow: {
      path: '/vms/{vmid}',
      privileges: ['Disk', 'CPU', 'Memory', 'Network', 'Options'].map((right) => `VM.Config.${right}`),
      any: true,
    },
    schema: {
      ...LXC_OPTIONS,
      delete: str({ format: 'pve-configid-list' }),
      digest: str({ maxLength: 40 }),
      revert: str({ format: 'pve-configid-list' }),
    },
    run: putConfig,
  },
]

/** Taken over by a running container. */
const isImmediate = (key: string) =>
  /^(cores|cpulimit|cpuunits|memory|swap|description|hookscript|lock|nameserver|onboot|protection|searchdomain)$/.test(
    key,
  ) || /^(startup|tags|template|timezone|net\d+|mp\d+)$/.test(key)

const REQUIRED = ['memory', 'rootfs', 'ostype']

async function putConfig(call: Call): Promise<null> {
  const { world, params, node, vmid, caller } = call
  const { digest, delete: deleted, revert, node: _node, vmid: _vmid, ...set } = params
  if (Object.keys(set).length === 0 && !deleted && !revert) die('no options specified')
  const remove = optionList(deleted, 'delete', set)
  const undo = optionList(revert, 'revert', set)
  checkLxcOptions({ world, userid: caller.userid, vmid }, [...remove, ...undo, ...Object.keys(set)])
  checkBridges(world, caller.userid, set)
  const read = () => {
    const guest = loadGuest(world, node, 'lxc', vmid)
    assertUnlocked(guest)
    if (digest !== undefined && digest !== digestOf(guest)) {
      die('detected modified configuration - file changed by other user? Try again.')
    }
    return guest
  }
  read()
  await lockGuest(world, { node, kind: 'lxc', vmid }, {}, async () => {
    const guest = read()
    assertWritable(world, guest)
    for (const key of undo) {
      delete guest.pending[key]
      delete guest.pendingDelete[key]
    }
    for (const key of remove) removeOption(guest, key)
    for (const [key, value] of Object.entries(set)) setOption(guest, key, value)
    world.changed()
  })
  return null
}

function optionList(list: string | undefined, name: 'delete' | 'revert', set: Config): string[] {
  const keys = splitList(list ?? '')
  for (const key of keys) {
    if (set[key] !== undefined) {
      paramError({ [name]: `you can't use '-${key}' and -${name} ${key}' at the same time` })
    }
    if (!findProp(LXC_OPTIONS, key)) paramError({ [name]: `unknown option '${key}'` })
  }
  return keys
}

function removeOption(guest: Guest, key: string): void {
  if (guest.config[key] === undefined && guest.pending[key] === undefined) return
  if (REQUIRED.includes(key)) die(`unable to delete required option '${key}'`)
  if (key === 'unprivileged') die(`unable to delete read-only option: '${key}'`)
  delete guest.pending[key]
  if (isRunning(guest) && !isImmediate(key)) guest.pendingDelete[key] = false
  else delete guest.config[key]
}

function setOption(guest: Guest, key: string, given: string): void {
  if (key === 'unprivileged') die(`unable to modify read-only option: '${key}'`)
  const value = key === 'tags' ? normalTags(given) : /^net\d+$/.test(key) ? normalCtNet(given) : given
  delete guest.pendingDelete[key]
  if (!isRunning(guest) || isImmediate(key)) guest.config[key] = value
  else if (guest.config[key] === value) delete guest.pending[key]
  else guest.pending[key] = value
}
