import { setTimeout as sleep } from 'node:timers/promises'

/**
 * The `flock`s under /var/lock/qemu-server and /run/lock/lxc: per node, lost at a restart, waited for only so
 * long. A clone takes its source shared and its new id exclusively.
 */
export type LockTable = Map<string, { exclusive: boolean; holders: number }>

export type LockRequest = { name: string; waitMs: number; shared?: boolean; onWait?: () => void }

const POLL_MS = 2

export async function withLock<T>(
  table: LockTable,
  request: LockRequest,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + request.waitMs
  let waited = false
  while (!take(table, request)) {
    if (!waited) request.onWait?.()
    waited = true
    if (Date.now() >= deadline) throw new Error(`can't lock file '${request.name}' - got timeout`)
    await sleep(POLL_MS)
  }
  try {
    return await work()
  } finally {
    release(table, request.name)
  }
}

function take(table: LockTable, { name, shared = false }: LockRequest): boolean {
  const held = table.get(name)
  if (!held) {
    table.set(name, { exclusive: !shared, holders: 1 })
    return true
  }
  if (held.exclusive || !shared) return false
  held.holders += 1
  return true
}

function release(table: LockTable, name: string): void {
  const held = table.get(name)
  if (!held) return
  held.holders -= 1
  if (held.holders === 0) table.delete(name)
}
