import type { Outcome } from '../../lib/outcome.ts'
import { guestPath, started } from './answers.ts'
import type { Caller } from './caller.ts'
import type { Call, GuestRef } from './types.ts'

/** The part of the client that makes machines templates. */
export function templates(caller: Caller) {
  return {
    async makeTemplate(guest: GuestRef, disk: string | null, call?: Call): Promise<Outcome<never>> {
      const form = disk === null ? {} : { disk }
      return started(await caller.call('POST', guestPath(guest, 'template'), { form, ...call }))
    },
  }
}
