/**
 * The result of a call to an outside system. `unknown` means it may or may not have happened:
 * only a look at the system may follow, never a repetition. See docs/ARCHITECTURE.md, "Unknown is a result".
 */
export type Outcome<T> = Ok<T> | Pending | Rejected | Unknown

export type Ok<T> = { outcome: 'ok'; value: T }

/** The call was accepted and goes on in the background under `ref` (a Proxmox UPID, for example). */
export type Pending = { outcome: 'pending'; ref: string }

/**
 * Proven not to have been carried out.
 * `code` is ours (see each integration's types), `message` is the outside system's own words.
 * `retryable`: the same call may succeed later without anyone changing anything (unreachable, locked, throttled).
 */
export type Rejected = {
  outcome: 'rejected'
  code: string
  message: string
  retryable: boolean
  errors?: Record<string, string>
}

/** The answer was lost: time-out, reset, truncated or unreadable body. */
export type Unknown = { outcome: 'unknown'; message: string }

export const ok = <T>(value: T): Ok<T> => ({ outcome: 'ok', value })
export const pending = (ref: string): Pending => ({ outcome: 'pending', ref })
export const unknown = (message: string): Unknown => ({ outcome: 'unknown', message })
export const rejected = (
  code: string,
  message: string,
  more: { retryable?: boolean; errors?: Record<string, string> } = {},
): Rejected => ({
  outcome: 'rejected',
  code,
  message,
  retryable: more.retryable ?? false,
  errors: more.errors,
})

/** Why a question has no answer, in the outside system's words. */
export const faultOf = (answer: Exclude<Outcome<unknown>, Ok<unknown>>): string =>
  answer.outcome === 'pending' ? 'The answer was not expected.' : answer.message.trim()
