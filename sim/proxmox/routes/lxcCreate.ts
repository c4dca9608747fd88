import { checkLxcOptions } from '../configRights.ts'
import { checkSpace, enabledStorage, findStorage, findVolume, free, isFileBased, pathOf } from '../disks.ts'
import { prefixed, storageOf } from '../drives.ts'
import { die, messageOf, paramError } from '../errors.ts'
import {
  addToPool,
  assertPool,
  assertQuorum,
  assertVmidUnused,
  checkBridges,
  forgetGuest,
} from '../guests.ts'
import { lockGuest, newGuest, normalCtNet, normalTags, writeConfig } from '../guests.ts'
import { LXC_OPTIONS } from '../lxcSchema.ts'
import type { Config, Guest, Volume } from '../model.ts'
import { check, checkAny } from '../permissions.ts'
import { isMountKey, makeMount, parseMount } from '../rootfs.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, num, req, str } from '../schema.ts'
import { hasSentinel } from '../sentinels.ts'
import { isKilled, startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { MiB } from '../units.ts'
import { words } from '../words.ts'
import type { World } from '../world.ts'
import { startContainer } from './lxcPower.ts'
import { assertMayAllocate } from './allocate.ts'
import { durationOf } from './qemuClone.ts'
import { restore } from './restore.ts'

/** Parameters that belong to the call, not to the container. */
const CALL_ONLY =
  words(`node vmid pool storage start unique force restore bwlimit ha-managed ostemplate password
  ssh-public-keys ignore-unpack-errors`)

export const lxcCreateRoutes: Route[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/lxc',
    allow: 'all',
    schema: {
      ...LXC_OPTIONS,
      bwlimit: num({ min: 0 }),
      force: bool(),
      'ha-managed': bool(),
      'ignore-unpack-errors': bool(),
      ostemplate: req(str({ maxLength: 255 })),
      password: str({ minLength: 5 }),
      pool: str({ format: 'pve-poolid' }),
      restore: bool(),
      'ssh-public-keys': str(),
      start: bool(),
      storage: str({ format: 'pve-storage-id' }),
      unique: bool({ requires: 'restore' }),
      vmid: req(int({ format: 'pve-vmid', min: 100, max: 999_999_999 })),
    },
    run: create,
  },
]

function create(call: Call): string {
  const { world, params, node, vmid, caller } = call
  if (params.restore === '1') {
    const given = Object.entries(params).filter(([key]) => !CALL_ONLY.includes(key))
    return restore(call, 'lxc', Object.fromEntries(given), params.ostemplate ?? '')
  }
  assertQuorum(world)
  const unprivileged = params.unprivileged !== '0'
  if (!unprivileged) check(world, caller.userid, '/', ['Sys.Modify'])
  assertVmidUnused(world, vmid)
  checkPublicKeys(params['ssh-public-keys'])
  assertPool(world, params.pool)
  assertMayAllocate(call)
  const options = Object.fromEntries(Object.entries(params).filter(([key]) => !CALL_ONLY.includes(key)))
  delete options.unprivileged
  checkLxcOptions({ world, userid: caller.userid, vmid, pool: params.pool }, Object.keys(options))
  checkBridges(world, caller.userid, options)
  checkTemplateAccess(world, caller.userid, params.ostemplate ?? '')
  const mounts = wantedMounts(call, options)
  const guest = newGuest('lxc', vmid, node, { lock: 'create' })
  world.state.guests[vmid] = guest
  world.changed()
  const config: Config = { ...options, ...(unprivileged && { unprivileged: '1' }) }
  call.loseAnswer = hasSentinel(params.hostname, 'lost-clone')
  const spec = { node, type: 'vzcreate', id: String(vmid), user: caller.userid }
  return startTask(world, spec, async (task) => {
    await lockGuest(world, guest, { task }, () => build({ call, guest, config, mounts, task }))
    if (params.start === '1') startContainer(world, guest, caller.userid)
  })
}

function checkPublicKeys(keys: string | undefined): void {
  const lines = (keys ?? '').split('\n').filter((line) => line.trim() !== '')
  if (lines.some((line) => !/(^|\s)(ssh-|ecdsa-|sk-)\S+\s+[A-Za-z0-9+/=]+/.test(line))) {
    die('SSH public key validation error')
  }
}

