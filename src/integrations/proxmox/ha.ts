import { ok, type Outcome } from '../../lib/outcome.ts'
import { map } from './answers.ts'
import type { Caller } from './caller.ts'
import { pathOf } from './encode.ts'
import { asRows, asText } from './read.ts'
import type { Call, GuestRef, HaState } from './types.ts'

const sidOf = ({ kind, vmid }: GuestRef): string => `${kind}:${vmid}`

/** The part of the client that is about high availability. */
export function ha(caller: Caller) {
  return {
    async haState(guest: GuestRef, call?: Call): Promise<Outcome<HaState | null>> {
      // Asked for alone, one that is not there is an error like any other; the list says it plainly.
      return map(await caller.call('GET', '/cluster/ha/resources', call), (data) => {
        const row = asRows(data).find((one) => one.sid === sidOf(guest))
        return row ? asText(row.state ?? 'started') : null
      })
    },
    async setHaState(guest: GuestRef, state: HaState, call?: Call): Promise<Outcome<null>> {
      const path = pathOf('cluster', 'ha', 'resources', sidOf(guest))
      const answer = await caller.call('PUT', path, { form: { state }, ...call })
      return answer.outcome === 'ok' ? ok(null) : answer
    },
  }
}
