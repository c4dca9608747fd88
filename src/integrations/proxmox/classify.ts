import { STATUS_CODES } from 'node:http'
import { ok, rejected, unknown } from '../../lib/outcome.ts'
import type { Ok, Rejected, Unknown } from '../../lib/outcome.ts'
import type { Exchange } from './http.ts'
import type { ProxmoxCode, TaskState } from './types.ts'

/** A readable success: `data`, and `total` where a list was cut. */
export type Envelope = { data: unknown; total?: number }

/**
 * `interrupted`: Proxmox gave up in the middle, so nobody knows how much was done.
 * `unchanged`: what was asked for is so already.
 */
type Meaning = ProxmoxCode | 'interrupted' | 'unchanged'

/**
 * Proxmox answers most refusals with status 500 and a sentence; this is the only place that reads those sentences.
 * The genuine text stands beside each pattern. The first match counts: quorum before locks, for one message has both.
 */
const sentences: { means: Meaning; pattern: RegExp }[] = [
  // cluster not ready - no quorum?  ·  cfs-lock 'file-user_cfg' error: no quorum!
  { means: 'no_quorum', pattern: /\bno quorum[!?]/ },
  // unable to open file '/etc/pve/nodes/pve1/qemu-server/101.conf.tmp.4242' - Permission denied
  // (the cluster file system is read-only without quorum, and Proxmox runs as root: there is no other reason)
  { means: 'no_quorum', pattern: /^unable to open file '[^']+' - Permission denied/ },
  // 'storage-shared'-locked command timed out - aborting
  { means: 'interrupted', pattern: /-locked command timed out - aborting/ },
  // VM is locked (backup)  ·  CT is locked (snapshot-delete)
  { means: 'locked', pattern: /\b(?:VM|CT) is locked \([a-z-]+\)/ },
  // can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout
  { means: 'locked', pattern: /can't lock file '[^']+' - got timeout/ },
  // cfs-lock 'storage-shared' error: got lock request timeout
  { means: 'locked', pattern: /got lock request timeout/ },
  // Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist
  {
    means: 'missing',
    pattern: /^Configuration file 'nodes\/[^']+\/(?:qemu-server|lxc)\/\d+\.conf' does not exist/,
  },
  // unable to find configuration file for VM 9001 on node 'pve2'
  { means: 'missing', pattern: /^unable to find configuration file for (?:VM|CT) \d+ on node/ },
  // VM 243 already exists on node 'pve1'  ·  CT 400 already exists on node 'pve1'  ·  VM 9000 already exists
  { means: 'exists', pattern: /\b(?:VM|CT) \d+ already exists\b/ },
  // unable to create VM 102: config file already exists
  { means: 'exists', pattern: /^unable to create (?:VM|CT) \d+: config file already exists/ },
  // close (rename) atomic file '/etc/pve/nodes/pve3/qemu-server/201.conf' failed: File exists
  { means: 'exists', pattern: /^close \(rename\) atomic file '[^']+' failed: File exists/ },
  // snapshot name 's1' already used
  { means: 'exists', pattern: /^snapshot name '[^']+' already used/ },
  // snapshot 's1' does not exist
  { means: 'missing', pattern: /^snapshot '[^']+' does not exist/ },
  // volume 'local:backup/vzdump-lxc-400-2026_01_01-00_00_00.tar.zst' does not exist
  { means: 'missing', pattern: /^volume '[^':]+:backup\/[^']+' does not exist/ },
  // RRD error: opening '/var/lib/rrdcached/db/pve-vm-9.0/101': No such file or directory
  { means: 'missing', pattern: /^RRD error: .*\bNo such file\b/ },
  // checksum mismatch (file change by other user?)
  { means: 'conflict', pattern: /^checksum mismatch \(file change by other user\?\)/ },
  // detected modified configuration - file changed by other user? Try again.
  { means: 'conflict', pattern: /^detected modified configuration - file changed by other user\?/ },
  // VM 101 already running  ·  CT 400 not running
  { means: 'conflict', pattern: /^(?:VM|CT) \d+ (?:already|not) running/ },
  // VM 101 is running - destroy failed
  { means: 'conflict', pattern: /^(?:VM|CT) \d+ is running - destroy failed/ },
  // unable to destroy CT 400 - container is running
  { means: 'conflict', pattern: /^unable to destroy CT \d+ - container is running/ },
  // can't migrate running VM without --online  ·  can't migrate running container without --online or --restart
  { means: 'conflict', pattern: /^can't migrate running (?:VM|container) without --/ },
  // VM 101 is not running  ·  QEMU guest agent is not running  ·  No QEMU guest agent configured
  {
    means: 'conflict',
    pattern: /^VM \d+ is not running|^QEMU guest agent is not running|^No QEMU guest agent configured/,
  },
  // VM is paused - cannot shutdown
  { means: 'conflict', pattern: /^VM is paused - cannot shutdown/ },
  // disk is already at specified size   (containers; a VM's resize to the same size succeeds)
  { means: 'unchanged', pattern: /^disk is already at specified size/ },
]

const retryableCodes = new Set<ProxmoxCode>(['unreachable', 'locked', 'no_quorum', 'busy'])

const meaningOf = (message: string): Meaning | null =>
  sentences.find(({ pattern }) => pattern.test(message))?.means ?? null

const reject = (code: ProxmoxCode, message: string, errors?: Record<string, string>): Rejected =>
  rejected(code, message, { retryable: retryableCodes.has(code), errors })

/**
 * The code for the message of a failed task, so that jobs need not read sentences: `conflict` for "already running",
 * `locked` (retryable) for lock time-outs, `refused` for all others. A failed task may have done part of its work;
 * `retryable` says only that the cause passes by itself.
 */
export function taskFailure(message: string): { code: ProxmoxCode; retryable: boolean } {
  const means = meaningOf(message)
  const code = means === 'interrupted' ? 'locked' : means === 'unchanged' ? 'conflict' : (means ?? 'refused')
  return { code, retryable: retryableCodes.has(code) }
}

/** A backup job that did not work says only this; why, stands in its log. */
export const isBackupFailure = (exitStatus: string | undefined): boolean => exitStatus === 'job errors'

/** The cause of a failed backup from the lines of its log. */
export function backupFailure(lines: readonly string[]): string {
  // ERROR: Backup of VM 999 failed - unable to find VM '999'
  const failed = lines.findLast((line) => /^ERROR: Backup of VM \d+ failed - /.test(line))
  const cause = failed?.replace(/^ERROR: Backup of VM \d+ failed - /, '') ?? 'the log does not say why'
  // INFO: zstd: error 70 : Write error : cannot write block : No space left on device
  const full = lines.some((line) => line.includes('No space left on device'))
  return full && !cause.includes('No space left') ? `${cause} (No space left on device)` : cause
}

/** A migration that did not work, or not wholly, says only this; why, stands in its log. */
export const isMigrationFailure = (exitStatus: string | undefined): boolean =>
  exitStatus === 'migration aborted' || exitStatus === 'migration problems'

/** The causes of a failed migration from the lines of its log, each of which begins with a time. */
export function migrationFailure(exitStatus: string, lines: readonly string[]): string {
  const said = lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d /, ''))
  // can't migrate local disk 'local:101/vm-101-disk-0.qcow2': non-migratable snapshot exists
  const faults = said.filter((line) => /^can't migrate local (?:disk|volume) /.test(line))
  // ERROR: migration aborted (duration 00:00:01): Can't connect to destination address using public key
  const error = said.findLast((line) => line.startsWith('ERROR: '))
  const cause = error?.replace(/^ERROR: (?:migration aborted \(duration [\d:]+\): )?/, '')
  const causes = faults.length > 0 ? faults : cause === undefined ? [] : [cause]
  return [exitStatus, ...causes].join(': ')
}

