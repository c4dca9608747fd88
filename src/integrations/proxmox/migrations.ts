import type { Outcome } from '../../lib/outcome.ts'
import { guestPath, started } from './answers.ts'
import type { Caller } from './caller.ts'
import type { Call, GuestRef, MigrationRequest } from './types.ts'

/** The part of the client that moves guests to other nodes. Machines and containers have their own words for the same. */
export function migrations(caller: Caller) {
  return {
    async migrate(guest: GuestRef, request: MigrationRequest, call?: Call): Promise<Outcome<never>> {
      const { target, online, storage, shutdownSeconds } = request
      const form =
        guest.kind === 'vm'
          ? {
              target,
              online: online || undefined,
              'with-local-disks': storage === undefined ? undefined : true,
              targetstorage: storage,
            }
          : {
              target,
              restart: online || undefined,
              timeout: online ? shutdownSeconds : undefined,
              'target-storage': storage,
            }
      return started(await caller.call('POST', guestPath(guest, 'migrate'), { form, ...call }))
    },
  }
}
