/** The parts of a task id. `id` is the guest the task began with: for a clone that is the source. */
export type Upid = { node: string; type: string; id: string; user: string; startedAt: Date }

// UPID:node:pid:pstart:starttime:type:id:user:  (pid, pstart and starttime in hexadecimal)
const UPID =
  /^UPID:(?<node>[A-Za-z0-9][A-Za-z0-9-]*):[0-9A-F]{8}:[0-9A-F]{8,9}:(?<start>[0-9A-F]{8}):(?<type>[^:\s]+):(?<id>[^:\s]*):(?<user>[^:\s]+):$/i

/** Null for anything that is no task id. `user` is `user@realm` or `user@realm!token`. */
export function parseUpid(value: unknown): Upid | null {
  const parts = typeof value === 'string' ? UPID.exec(value)?.groups : undefined
  if (!parts) return null
  return {
    node: parts.node ?? '',
    type: parts.type ?? '',
    id: parts.id ?? '',
    user: parts.user ?? '',
    startedAt: new Date(Number.parseInt(parts.start ?? '0', 16) * 1000),
  }
}
