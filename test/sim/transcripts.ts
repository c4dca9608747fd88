import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { words } from '../../sim/proxmox/words.ts'
import type { Envelope, Received } from './simClient.ts'

/** One recorded exchange with a genuine server. */
export type Exchange = {
  index: number
  method: string
  path: string
  body?: unknown
  status?: number
  reason?: string
  ctype?: string | null
  data?: unknown
  err?: string
}

export function readTranscript(folder: string, part: string): Exchange[] {
  return readFileSync(join(folder, `${part}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => ({ ...(JSON.parse(line) as Exchange), index }))
}

/** Lines that exist only because of where the recording was made (a container without real devices). */
const ENVIRONMENT_LINES = [
  /^failed to connect to monitor socket/,
  /sch_htb: quantum/,
  /^Can't exec "fuser"/,
  / checking\/canceling old backup job failed /,
  / conntrack state migration not supported or disabled/,
  // How often `dd` speaks depends on how long it takes.
  / \d+\+\d+ records (?:in|out)$/,
  / \d+ bytes \([^)]+\) copied, /,
]

/** Values that no two runs share; only their type is compared. */
const VOLATILE = new Set(
  words(`digest pid pstart starttime endtime uptime cpu mem memhost netin netout used avail ctime snaptime time
    localtime ssl_fingerprint ticket CSRFPreventionToken vmgenid meta repoid`),
)

/** Compared even in rows whose figures belong to the machine. */
const IDENTITY = words(
  'id type node name storage status online shared local nodeid level ip content plugintype',
)

/** Whole answers whose figures belong to the machine: structure and types are compared, values are not. */
const MACHINE = [
  /^\/nodes\/[^/]+\/status$/,
  /^\/nodes\/[^/]+\/storage\/[^/]+\/status$/,
  /^\/nodes$/,
  /^\/storage$/,
]

export function normalize(value: unknown, key: string, machine: boolean): unknown {
  if (key === 'timezone') return '<timezone>'
  if (value === null) return null
  if (Array.isArray(value))
    return machine && value.every(isScalar)
      ? 'array'
      : key === 'allowed_nodes'
        ? value.map(String).toSorted()
        : sortRows(value.map((item) => normalize(item, key, machine)))
  if (typeof value === 'object') return normalizeObject(value as Record<string, unknown>, machine)
  if (machine || VOLATILE.has(key)) return `<${typeof value}>`
  if (typeof value !== 'string') return value
  // Perl's hashes have no order.
  return key === 'content' ? value.split(',').toSorted().join(',') : normalizeText(value)
}

const isScalar = (value: unknown) => typeof value !== 'object'

function normalizeObject(row: Record<string, unknown>, machine: boolean): unknown {
  // Hardware of the recorded host, in lists of mixed rows.
  const hardware = machine || row.type === 'node' || row.type === 'storage'
  // Rows of `pending`: what the value is called stands beside it.
  const named = (typeof row.key === 'string' && VOLATILE.has(row.key)) || row['full-tokenid'] !== undefined
  return Object.fromEntries(
    Object.keys(row)
      .toSorted()
      .map((key) => {
        const loose = (hardware && !IDENTITY.includes(key)) || (named && key === 'value')
        return [key, loose && isScalar(row[key]) ? `<${typeof row[key]}>` : normalize(row[key], key, machine)]
      }),
  )
}

export function normalizeText(text: string): string {
  return text
    .replace(/UPID:([^:]+):[0-9A-F]+:[0-9A-F]+:[0-9A-F]+:([^:]*:[^:]*:[^:]+:)/g, 'UPID:$1:$2')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/BC:24:11(:[0-9A-F]{2}){3}/g, '<mac>')
    .replace(/(vzdump-(?:qemu|lxc)-\d+)-\d{4}(?:_\d\d){2}-\d\d(?:_\d\d){2}/g, '$1-<time>')
    .replace(/creation-qemu=[\d.]+,ctime=\d+/, '<meta>')
}

function sortRows(rows: unknown[]): unknown[] {
  if (!rows.every((row) => typeof row === 'object' && row !== null)) return rows
  return rows.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
}

/** Log lines in order, with figures that depend on the machine's speed blanked. */
function logLines(data: unknown): string[] {
  const lines = (data as { t: string }[]).map((line) => line.t)
  return (
    lines
      .filter((line) => !ENVIRONMENT_LINES.some((pattern) => pattern.test(line)))
      .map((line) =>
        /bytes|MiB\/s|speedup|total size|MiB VM-state/i.test(line) ? line.replace(/\d[\d.,]*/g, '#') : line,
      )
      .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\((?:duration )?00:00:\d\d\)/g, '<time>'))
      // Perl's hashes have no order.
      .map((line) =>
        /starting new backup job/.test(line)
          ? line
              .split(/ (?=--)/)
              .toSorted()
              .join(' ')
          : line,
      )
      .map(normalizeText)
  )
}

/** Everything in which the two answers differ, as readable lines. */
export function differences(recorded: Exchange, ours: Received): string[] {
  const found: string[] = []
  const differ = (what: string, one: unknown, other: unknown) => {
    const [left, right] = [JSON.stringify(one), JSON.stringify(other)]
    if (left !== right) found.push(`${what}: recorded ${left}, ours ${right}`)
  }
  differ('status', recorded.status, ours.status)
  differ('reason', recorded.reason, ours.reason)
  differ('content type', recorded.ctype, ours.ctype)
  if (recorded.ctype === null) {
    differ('body', recorded.data, ours.text)
    return found
  }
  const envelope = recorded.data as Envelope
  const body = ours.body ?? {}
  differ('envelope', sortedKeys(envelope), sortedKeys(body))
  differ('message', envelope.message, body.message)
  differ('errors', publicErrors(envelope.errors), publicErrors(body.errors))
  compareData(recorded, envelope, body, differ)
  return found
}

const sortedKeys = (one: Envelope) => Object.keys(one).toSorted()

/** The recording blanked whatever stood under `password`. */
const publicErrors = (errors: Record<string, string> | undefined) =>
  errors &&
  Object.fromEntries(
    Object.keys(errors)
      .toSorted()
      .map((key) => [key, key === 'password' ? '<blanked>' : errors[key]]),
  )

type Differ = (what: string, one: unknown, other: unknown) => void

function compareData(recorded: Exchange, envelope: Envelope, body: Envelope, differ: Differ): void {
  const path = recorded.path.split('?')[0] ?? ''
  if (path.endsWith('/log') && path.includes('/tasks/')) {
    differ('log', logLines(envelope.data), logLines(body.data))
    return
  }
  if (path.endsWith('/tasks')) {
    // Tasks of calls that are not simulated are missing; the others must look alike.
    const [theirs, own] = [taskRows(envelope.data), taskRows(body.data)]
    for (const [kind, row] of own) if (theirs.has(kind)) differ(`task row ${kind}`, theirs.get(kind), row)
    return
  }
  const machine = MACHINE.some((pattern) => pattern.test(path))
  differ('data', normalize(envelope.data, '', machine), normalize(body.data, '', machine))
  differ('total', envelope.total, body.total)
}

/** One row for each type and outcome. */
function taskRows(data: unknown): Map<string, unknown> {
  const rows = data as { type: string; status?: string; id: string }[]
  return new Map(
    rows.map((row) => [`${row.type} ${row.id} ${row.status}`, normalize(row, '', false)] as const),
  )
}
