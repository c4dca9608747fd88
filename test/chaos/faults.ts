import type { Random } from './random.ts'
import type { World } from './world.ts'

/** What goes wrong, and how often of all. */
const KINDS = {
  slow: 14,
  droppedBefore: 14,
  droppedAfter: 16,
  truncated: 8,
  refused500: 10,
  notSent595: 10,
  lost596: 14,
  taskFails: 6,
  taskDies: 4,
  killWorker: 3,
  killServer: 1,
  killPostgres: 0.6,
}
type Kind = keyof typeof KINDS

/** Writes change something; they are where a lost answer hurts. */
const METHODS = ['POST', 'PUT', 'DELETE', 'POST', 'GET'] as const
const TASKS = [
  'qmclone',
  'qmstart',
  'qmstop',
  'qmdestroy',
  'qmconfig',
  'resize',
  'vzcreate',
  'vzstart',
  'vzdestroy',
  'qmsnapshot',
  'vzsnapshot',
  'qmrollback',
  'qmdelsnapshot',
]

/** Lets one thing go wrong. @returns which */
export async function strike(world: World, random: Random): Promise<Kind> {
  const kind = random.weighted<Kind>(KINDS)
  const method = random.of(METHODS)
  const { addFault, failTask } = world.sim.control
  switch (kind) {
    case 'slow':
      addFault({ method, delayMs: random.between(200, 2_000) })
      break
    case 'droppedBefore':
      addFault({ method, dropBefore: true })
      break
    case 'droppedAfter':
      addFault({ method, dropAfter: true })
      break
    case 'truncated':
      addFault({ method, truncate: true })
      break
    case 'refused500':
      addFault({ method, status: 500 })
      break
    case 'notSent595':
      addFault({ method, status: 595 })
      break
    case 'lost596':
      addFault({ method, status: 596, execute: random.below(2) === 0 })
      break
    case 'taskFails':
      failTask({ type: random.of(TASKS), text: 'command failed: exit code 1' })
      break
    case 'taskDies':
      failTask({ type: random.of(TASKS), text: 'unexpected status' })
      break
    case 'killWorker':
      await world.killWorker(random.below(10))
      break
    case 'killServer':
      await world.killServer()
      break
    case 'killPostgres':
      await world.killPostgres()
      break
  }
  return kind
}
