import { randomInt } from 'node:crypto'
import { messageOf } from './errors.ts'
import { takeTaskFault } from './faults.ts'
import type { TaskRecord } from './model.ts'
import { findNode, now, nowMs } from './world.ts'
import type { World } from './world.ts'

/** The part of a worker process that other code can reach: to stop it, to kill it. */
export type RunningTask = { record: TaskRecord; stop: (why: 'interrupt' | 'kill') => void }

export type Task = {
  upid: string
  log: (line: string) => void
  /** Adds to the last line. */
  extend: (text: string) => void
  /** Counted: the task will end `WARNINGS: n`. */
  warn: (line: string) => void
  /** Where a worker can be held, stopped or killed. */
  sleep: (ms: number) => Promise<void>
}

export type TaskSpec = { node: string; type: string; id: string; user: string }

/** The longest that a timer can wait. */
const LONG = 2 ** 31 - 1

const MAX_RECORDS = 1500

class Killed extends Error {}

const KILLED = 'unexpected status'

/** Forks a "worker" and gives back its UPID at once. */
export function startTask(world: World, spec: TaskSpec, work: (task: Task) => Promise<void>): string {
  const record = newRecord(world, spec)
  world.state.tasks.push(record)
  rotate(world)
  world.changed()
  let warnings = 0
  const planned: Planned = { failure: null }
  const signal = stopSignal()
  const task: Task = {
    upid: record.upid,
    log: (line) => void record.log.push(line),
    extend: (text) => {
      record.log.push(`${record.log.pop() ?? ''}${text}`)
    },
    warn: (line) => {
      warnings += 1
      record.log.push(`WARN: ${line}`)
    },
    sleep: async (ms) => {
      if (planned.failure) throw planned.failure
      await signal.wait(ms)
      await waitWhilePaused(world, record.type, signal)
    },
  }
  world.running.set(record.upid, { record, stop: signal.stop })
  void runWorker(world, record, { task, work, planned }).then((failure) => {
    world.running.delete(record.upid)
    if (!world.closed) finish(world, record, failure, warnings)
    return undefined
  })
  return record.upid
}

type Failure = { kind: 'error' | 'killed'; text: string } | null

/** A failure asked for by a test; it strikes where the worker first takes its time, so that it can clean up. */
type Planned = { failure: Error | null }

type Worker = { task: Task; work: (task: Task) => Promise<void>; planned: Planned }

async function runWorker(
  world: World,
  record: TaskRecord,
  { task, work, planned }: Worker,
): Promise<Failure> {
  let text: string | undefined
  try {
    await task.sleep(world.speed.forkMs)
    const fault = takeTaskFault(world.taskFaults, record.type, record.id)
    text = fault?.text
    if (text !== undefined) planned.failure = text === KILLED ? new Killed() : new Error(text)
    await work(task)
    if (fault?.warnings) task.warn('simulated warning')
    return text === undefined ? null : { kind: 'error', text }
  } catch (error) {
    if (error instanceof Killed) return { kind: 'killed', text: KILLED }
    return { kind: 'error', text: text ?? messageOf(error) }
  }
}

function finish(world: World, record: TaskRecord, failure: Failure, warnings: number): void {
  record.endtime = now()
  record.exitstatus = failure?.text ?? (warnings > 0 ? `WARNINGS: ${warnings}` : 'OK')
  if (failure?.kind === 'error') record.log.push(`TASK ERROR: ${failure.text}`)
  if (!failure) record.log.push(warnings > 0 ? `TASK WARNINGS: ${warnings}` : 'TASK OK')
  world.changed()
}

function stopSignal() {
  let stopped: Error | null = null
  let wake: (() => void) | null = null
  return {
    stop: (why: 'interrupt' | 'kill') => {
      // A killed worker cleans nothing up; an interrupted one runs its own error handling.
      stopped = why === 'kill' ? new Killed() : new Error('received interrupt')
      wake?.()
    },
    wait: async (ms: number, wakers?: (() => void)[]) => {
      if (!stopped) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
          wakers?.push(wake)
        })
        wake = null
      }
      if (stopped) throw stopped
    },
  }
}

async function waitWhilePaused(world: World, type: string, signal: ReturnType<typeof stopSignal>) {
  while (world.paused.has('*') || world.paused.has(type)) await signal.wait(LONG, world.held)
}

export const isKilled = (error: unknown): boolean => error instanceof Killed

const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0')

function newRecord(world: World, spec: TaskSpec): TaskRecord {
  const bootedAt = findNode(world, spec.node)?.bootedAt ?? now()
  world.state.lastPid = world.state.lastPid >= 0x3fffff ? 300 : world.state.lastPid + 1 + randomInt(4)
  const starttime = now()
  const pid = world.state.lastPid
  const pstart = Math.max(1, Math.floor(nowMs() / 10 - bootedAt * 100))
  const upid = `UPID:${spec.node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${spec.type}:${spec.id}:${spec.user}:`
  return { upid, ...spec, pid, pstart, starttime, endtime: null, exitstatus: null, log: [] }
}

/** The index of a real node rotates too: UPIDs do not live for ever. */
function rotate(world: World): void {
  const { tasks } = world.state
  if (tasks.length > MAX_RECORDS) world.state.tasks = tasks.slice(-MAX_RECORDS / 2)
}

/** After a restart nobody runs the old tasks any more; their guests keep the locks they had. */
export function abandonTasks(state: World['state'], onNode?: string): void {
  for (const record of state.tasks) {
    if (record.exitstatus !== null || (onNode !== undefined && record.node !== onNode)) continue
    record.endtime = now()
    record.exitstatus = KILLED
  }
}
