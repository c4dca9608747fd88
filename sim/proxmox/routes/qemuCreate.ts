import { randomUUID } from 'node:crypto'
import { checkQemuOptions } from '../configRights.ts'
import { checkSpace, findVolume, free } from '../disks.ts'
import {
  defaultBootOrder,
  prefixed,
  driveKeys,
  newDisk,
  parseDrive,
  realizeDrive,
  storageOf,
} from '../drives.ts'
import { die, messageOf } from '../errors.ts'
import {
  addToPool,
  assertPool,
  assertQuorum,
  assertVmidUnused,
  checkBridges,
  forgetGuest,
} from '../guests.ts'
import { lockGuest, newGuest, normalNet, normalTags, writeConfig } from '../guests.ts'
import type { Config, Guest } from '../model.ts'
import { QEMU_OPTIONS } from '../qemuSchema.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, req, str } from '../schema.ts'
import { isKilled, startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { now } from '../world.ts'
import type { World } from '../world.ts'
import { assertMayAllocate } from './allocate.ts'
import { startGuest } from './qemuPower.ts'
import { restore } from './restore.ts'

const QEMU_VERSION = '10.1.2'

/** Parameters that belong to the call, not to the machine. */
const CALL_ONLY = [
  'node',
  'vmid',
  'pool',
  'storage',
  'start',
  'unique',
  'force',
  'archive',
  'bwlimit',
  'ha-managed',
]

export const qemuCreateRoutes: Route[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/qemu',
    allow: 'all',
    schema: {
      ...QEMU_OPTIONS,
      archive: str({ maxLength: 255 }),
      bwlimit: int({ min: 0 }),
      force: bool({ requires: 'archive' }),
      'ha-managed': bool(),
      'import-working-storage': str({ format: 'pve-storage-id' }),
      'live-restore': bool(),
      pool: str({ format: 'pve-poolid' }),
      start: bool(),
      storage: str({ format: 'pve-storage-id' }),
      unique: bool({ requires: 'archive' }),
      vmid: req(int({ format: 'pve-vmid', min: 100, max: 999_999_999 })),
    },
    run: create,
  },
]

function create(call: Call): string {
  const { world, params, node, vmid, caller } = call
  const options = Object.fromEntries(Object.entries(params).filter(([key]) => !CALL_ONLY.includes(key)))
  if (params.archive !== undefined) return restore(call, 'qemu', options, params.archive)
  assertQuorum(world)
  assertPool(world, params.pool)
  assertMayAllocate(call)
  if (options.cdrom !== undefined) options.ide2 = cdromAlias(options.cdrom)
  delete options.cdrom
  checkQemuOptions({ world, userid: caller.userid, vmid, pool: params.pool }, Object.keys(options))
  checkBridges(world, caller.userid, options)
  for (const key of driveKeys(options)) checkDriveStorage(world, caller.userid, options[key] ?? '')
  try {
    assertVmidUnused(world, vmid)
  } catch (error) {
    die(messageOf(prefixed(error, `unable to create VM ${vmid} -`)))
  }
  const guest = newGuest('qemu', vmid, node, { lock: 'create' })
  world.state.guests[vmid] = guest
  world.changed()
  const spec = { node, type: 'qmcreate', id: String(vmid), user: caller.userid }
  return startTask(world, spec, async (task) => {
    await lockGuest(world, guest, { task, seconds: 1 }, () => build(call, guest, options, task))
    if (params.start !== '1') return
    task.log('Execute autostart')
    startGuest(world, guest, caller.userid)
  })
}

export const cdromAlias = (value: string): string =>
  value.includes('media=') ? value : `${value},media=cdrom`

export function checkDriveStorage(world: World, userid: string, text: string): void {
  const file = parseDrive(text).file ?? ''
  const storage = newDisk(file)?.storage ?? (file.endsWith(':cloudinit') ? storageOf(file) : null)
  if (storage !== null) checkSpace(world, userid, storage)
}

async function build(call: Call, guest: Guest, options: Config, task: Task): Promise<void> {
  const { world, params, vmid } = call
  const made: string[] = []
  try {
    await task.sleep(world.speed.createMs)
    const config: Config = { ...options, meta: `creation-qemu=${QEMU_VERSION},ctime=${now()}` }
    for (const key of driveKeys(options)) {
      config[key] = realizeDrive(world, guest, key, options[key] ?? '', task)
      made.push(parseDrive(config[key]).file ?? '')
    }
    for (const [key, value] of Object.entries(config))
      if (/^net\d+$/.test(key)) config[key] = normalNet(value)
    config.boot ??= defaultBootOrder(config)
    config.smbios1 ??= `uuid=${randomUUID()}`
    if (config.vmgenid === undefined || config.vmgenid === '1') config.vmgenid = randomUUID()
    if (config.tags !== undefined) config.tags = normalTags(config.tags)
    writeConfig(world, guest, () => (guest.config = config))
    addToPool(world, params.pool, vmid)
  } catch (error) {
    if (isKilled(error)) throw error
    for (const volid of made) {
      const volume = findVolume(world, guest.node, volid)
      if (volume?.vmid === vmid) free(world, volume)
    }
    forgetGuest(world, vmid)
    const text = messageOf(error)
    throw text === 'received interrupt' ? error : prefixed(error, `unable to create VM ${vmid} -`)
  }
}
