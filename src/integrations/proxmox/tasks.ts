import { ok, unknown } from '../../lib/outcome.ts'
import type { Outcome } from '../../lib/outcome.ts'
import { map } from './answers.ts'
import type { Caller } from './caller.ts'
import {
  backupFailure,
  isBackupFailure,
  isMigrationFailure,
  migrationFailure,
  taskState,
} from './classify.ts'
import { pathOf } from './encode.ts'
import { asRow, asRows, asText } from './read.ts'
import type { Call, TaskState } from './types.ts'
import { parseUpid } from './upid.ts'

/** More tasks than this in one look-up is not a look-up any more. */
const TASK_PAGE = 500
const TASK_PAGES = 20
/** Of the log of a backup or a migration; its cause stands near its end. */
const CAUSE_LINES = 200

type FoundTask = { upid: string; type: string; vmid: string; running: boolean }

const taskPath = (upid: string, part: string) =>
  pathOf('nodes', parseUpid(upid)?.node ?? '', 'tasks', upid, part)

/** The part of the client that is about tasks: what became of them, and which there are. */
export function tasks(caller: Caller) {
  const taskLog = async (upid: string, lines: number, call?: Call): Promise<Outcome<string[]>> => {
    const read = (start: number) =>
      caller.call('GET', taskPath(upid, 'log'), { query: { start, limit: lines }, ...call })
    const first = await read(0)
    const total = first.outcome === 'ok' ? (first.value.total ?? 0) : 0
    const last = total > lines ? await read(total - lines) : first
    return map(last, (data) => asRows(data).map((row) => asText(row.t ?? '')))
  }
  return {
    taskLog,
    async task(upid: string, call?: Call): Promise<Outcome<TaskState>> {
      const answer = await caller.call('GET', taskPath(upid, 'status'), call)
      // Proxmox forgets old tasks, and does not know the newest at once: its fate is unknown, not a failure.
      if (answer.outcome === 'rejected' && answer.errors?.upid === 'no such task') {
        return ok({ state: 'unknown', message: answer.errors.upid })
      }
      const ended = map(answer, (data) => {
        const row = asRow(data)
        const exit = row.exitstatus === undefined ? undefined : asText(row.exitstatus)
        return { status: asText(row.status), exit }
      })
      if (ended.outcome !== 'ok') return ended
      const { status, exit } = ended.value
      if (!isBackupFailure(exit) && !isMigrationFailure(exit)) return ok(taskState(status, exit))
      const log = await taskLog(upid, CAUSE_LINES, call)
      if (log.outcome !== 'ok') return log
      const cause = isMigrationFailure(exit)
        ? migrationFailure(exit ?? '', log.value)
        : backupFailure(log.value)
      return ok(taskState(status, cause))
    },
    async tasksSince(node: string, since: Date, call?: Call): Promise<Outcome<FoundTask[]>> {
      const found = new Map<string, FoundTask>()
      for (let page = 0; page < TASK_PAGES; page += 1) {
        const query = {
          // Without `all` the running ones are left out.
          source: 'all',
          since: Math.floor(since.getTime() / 1000),
          start: page * TASK_PAGE,
          limit: TASK_PAGE,
        }
        const answer = map(
          await caller.call('GET', pathOf('nodes', node, 'tasks'), { query, ...call }),
          asRows,
        )
        if (answer.outcome !== 'ok') return answer
        for (const row of answer.value) {
          const upid = asText(row.upid ?? '')
          const parts = parseUpid(upid)
          if (parts?.user !== caller.user) continue
          const running = row.status === 'RUNNING' || row.endtime === undefined
          found.set(upid, { upid, type: parts.type, vmid: parts.id, running })
        }
        if (answer.value.length < TASK_PAGE) return ok([...found.values()])
      }
      // Half a list would make a task look as if it had never been started.
      return unknown(`more than ${TASK_PAGE * TASK_PAGES} tasks since ${since.toISOString()}`)
    },
  }
}
