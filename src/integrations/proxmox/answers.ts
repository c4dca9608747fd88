import { ok, pending, unknown } from '../../lib/outcome.ts'
import type { Ok, Pending, Rejected, Unknown } from '../../lib/outcome.ts'
import type { Envelope } from './classify.ts'
import { pathOf } from './encode.ts'
import type { GuestRef } from './types.ts'
import { parseUpid } from './upid.ts'

/** What the caller hands on: read, refused, or lost. */
type Answer = Ok<Envelope> | Rejected | Unknown

/** Reads a success by `read`; an answer of a shape we do not know proves nothing. */
export function map<T>(answer: Answer, read: (data: unknown) => T): Ok<T> | Rejected | Unknown {
  if (answer.outcome !== 'ok') return answer
  try {
    return ok(read(answer.value.data))
  } catch (error) {
    return unknown(
      `the answer has an unexpected shape: ${error instanceof Error ? error.message : 'unreadable'}`,
    )
  }
}

/** A success that must name the task it started. */
export function started(answer: Answer): Pending | Rejected | Unknown {
  if (answer.outcome !== 'ok') return answer
  const upid = answer.value.data
  return typeof upid === 'string' && parseUpid(upid) ? pending(upid) : unknown('the answer names no task')
}

export const guestPath = (guest: GuestRef, ...rest: string[]) =>
  pathOf('nodes', guest.node, guest.kind === 'vm' ? 'qemu' : 'lxc', guest.vmid, ...rest)