/** Sorts an exchange into what is proven: done, not done, or neither. */
export function classify(exchange: Exchange): Ok<Envelope> | Rejected | Unknown {
  if (exchange.kind === 'notSent') return reject('unreachable', exchange.message)
  if (exchange.kind === 'lost') return unknown(exchange.message)
  const { status } = exchange
  if (status >= 200 && status < 300) return readSuccess(exchange)
  const { text, errors } = messageOf(exchange)
  const message = text ?? `HTTP status ${status}`
  if (status === 401) return reject('unauthorized', message)
  if (status === 403) return reject('forbidden', message)
  if (status === 429 || status === 503) return reject('busy', message)
  // 595: the node we asked could not connect to the guest's node. 596: it could, and then heard nothing.
  if (status === 595) return reject('unreachable', message)
  if (status === 596) return unknown(message)
  if (status === 400 && errors) return readInvalid(message, errors)
  if (status < 400) return unknown(`not an answer of Proxmox VE: HTTP status ${status}`)
  // A 5xx without a message of Proxmox comes from something in between, which cannot say how far the call got.
  if (status >= 500 && text === null) return unknown(message)
  return readRefusal(message)
}

function readSuccess(answer: Exchange & { kind: 'answer' }): Ok<Envelope> | Unknown {
  const { body, readable, status } = answer
  if (!readable || typeof body !== 'object' || body === null || !('data' in body)) {
    return unknown(`the answer (HTTP status ${status}) could not be read`)
  }
  const total = 'total' in body && typeof body.total === 'number' ? body.total : undefined
  return ok({ data: body.data, total })
}

