import type { Listening } from './console/ports.ts'
import type { Fault, TaskFault } from './faults.ts'
import type { LockTable } from './locks.ts'
import type { Guest, NodeState, State } from './model.ts'
import type { RunningTask } from './tasks.ts'

/** How long things take. Real figures are seconds to minutes; the defaults keep tests fast. */
export type Speed = {
  /** Between the answer with the UPID and the first act of the task. */
  forkMs: number
  cloneMs: number
  cloneMsPerGib: number
  slowCloneMs: number
  createMs: number
  startMs: number
  stopMs: number
  shutdownMs: number
  destroyMs: number
  resizeMs: number
  configMs: number
  snapshotMs: number
  /** How long a console that was opened waits for its client. */
  consoleWaitMs: number
  backupMs: number
  restoreMs: number
  migrateMs: number
  /** Until the high availability does what is asked of it: ten to twenty seconds of a real cluster. */
  haMs: number
  /** One "second" of Proxmox's own time-outs: 10 of them for a lock, 1 for a clone's lock, `timeout` of a shutdown. */
  secondMs: number
  /** The real server delays every 401 to 3 s. */
  unauthorizedMs: number
  /** The real server needs about 3 s to find that a node is gone. */
  unreachableMs: number
}

export const DEFAULT_SPEED: Speed = {
  forkMs: 20,
  cloneMs: 60,
  cloneMsPerGib: 0,
  slowCloneMs: 5000,
  createMs: 40,
  startMs: 30,
  stopMs: 20,
  shutdownMs: 40,
  destroyMs: 20,
  resizeMs: 10,
  configMs: 5,
  snapshotMs: 20,
  consoleWaitMs: 10_000,
  backupMs: 30,
  restoreMs: 40,
  migrateMs: 40,
  haMs: 30,
  secondMs: 10,
  unauthorizedMs: 0,
  unreachableMs: 0,
}

export type RequestRecord = {
  n: number
  at: string
  method: string
  path: string
  query: string
  params: Record<string, unknown>
  user: string | null
  status: number | null
  /** What happened to the answer: `sent`, or how a fault spoiled it. */
  outcome: 'sent' | 'dropped-before' | 'dropped-after' | 'truncated'
  ms: number
}

/** The guests as `pvestatd` last saw them; older than reality when `staleMs` is set. */
export type StatusView = { takenAt: number; guests: Map<number, Guest> }

export type World = {
  state: State
  /** The node that answers; requests for others are passed on, and fail with 595 when those are away. */
  entryNode: string
  fingerprint: string
  speed: Speed
  /** Bytes that each running guest receives in a second, on average. */
  activityBps: number
  staleMs: number
  statusView: StatusView | null
  running: Map<string, RunningTask>
  locks: LockTable
  /** What listens for the client of a console, by its port. */
  ports: Map<number, Listening>
  faults: Fault[]
  taskFaults: TaskFault[]
  /** Types of tasks held back; `*` for all. */
  paused: Set<string>
  /** Orders to the high availability that it has not looked at yet. */
  haOrders: Set<NodeJS.Timeout>
  /** The manager looks at a resource, and brings it nearer to what is asked of it. */
  haLook: (sid: string) => void
  /** Wakes held tasks, in the order in which they were started. */
  held: (() => void)[]
  requests: RequestRecord[]
  requestCount: number
  closed: boolean
  /** Counts the changes; whatever is derived from `state` is kept by it. */
  version: number
  /** To be called after each change of `state`. */
  changed: () => void
  /** Resolves when every change made so far is on disk. */
  saved: () => Promise<void>
}

let clock: () => number = Date.now
/** From now on the clusters of this process go by this clock, in milliseconds; they share one, as their guests' times do. */
export const goBy = (other: () => number): void => void (clock = other)
export const nowMs = (): number => clock()
export const now = (): number => Math.floor(nowMs() / 1000)

export function quorate(world: World): boolean {
  const online = world.state.nodes.filter((node) => node.online).length
  return !world.state.quorumLost && online * 2 > world.state.nodes.length
}

export function findNode(world: World, name: string): NodeState | undefined {
  return world.state.nodes.find((node) => node.name === name)
}

export const guestList = (world: World): Guest[] => Object.values(world.state.guests)
