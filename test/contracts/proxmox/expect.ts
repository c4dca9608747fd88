import { isDeepStrictEqual } from 'node:util'
import { taskFailure } from '../../../src/integrations/proxmox/classify.ts'
import type { Outcome, TaskState } from '../../../src/integrations/proxmox/types.ts'

/** What a check throws when the cluster behaves otherwise than the contract says. */
export class Differs extends Error {
  readonly what: string
  readonly expected: string
  readonly got: string

  constructor(what: string, expected: unknown, got: unknown) {
    super(`${what}: expected ${show(expected)}, got ${show(got)}`)
    this.name = 'Differs'
    this.what = what
    this.expected = show(expected)
    this.got = show(got)
  }
}

const show = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))

export function expectEqual(what: string, got: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(got, expected)) throw new Differs(what, expected, got)
}

export function expectThat(what: string, holds: boolean, expected: string, got: unknown): void {
  if (!holds) throw new Differs(what, expected, got)
}

export function expectOk<T>(what: string, outcome: Outcome<T>): T {
  if (outcome.outcome !== 'ok') throw new Differs(what, 'ok', outcome)
  return outcome.value
}

/** A refusal with one of the codes; more than one where it depends on the rights of the token. */
export function expectRejected(
  what: string,
  outcome: Outcome<unknown>,
  codes: string[],
): Outcome<unknown> & { outcome: 'rejected' } {
  if (outcome.outcome !== 'rejected' || !codes.includes(outcome.code)) {
    throw new Differs(what, `rejected ${codes.join(' or ')}`, outcome)
  }
  return outcome
}

export function expectPending(what: string, outcome: Outcome<unknown>): string {
  if (outcome.outcome !== 'pending') throw new Differs(what, 'pending with a task', outcome)
  return outcome.ref
}

/** Code and words of a refusal, whether it came at once or at the end of the task. */
export function failureOf(
  what: string,
  end: Outcome<unknown> | TaskState,
): { code: string; message: string } {
  if ('outcome' in end && end.outcome === 'rejected') return { code: end.code, message: end.message }
  if ('state' in end && end.state === 'failed') {
    return { code: taskFailure(end.message).code, message: end.message }
  }
  throw new Differs(what, 'a refusal', end)
}

export const failureCode = (what: string, end: Outcome<unknown> | TaskState): string =>
  failureOf(what, end).code

/** For causes that have no code of their own: the refusal must at least be about them. */
export function expectFailureNaming(what: string, end: Outcome<unknown> | TaskState, name: string): void {
  const { message } = failureOf(what, end)
  expectThat(what, message.includes(name), `a refusal that names ${name}`, message)
}