/** `GET /cluster/nextid?vmid=9000` says "taken" as an invalid parameter. */
function readInvalid(message: string, errors: Record<string, string>): Rejected {
  const taken = errors.vmid !== undefined && meaningOf(errors.vmid) === 'exists'
  return reject(taken ? 'exists' : 'invalid', message, errors)
}

function readRefusal(message: string): Rejected | Unknown {
  const means = meaningOf(message)
  if (means === 'interrupted') return unknown(message)
  return reject(means === 'unchanged' ? 'conflict' : (means ?? 'refused'), message)
}

/** True for a refusal that says "it is so already". */
export const isUnchanged = (answer: { outcome: string; message?: string }): boolean =>
  answer.outcome === 'rejected' && meaningOf(answer.message ?? '') === 'unchanged'

/**
 * The message of a refusal: from the body, else from the status line, where Proxmox repeats its first line (several
 * of its errors have no body at all). Null when neither holds words of Proxmox.
 */
function messageOf(answer: Exchange & { kind: 'answer' }): {
  text: string | null
  errors?: Record<string, string>
} {
  const { body, reason, status } = answer
  const fields = typeof body === 'object' && body !== null ? body : {}
  const message = 'message' in fields && typeof fields.message === 'string' ? fields.message.trim() : ''
  const text = message || (reason === STATUS_CODES[status] ? '' : reason) || null
  const raw = 'errors' in fields && typeof fields.errors === 'object' ? fields.errors : null
  if (!raw) return { text }
  const errors = Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, String(value).trim()]))
  return { text, errors }
}

/**
 * The state of a task from `GET …/tasks/{upid}/status`. `WARNINGS: 1` is a success; `unexpected status` (killed, or
 * its node died) is neither success nor failure.
 */
export function taskState(status: string, exitStatus: string | undefined): TaskState {
  if (status === 'running') return { state: 'running' }
  if (exitStatus === 'OK') return { state: 'ok', warnings: false }
  if (exitStatus === undefined || exitStatus === '' || exitStatus === 'unexpected status') {
    return { state: 'unknown', message: exitStatus || 'the task ended without a status' }
  }
  if (/^WARNINGS: \d+$/.test(exitStatus)) return { state: 'ok', warnings: true }
  return { state: 'failed', message: exitStatus, ...taskFailure(exitStatus) }
}
