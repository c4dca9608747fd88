import { findStorage, pathOf, usage } from './disks.ts'
import type { StorageState, Volume } from './model.ts'
import { hasSentinel } from './sentinels.ts'
import type { Task } from './tasks.ts'
import { humanSize } from './units.ts'
import type { World } from './world.ts'

type Copy = { from: Volume; to: Volume; duration: number; avail: number; name: string }

/** `qemu-img convert` with its progress lines, and its end when the storage is full. */
async function full(world: World, task: Task, { from, to, duration, avail, name }: Copy): Promise<void> {
  const size = to.size
  const fits = avail >= size && !hasSentinel(name, 'disk-full')
  const broken = hasSentinel(name, 'fail-clone')
  const steps = duration < 200 ? 1 : 20
  for (let step = 0; step <= steps; step += 1) {
    const share = step / steps
    if (broken && share > 0) await fail(world, task, { from, to }, `reading at byte 0: Input/output error`)
    if (!fits && share > 0) {
      const at = Math.floor(Math.min(avail, size * share))
      await fail(world, task, { from, to }, `writing at byte ${at}: No space left on device`)
    }
    task.log(`transferred ${humanSize(size * share)} of ${humanSize(size)} (${(share * 100).toFixed(2)}%)`)
    if (step < steps) await task.sleep(duration / steps)
  }
}

async function fail(world: World, task: Task, { from, to }: Pick<Copy, 'from' | 'to'>, what: string) {
  task.log(`qemu-img: error while ${what}`)
  const source = pathOf(findStorage(world, from.storage), from.volid)
  const target = pathOf(findStorage(world, to.storage), to.volid)
  const command = `/usr/bin/qemu-img convert -p -n -f ${from.format} -O ${to.format} ${source} ${target}`
  throw new Error(`copy failed: command '${command}' failed: exit code 1`)
}

function logLinked(task: Task, from: Volume, to: Volume): void {
  const base = from.volid.split(':')[1] ?? ''
  const file = to.volid.split('/').at(-1)
  task.log(`clone ${base}: images, ${file}, ${to.vmid} to ${file} (base=../${base})`)
}

const space = (world: World, storage: StorageState, node: string) => usage(world, storage, node).avail

export const copyDisk = { full, logLinked, space }
