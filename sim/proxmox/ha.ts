import { die } from './errors.ts'
import { labelOf } from './guests.ts'
import type { Guest, HaResource } from './model.ts'
import { startTask } from './tasks.ts'
import type { World } from './world.ts'

/**
 * High availability: whoever starts, stops or moves a guest of it only says what is wanted. The task of that request ends
 * at once; the manager acts a while later, in tasks of its own.
 */

export const sidOf = (guest: Pick<Guest, 'kind' | 'vmid'>): string =>
  `${guest.kind === 'qemu' ? 'vm' : 'ct'}:${guest.vmid}`

const resourceOf = (world: World, guest: Guest): HaResource | undefined => world.state.ha[sidOf(guest)]

/** What is ignored is handled as if it were not there. */
export const isManaged = (world: World, guest: Guest): boolean =>
  (resourceOf(world, guest)?.state ?? 'ignored') !== 'ignored'

export function assertNotManaged(world: World, guest: Guest, purge: boolean): void {
  if (!purge && resourceOf(world, guest))
    die(
      `unable to remove ${labelOf(guest.kind)} ${guest.vmid} - used in HA resources and purge parameter not set.`,
    )
}

/** The manager looks at a resource when it comes to it. */
export function kick(world: World, sid: string): void {
  const order = setTimeout(() => {
    world.haOrders.delete(order)
    if (!world.closed) world.haLook(sid)
  }, world.speed.haMs)
  world.haOrders.add(order)
}

function ask(
  world: World,
  guest: Guest,
  user: string,
  asked: { type: string; line: string; want: (resource: HaResource) => void },
): string {
  const spec = { node: guest.node, type: asked.type, id: String(guest.vmid), user }
  return startTask(world, spec, async (task) => {
    task.log(asked.line)
    const resource = resourceOf(world, guest) ?? die(`no such resource '${sidOf(guest)}'`)
    asked.want(resource)
    world.changed()
    kick(world, sidOf(guest))
  })
}

/** `hastart` and `hastop`. */
export const askHa = (world: World, guest: Guest, deed: 'start' | 'stop', user: string): string =>
  ask(world, guest, user, {
    type: `ha${deed}`,
    line: `Requesting HA ${deed} for ${labelOf(guest.kind)} ${guest.vmid}`,
    want: (resource) => {
      resource.state = deed === 'start' ? 'started' : 'stopped'
    },
  })

export const askForMigration = (world: World, guest: Guest, target: string, user: string): string =>
  ask(world, guest, user, {
    type: 'hamigrate',
    line: `Requesting HA migration for ${labelOf(guest.kind)} ${guest.vmid} to node ${target}`,
    want: (resource) => {
      resource.moveTo = target
    },
  })
