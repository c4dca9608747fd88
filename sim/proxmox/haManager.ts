import { isRunning, lockGuest } from './guests.ts'
import { isManaged, kick, sidOf } from './ha.ts'
import { migrateGuest } from './migration.ts'
import type { Guest } from './model.ts'
import { startContainer } from './routes/lxcPower.ts'
import { setStopped, startGuest } from './routes/qemuPower.ts'
import { startTask } from './tasks.ts'
import type { Task } from './tasks.ts'
import { findNode } from './world.ts'
import type { World } from './world.ts'

/** Brings one resource a step nearer to what is asked of it. What is away or locked is looked at again later. */
export function look(world: World, sid: string): void {
  const guest = Object.values(world.state.guests).find((one) => sidOf(one) === sid)
  const resource = world.state.ha[sid]
  if (!guest || !resource || !isManaged(world, guest)) return
  if (!findNode(world, guest.node)?.online || guest.config.lock !== undefined) return kick(world, sid)
  const { moveTo } = resource
  if (moveTo !== undefined && moveTo !== guest.node) {
    delete resource.moveTo
    return moveIt(world, guest, moveTo)
  }
  const wanted = resource.state === 'started'
  resource.seen = resource.state
  world.changed()
  if (isRunning(guest) === wanted) return
  if (!wanted) stop(world, guest)
  else if (guest.kind === 'qemu') startGuest(world, guest, 'root@pam')
  else startContainer(world, guest, 'root@pam')
}

function fork(world: World, guest: Guest, type: string, work: (task: Task) => Promise<void>): void {
  const { node, kind, vmid } = guest
  const prefix = kind === 'qemu' ? 'qm' : 'vz'
  startTask(world, { node, type: `${prefix}${type}`, id: String(vmid), user: 'root@pam' }, (task) =>
    lockGuest(world, { node, kind, vmid }, { task }, () => work(task)),
  )
}

/** The manager shuts down, and stops what does not. */
const stop = (world: World, guest: Guest): void =>
  fork(world, guest, 'shutdown', async (task) => {
    await task.sleep(world.speed.shutdownMs)
    if (isRunning(guest)) setStopped(world, guest)
  })

const moveIt = (world: World, guest: Guest, target: string): void =>
  fork(world, guest, guest.kind === 'qemu' ? 'igrate' : 'migrate', async (task) => {
    const { node, kind, vmid } = guest
    const running = isRunning(guest)
    await migrateGuest(world, task, {
      node,
      kind,
      vmid,
      target,
      storage: undefined,
      online: kind === 'qemu' && running,
      restart: kind === 'lxc' && running,
      withLocalDisks: true,
      timeoutS: 180,
    })
  })
