import { setTimeout as sleep } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import { checkQemuOptions } from '../configRights.ts'
import { findVolume, free } from '../disks.ts'
import { addUnused, driveKeys, isCdrom, isCloudInit, parseDrive, realizeDrive } from '../drives.ts'
import { die, messageOf, paramError } from '../errors.ts'
import { splitList } from '../formats.ts'
import {
  assertUnlocked,
  assertUnprotected,
  assertWritable,
  checkBridges,
  digestOf,
  isRunning,
} from '../guests.ts'
import { loadGuest, lockGuest, normalNet, normalTags } from '../guests.ts'
import type { Config, Guest } from '../model.ts'
import { CLOUD_INIT_OPTIONS, isDriveKey, QEMU_OPTIONS } from '../qemuSchema.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, str } from '../schema.ts'
import type { Schema } from '../schemaTypes.ts'
import { startTask } from '../tasks.ts'
import { findProp } from '../validate.ts'
import type { World } from '../world.ts'
import { cdromAlias, checkDriveStorage } from './qemuCreate.ts'
import { words } from '../words.ts'

/** Changing a machine's configuration: `PUT` does it at once, `POST` in a task. */

const RIGHTS = ['Disk', 'CDROM', 'CPU', 'Memory', 'Network', 'HWType', 'Options', 'Cloudinit']
const allow = { path: '/vms/{vmid}', privileges: RIGHTS.map((right) => `VM.Config.${right}`), any: true }

const schema: Schema = {
  ...QEMU_OPTIONS,
  delete: str({ format: 'pve-configid-list' }),
  digest: str({ maxLength: 40 }),
  force: bool({ requires: 'delete' }),
  revert: str({ format: 'pve-configid-list' }),
  skiplock: bool(),
}

export const qemuConfigRoutes: Route[] = [
  { method: 'PUT', path: '/nodes/{node}/qemu/{vmid}/config', allow, schema, run: putConfig },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/config',
    allow,
    schema: {
      ...schema,
      background_delay: int({ min: 1, max: 30 }),
      'import-working-storage': str({ format: 'pve-storage-id' }),
    },
    run: postConfig,
  },
]

type Change = { set: Config; remove: string[]; revert: string[]; force: boolean; log: string }

const NOT_OPTIONS = ['node', 'vmid', 'digest', 'delete', 'revert', 'force', 'skiplock', 'background_delay']

async function putConfig(call: Call): Promise<null> {
  const change = examine(call)
  await lockGuest(call.world, { node: call.node, kind: 'qemu', vmid: call.vmid }, {}, async () =>
    apply(call.world, loadChecked(call), change),
  )
  return null
}

async function postConfig(call: Call): Promise<string | null> {
  const { world, node, vmid, caller, params } = call
  const change = examine(call)
  const upid = startTask(world, { node, type: 'qmconfig', id: String(vmid), user: caller.userid }, (task) =>
    lockGuest(world, { node, kind: 'qemu', vmid }, { task }, async () => {
      await task.sleep(world.speed.configMs)
      const guest = loadChecked(call)
      task.log(change.log)
      apply(world, guest, change)
    }),
  )
  // The caller may wait a little for the task; then there is no UPID, and a failure is the answer's.
  const deadline = Date.now() + Number(params.background_delay ?? 0) * 1000
  while (world.running.has(upid) && Date.now() < deadline) await sleep(5)
  if (params.background_delay === undefined || world.running.has(upid)) return upid
  const record = world.state.tasks.find((one) => one.upid === upid)
  return record?.exitstatus === 'OK' ? null : die(record?.exitstatus ?? 'unexpected status')
}

function examine(call: Call): Change {
  const { world, params, caller, vmid } = call
  const { userid } = caller
  if (params.skiplock === '1' && userid !== 'root@pam')
    paramError({ skiplock: 'Only root may use this option.' })
  const set: Config = Object.fromEntries(Object.entries(params).filter(([key]) => !NOT_OPTIONS.includes(key)))
  const log = logLine(call)
  if (params.sshkeys !== undefined) checkSshKeys(params.sshkeys)
  if (Object.keys(set).length === 0 && !params.delete && !params.revert) die('no options specified')
  if (set.cdrom !== undefined) set.ide2 = cdromAlias(set.cdrom)
  delete set.cdrom
  const revert = optionList(params.revert, 'revert', set)
  const remove = optionList(params.delete, 'delete', set)
  for (const [key, value] of Object.entries(set)) {
    if (/^net\d+$/.test(key)) set[key] = normalNet(value)
    if (key === 'tags') set[key] = normalTags(value)
    if (key === 'vmgenid' && value === '1') set[key] = randomUUID()
    if (isDriveKey(key)) checkDriveStorage(world, userid, value)
  }
  checkQemuOptions({ world, userid, vmid }, [...remove, ...Object.keys(set)])
  checkBridges(world, userid, set)
  const guest = loadChecked(call)
  const balloon = Number(set.balloon ?? guest.config.balloon ?? 0)
  if (balloon > Number.parseInt(set.memory ?? guest.config.memory ?? '512', 10)) {
    die('balloon value too large (must be smaller than assigned memory)')
  }
  return { set, remove, revert, force: params.force === '1', log }
}

