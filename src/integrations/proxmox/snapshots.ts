import type { Outcome } from '../../lib/outcome.ts'
import { guestPath, map, started } from './answers.ts'
import type { Caller } from './caller.ts'
import { asRows, readSnapshots } from './read.ts'
import type { Call, GuestRef, GuestSnapshots } from './types.ts'

/** The part of the client that is about snapshots; virtual machines and containers are asked alike. */
export function snapshots(caller: Caller) {
  return {
    async snapshots(guest: GuestRef, call?: Call): Promise<Outcome<GuestSnapshots>> {
      return map(await caller.call('GET', guestPath(guest, 'snapshot'), call), (data) =>
        readSnapshots(asRows(data)),
      )
    },
    async takeSnapshot(
      guest: GuestRef,
      name: string,
      description: string,
      call?: Call,
    ): Promise<Outcome<never>> {
      const form = { snapname: name, description }
      return started(await caller.call('POST', guestPath(guest, 'snapshot'), { form, ...call }))
    },
    async removeSnapshot(guest: GuestRef, name: string, call?: Call): Promise<Outcome<never>> {
      return started(await caller.call('DELETE', guestPath(guest, 'snapshot', name), call))
    },
    async rollback(guest: GuestRef, name: string, call?: Call): Promise<Outcome<never>> {
      const path = guestPath(guest, 'snapshot', name, 'rollback')
      return started(await caller.call('POST', path, { form: {}, ...call }))
    },
  }
}
