import { paramError } from '../errors.ts'
import { splitList } from '../formats.ts'
import type { TaskRecord } from '../model.ts'
import { can, check } from '../permissions.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, str } from '../schema.ts'

const UPID =
  /^UPID:([a-zA-Z0-9-]+):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s]+):([^:\s]*):([^:\s]+):$/

export const taskRoutes: Route[] = [
  { method: 'GET', path: '/cluster/tasks', allow: 'all', run: clusterTasks },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks',
    allow: 'all',
    schema: {
      errors: bool(),
      limit: int({ min: 0 }),
      since: int(),
      source: str({ enum: ['archive', 'active', 'all'] }),
      start: int({ min: 0 }),
      statusfilter: str({ format: 'pve-task-status-type-list' }),
      typefilter: str(),
      until: int(),
      userfilter: str(),
      vmid: int({ format: 'pve-vmid', min: 100, max: 999_999_999 }),
    },
    run: nodeTasks,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks/{upid}',
    allow: 'all',
    run: () => [{ name: 'log' }, { name: 'status' }],
  },
  { method: 'GET', path: '/nodes/{node}/tasks/{upid}/status', allow: 'all', run: taskStatus },
  {
    method: 'GET',
    path: '/nodes/{node}/tasks/{upid}/log',
    allow: 'all',
    schema: { download: bool(), limit: int({ min: 0 }), start: int({ min: 0 }) },
    run: taskLog,
  },
  { method: 'DELETE', path: '/nodes/{node}/tasks/{upid}', allow: 'all', run: stopTask },
]

/** `user@realm!token` is shown in two fields. */
function owner(record: TaskRecord) {
  const [user, tokenid] = record.user.split('!')
  return { user, ...(tokenid !== undefined && { tokenid }) }
}

function identity({ upid, node, type, id, starttime, ...rest }: TaskRecord) {
  return { upid, node, type, id, starttime, ...owner({ upid, node, type, id, starttime, ...rest }) }
}

function row(record: TaskRecord) {
  const common = { ...identity(record), pid: record.pid, pstart: record.pstart }
  if (record.exitstatus === null) return { ...common, status: 'RUNNING' }
  return { ...common, status: record.exitstatus, endtime: record.endtime }
}

const isMine = ({ caller }: Call, record: TaskRecord) => record.user === caller.userid

/** The newest 25 of each node. */
function clusterTasks(call: Call): unknown[] {
  const { world, caller } = call
  const visible = world.state.nodes.flatMap((node) => {
    const all = can(world, caller.userid, `/nodes/${node.name}`, 'Sys.Audit')
    const own = world.state.tasks.filter((record) => record.node === node.name)
    return own.slice(-25).filter((record) => all || isMine(call, record))
  })
  return visible
    .toSorted((one, other) => other.starttime - one.starttime)
    .map((record) => {
      const done = record.exitstatus !== null
      const ending = done ? { status: record.exitstatus, endtime: record.endtime } : {}
      return { ...identity(record), saved: done ? '1' : '0', ...ending }
    })
}

function nodeTasks(call: Call): unknown[] {
  const { world, node, params, caller } = call
  const source = params.source ?? 'archive'
  const all = can(world, caller.userid, `/nodes/${node}`, 'Sys.Audit')
  const found = world.state.tasks
    .filter((record) => record.node === node && (all || isMine(call, record)))
    .filter((record) => source === 'all' || (source === 'active') === (record.exitstatus === null))
    .filter((record) => matches(params, record))
    .toReversed()
  const start = Number(params.start ?? 0)
  const limit = Number(params.limit ?? 50)
  call.total = found.length
  return found.slice(start, limit === 0 ? undefined : start + limit).map(row)
}

function matches(params: Call['params'], record: TaskRecord): boolean {
  const { vmid, since, until, userfilter, typefilter, statusfilter, errors } = params
  const kind = kindOf(record)
  return (
    (vmid === undefined || record.id === vmid) &&
    (since === undefined || record.starttime >= Number(since)) &&
    (until === undefined || record.starttime <= Number(until)) &&
    (userfilter === undefined || record.user.toLowerCase().includes(userfilter.toLowerCase())) &&
    (typefilter === undefined || record.type === typefilter) &&
    (statusfilter === undefined || splitList(statusfilter.toLowerCase()).includes(kind)) &&
    (errors !== '1' || kind === 'error' || kind === 'unknown')
  )
}

function kindOf({ exitstatus }: TaskRecord): string {
  if (exitstatus === 'OK') return 'ok'
  if (exitstatus?.startsWith('WARNINGS: ')) return 'warning'
  return exitstatus === null || exitstatus === 'unexpected status' ? 'unknown' : 'error'
}

function parse({ params }: Call): string {
  const { upid = '' } = params
  if (!UPID.test(upid)) paramError({ upid: 'unable to parse worker upid' })
  return upid
}

function find(call: Call, privilege: string): TaskRecord | undefined {
  const upid = parse(call)
  const record = call.world.state.tasks.find((one) => one.upid === upid && one.node === call.node)
  const user = UPID.exec(upid)?.[7]
  if (user !== call.caller.userid) check(call.world, call.caller.userid, `/nodes/${call.node}`, [privilege])
  return record
}

function taskStatus(call: Call): unknown {
  const record = find(call, 'Sys.Audit')
  if (!record) return paramError({ upid: 'no such task' })
  const common = { ...identity(record), pid: record.pid, pstart: record.pstart }
  if (record.exitstatus === null) return { ...common, status: 'running' }
  return { ...common, status: 'stopped', exitstatus: record.exitstatus }
}

function taskLog(call: Call): unknown[] {
  const record = find(call, 'Sys.Audit')
  const lines = record?.log ?? ['unable to open file - No such file or directory']
  const start = Number(call.params.start ?? 0)
  const limit = Number(call.params.limit ?? 50)
  const shown = lines
    .map((text, index) => ({ n: index + 1, t: text }))
    .slice(start, limit === 0 ? undefined : start + limit)
  // The web interface does not like an empty list.
  call.total = Math.max(lines.length, 1)
  return lines.length === 0 ? [{ n: 1, t: 'no content' }] : shown
}

function stopTask(call: Call): null {
  find(call, 'Sys.Modify')
  call.world.running.get(call.params.upid ?? '')?.stop('interrupt')
  return null
}
