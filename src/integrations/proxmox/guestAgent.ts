import type { Outcome } from '../../lib/outcome.ts'
import { guestPath, map } from './answers.ts'
import type { Caller } from './caller.ts'
import { asNumber, asRow } from './read.ts'
import type { Call, GuestRef, GuestRun } from './types.ts'

const asLine = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The part of the client that speaks with the agent inside a virtual machine. */
export function guestAgent(caller: Caller) {
  return {
    async writeGuestFile(
      guest: GuestRef,
      file: string,
      content: string,
      call?: Call,
    ): Promise<Outcome<null>> {
      const form = { file, content }
      return map(
        await caller.call('POST', guestPath(guest, 'agent', 'file-write'), { form, ...call }),
        () => null,
      )
    },
    async runInGuest(guest: GuestRef, script: string, call?: Call): Promise<Outcome<{ pid: number }>> {
      const form = { command: '/bin/sh', 'input-data': script }
      return map(await caller.call('POST', guestPath(guest, 'agent', 'exec'), { form, ...call }), (data) => ({
        pid: asNumber(asRow(data).pid),
      }))
    },
    async guestRun(guest: GuestRef, pid: number, call?: Call): Promise<Outcome<GuestRun>> {
      const query = { pid }
      return map(
        await caller.call('GET', guestPath(guest, 'agent', 'exec-status'), { query, ...call }),
        (data) => {
          const row = asRow(data)
          const exited = row.exited === 1 || row.exited === true
          return {
            exited,
            // What a signal has ended has no code of its own.
            code: exited ? asNumber(row.exitcode ?? 128) : 0,
            said: `${asLine(row['out-data'])}${asLine(row['err-data'])}`,
          }
        },
      )
    },
  }
}