function checkTemplateAccess(world: World, userid: string, volid: string): void {
  const storage = storageOf(volid)
  if (storage === null) return die(`unable to parse volume ID '${volid}'`)
  findStorage(world, storage)
  checkAny(world, userid, `/storage/${storage}`, ['Datastore.Audit', 'Datastore.AllocateSpace'])
}

function wantedMounts({ world, caller, params, node }: Call, options: Config): Config {
  const storage = params.storage ?? 'local'
  const mounts: Config = {}
  for (const key of Object.keys(options).filter(isMountKey)) {
    const value = options[key] ?? ''
    mounts[key] = /^\d+(\.\d+)?$/.test(value) ? `${storage}:${value}` : value
  }
  if (mounts.rootfs === undefined) {
    if (Object.keys(mounts).length > 0) die("mount points configured, but 'rootfs' not set - aborting")
    mounts.rootfs = `${storage}:4`
  }
  for (const text of Object.values(mounts)) {
    const name = storageOf(parseMount(text).volume ?? '')
    if (name === null) return die('Only root can pass arbitrary filesystem paths.')
    if (!enabledStorage(world, name, node).content.includes('rootdir')) {
      paramError({ storage: `storage '${name}' does not support container directories` })
    }
    checkSpace(world, caller.userid, name)
  }
  return mounts
}

type Build = { call: Call; guest: Guest; config: Config; mounts: Config; task: Task }

async function build({ call, guest, config, mounts, task }: Build): Promise<void> {
  const { world, params, vmid } = call
  const made: Volume[] = []
  try {
    const archive = params.ostemplate ?? ''
    const template = findVolume(world, guest.node, archive)
    for (const key of Object.keys(mounts)) {
      const { text, volume } = makeMount(world, guest, mounts[key] ?? '', task)
      made.push(volume)
      config[key] = text
    }
    if (!template) {
      task.log(`volume '${archive}' does not exist`)
      return die(`volume '${archive}' does not exist`)
    }
    await unpack(world, guest, { template, name: params.hostname, task })
    finishConfig(config, vmid, archive)
    writeConfig(world, guest, () => (guest.config = config))
    addToPool(world, params.pool, vmid)
  } catch (error) {
    if (isKilled(error)) throw error
    for (const volume of made) free(world, volume)
    forgetGuest(world, vmid)
    const text = messageOf(error)
    throw text === 'received interrupt' ? error : prefixed(error, `unable to create CT ${vmid} -`)
  }
}

type Unpack = { template: Volume; name: string | undefined; task: Task }

async function unpack(world: World, guest: Guest, { template, name, task }: Unpack): Promise<void> {
  const storage = findStorage(world, template.storage)
  const file = template.volid.split('/').at(-1) ?? ''
  const path = isFileBased(storage)
    ? `${storage.path}/template/cache/${file}`
    : pathOf(storage, template.volid)
  task.log(`extracting archive '${path}'`)
  await task.sleep(durationOf(world, name, 0))
  if (hasSentinel(name, 'fail-clone') || hasSentinel(name, 'disk-full')) {
    const why = hasSentinel(name, 'disk-full') ? 'No space left on device' : 'Input/output error'
    task.log(`tar: ./usr/lib: Cannot write: ${why}`)
    const command = `tar xpf - --zstd --totals --one-file-system -C /var/lib/lxc/${guest.vmid}/rootfs`
    die(`command '${command}' failed: exit code 2`)
  }
  const bytes = template.size * 2
  task.log(`Total bytes read: ${bytes} (${(bytes / MiB).toFixed(1)}MiB, 46MiB/s)`)
  task.log('Detected container architecture: amd64')
}

function finishConfig(config: Config, vmid: number, archive: string): void {
  for (const [key, value] of Object.entries(config)) {
    if (/^net\d+$/.test(key)) config[key] = normalCtNet(value)
  }
  const system = /(debian|devuan|ubuntu|centos|fedora|opensuse|archlinux|alpine|gentoo|nixos)/.exec(
    archive,
  )?.[1]
  config.arch ??= 'amd64'
  config.ostype ??= system ?? 'unmanaged'
  config.hostname ??= `CT${vmid}`
  config.memory ??= '512'
  config.swap ??= '512'
  if (config.tags !== undefined) config.tags = normalTags(config.tags)
}