function logLine({ params, vmid }: Call): string {
  const shown = Object.keys(params)
    .filter((key) => !['node', 'vmid', 'digest', 'background_delay'].includes(key))
    .toSorted()
    .map((key) => `-${key} ${key === 'cipassword' ? '<hidden>' : params[key]}`)
  return `update VM ${vmid}: ${shown.join(' ')}`
}

function checkSshKeys(encoded: string): void {
  const lines = decodeURIComponent(encoded.replace(/%(?![0-9a-fA-F]{2})/g, '%25')).split('\n')
  const good = lines.every(
    (line) => line.trim() === '' || /(^|\s)(ssh-|ecdsa-|sk-)\S+\s+[A-Za-z0-9+/=]+/.test(line),
  )
  if (!good) die('SSH public key validation error')
}

function optionList(list: string | undefined, name: 'delete' | 'revert', set: Config): string[] {
  const keys = splitList(list ?? '').map((key) => (key === 'cdrom' ? 'ide2' : key))
  for (const key of keys) {
    if (set[key] !== undefined) {
      paramError({ delete: `you can't use '-${key}' and -${name} ${key}' at the same time` })
    }
    if (!findProp(QEMU_OPTIONS, key)) paramError({ [name]: `unknown option '${key}'` })
  }
  return keys
}

function loadChecked({ world, node, vmid, params }: Call): Guest {
  const guest = loadGuest(world, node, 'qemu', vmid)
  if (params.digest !== undefined && params.digest !== digestOf(guest)) {
    die('checksum mismatch (file change by other user?)')
  }
  if (params.skiplock !== '1') assertUnlocked(guest)
  return guest
}

/** Taken over while the machine runs; everything else waits for its next start. */
const IMMEDIATE = new Set(
  words(`lock name onboot shares startup description protection vmstatestorage hookscript tags template
  reboot migrate_downtime migrate_speed`),
)

const isImmediate = (key: string) =>
  IMMEDIATE.has(key) ||
  CLOUD_INIT_OPTIONS.has(key) ||
  /^(ipconfig|net|unused|usb)\d+$/.test(key) ||
  isDriveKey(key)

function apply(world: World, guest: Guest, change: Change): void {
  assertWritable(world, guest)
  for (const key of change.revert) {
    delete guest.pending[key]
    delete guest.pendingDelete[key]
  }
  for (const key of change.remove) removeOption(world, guest, key, change.force)
  for (const [key, value] of Object.entries(change.set)) setOption(world, guest, key, value)
  world.changed()
}

function removeOption(world: World, guest: Guest, key: string, force: boolean): void {
  const value = guest.config[key] ?? guest.pending[key]
  // Deleting what is not there is only warned about, in the journal.
  if (value === undefined) return
  delete guest.pending[key]
  if (/^unused\d+$/.test(key)) {
    assertUnprotected(guest, `can't remove unused disk '${value}'`)
    freeOwned(world, guest, value)
  } else if (isDriveKey(key)) {
    assertUnprotected(guest, `can't remove drive '${key}'`)
    detach(world, guest, value, force)
    dropFromBootOrder(guest, key)
  }
  if (isRunning(guest) && !isImmediate(key)) guest.pendingDelete[key] = force
  else delete guest.config[key]
}

function freeOwned(world: World, guest: Guest, volid: string): void {
  const volume = findVolume(world, guest.node, volid)
  if (volume?.vmid === guest.vmid) free(world, volume)
}

/** A detached disk stays as `unusedN`; generated drives go with their option. */
function detach(world: World, guest: Guest, text: string, force: boolean): void {
  const drive = parseDrive(text)
  const volid = drive.file ?? ''
  if (isCloudInit(drive) || force) freeOwned(world, guest, volid)
  else if (!isCdrom(drive)) addUnused(guest.config, volid)
}

function dropFromBootOrder(guest: Guest, key: string): void {
  const order = /^order=(.*)$/.exec(guest.config.boot ?? '')?.[1]?.split(';')
  if (!order?.includes(key)) return
  guest.config.boot = `order=${order.filter((one) => one !== key).join(';')}`
}

function setOption(world: World, guest: Guest, key: string, value: string): void {
  delete guest.pendingDelete[key]
  if (isDriveKey(key)) return setDrive(world, guest, key, value)
  if (!isRunning(guest) || isImmediate(key)) {
    guest.config[key] = value
    return
  }
  if (guest.config[key] === value) delete guest.pending[key]
  else guest.pending[key] = value
}

function setDrive(world: World, guest: Guest, key: string, value: string): void {
  const before = guest.config[key]
  const file = parseDrive(value).file
  try {
    const after = realizeDrive(world, guest, key, value, null)
    if (before !== undefined && parseDrive(before).file !== file) detach(world, guest, before, false)
    guest.config[key] = after
  } catch (error) {
    die(messageOf(error))
  }
  for (const [name, volid] of Object.entries(guest.config)) {
    if (name.startsWith('unused') && volid === file) delete guest.config[name]
  }
  if (driveKeys(guest.config).length === 1) guest.config.boot ??= `order=${key}`
}
