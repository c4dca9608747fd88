import { checkSpace, findVolume, free, linkedClonesOf, makeBase, volumesOfGuest } from '../disks.ts'
import { die } from '../errors.ts'
import {
  assertUnlocked,
  assertUnprotected,
  assertWritable,
  digestOf,
  forgetGuest,
  isRunning,
} from '../guests.ts'
import { loadGuest, lockGuest, writeConfig } from '../guests.ts'
import { assertNotManaged } from '../ha.ts'
import type { Guest, Volume } from '../model.ts'
import { isMountKey, parseMount, printMount } from '../rootfs.ts'
import type { Call, Route } from '../route.ts'
import { bool, req, str } from '../schema.ts'
import { startTask } from '../tasks.ts'
import type { Task } from '../tasks.ts'
import { formatSize } from '../units.ts'
import { growVolume, newSize } from './qemuDisk.ts'

const VOLUMES = ['rootfs', ...Array.from({ length: 256 }, (_, index) => `mp${index}`)]

export const lxcDiskRoutes: Route[] = [
  {
    method: 'PUT',
    path: '/nodes/{node}/lxc/{vmid}/resize',
    allow: { path: '/vms/{vmid}', privileges: ['VM.Config.Disk'], any: true },
    schema: {
      digest: str({ maxLength: 40 }),
      disk: req(str({ enum: VOLUMES })),
      size: req(str({ pattern: /\+?\d+(\.\d+)?[KMGT]?/ })),
    },
    run: (call) => {
      // Checked twice, before forking and under the lock.
      examineResize(call)
      return fork(call, 'resize', (task) => resize(call, task))
    },
  },
  {
    method: 'POST',
    path: '/nodes/{node}/lxc/{vmid}/template',
    allow: { path: '/vms/{vmid}', privileges: ['VM.Allocate'] },
    run: makeTemplate,
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/lxc/{vmid}',
    allow: { path: '/vms/{vmid}', privileges: ['VM.Allocate'] },
    schema: { 'destroy-unreferenced-disks': bool(), force: bool(), purge: bool() },
    run: (call) => {
      examineDestroy(call)
      return fork(call, 'vzdestroy', (task) => destroy(call, task))
    },
  },
]

const load = ({ world, node, vmid }: Call) => loadGuest(world, node, 'lxc', vmid)

function fork(
  { world, node, vmid, caller }: Call,
  type: string,
  work: (task: Task) => Promise<void>,
): string {
  return startTask(world, { node, type, id: String(vmid), user: caller.userid }, (task) =>
    lockGuest(world, { node, kind: 'lxc', vmid }, { task }, () => work(task)),
  )
}

function examineResize(call: Call): { guest: Guest; volume: Volume; size: number; disk: string } {
  const { world, params, caller } = call
  const guest = load(call)
  assertUnlocked(guest)
  if (params.digest !== undefined && params.digest !== digestOf(guest)) {
    die('detected modified configuration - file changed by other user? Try again.')
  }
  const { disk = '' } = params
  const volid = parseMount(guest.config[disk] ?? '').volume ?? ''
  const volume = findVolume(world, guest.node, volid)
  if (!volume) return die(`Could not determine current size of volume '${volid}'`)
  checkSpace(world, caller.userid, volume.storage)
  const size = newSize(volume.size, params.size ?? '')
  if (size < volume.size) die('unable to shrink disk size')
  if (size === volume.size) die('disk is already at specified size')
  return { guest, volume, size, disk }
}

async function resize(call: Call, task: Task): Promise<void> {
  const { guest, volume, size, disk } = examineResize(call)
  // A plain folder has no size that could be changed.
  if (volume.format === 'subvol' && volume.volid.includes('/')) die("can't resize this image format")
  await growVolume(call.world, guest.node, volume, size, task)
  writeConfig(call.world, guest, (config) => {
    config[disk] = printMount({ ...parseMount(config[disk] ?? ''), size: formatSize(size) })
  })
}

function makeTemplate(call: Call): string {
  const examine = () => {
    const guest = load(call)
    assertUnlocked(guest)
    if (guest.config.template === '1') die("you can't convert a CT to template if it is already a template")
    if (isRunning(guest)) die("you can't convert a CT to template if the CT is running")
    return guest
  }
  examine()
  return fork(call, 'vztemplate', async (task) => {
    await task.sleep(call.world.speed.configMs)
    writeConfig(call.world, examine(), (config) => {
      config.template = '1'
      for (const key of Object.keys(config).filter(isMountKey)) {
        const mount = parseMount(config[key] ?? '')
        const volume = findVolume(call.world, call.node, mount.volume ?? '')
        if (volume) config[key] = printMount({ ...mount, volume: makeBase(call.world, volume).volid })
      }
    })
  })
}

function examineDestroy(call: Call): Guest {
  const { vmid, params } = call
  const guest = load(call)
  assertUnprotected(guest, `can't remove CT ${vmid}`)
  assertUnlocked(guest)
  assertNotManaged(call.world, guest, params.purge === '1')
  if (isRunning(guest) && params.force !== '1') die(`unable to destroy CT ${vmid} - container is running`)
  return guest
}

async function destroy(call: Call, task: Task): Promise<void> {
  const { world, vmid, params } = call
  const guest = examineDestroy(call)
  if (isRunning(guest)) {
    task.log(`forced to stop CT ${vmid} before destroying!`)
    await task.sleep(world.speed.stopMs)
  }
  const volumes = volumesOfGuest(world, guest.node, vmid)
  const used = volumes.find((volume) => linkedClonesOf(world, volume).length > 0)
  if (used) die(`base volume '${used.volid}' is still in use by linked cloned`)
  await task.sleep(world.speed.destroyMs)
  assertWritable(world, guest)
  for (const volume of volumes) free(world, volume)
  if (params.purge === '1') task.log(`purging CT ${vmid} from related configurations..`)
  forgetGuest(world, vmid)
}
