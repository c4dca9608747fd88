import { ok, rejected } from '../../lib/outcome.ts'
import type { Outcome } from '../../lib/outcome.ts'
import { createCaller } from './caller.ts'
import { proxmoxOf } from './client.ts'
import { isPlanned, planCaller } from './planCaller.ts'
import { planChanges } from './planChanges.ts'
import { planFirewall } from './planFirewall.ts'
import { planGuests, type PlanGuests } from './planGuests.ts'
import type { PlanProxmox } from './planTypes.ts'
import type { Call, GuestRef, GuestSummary, Proxmox } from './types.ts'

/** See PlanProxmox. The real client makes the calls, so what is foreseen is what it would send. */
export const createPlanProxmox: PlanProxmox = (connection, foreseen) => {
  const real = proxmoxOf(planCaller(createCaller(connection), foreseen))
  const guests = planGuests(real)
  return {
    ...real,
    ...reads(real, guests),
    ...planChanges(real, guests),
    ...planFirewall(real, guests),
    ...tasks(real),
  }
}

/** Reads of the cluster, as they would be after what was foreseen. */
function reads(real: Proxmox, guests: PlanGuests) {
  return {
    async guests(call?: Call): Promise<Outcome<GuestSummary[]>> {
      const listed = await real.guests(call)
      return listed.outcome === 'ok' ? ok(await guests.applyTo(listed.value)) : listed
    },
    async vmidFree(vmid: number, call?: Call): Promise<Outcome<boolean>> {
      const known = guests.find(vmid)
      return known === undefined ? real.vmidFree(vmid, call) : ok(known.ref === null)
    },
    async locate(vmid: number, call?: Call): Promise<Outcome<GuestRef | null>> {
      const known = guests.find(vmid)
      return known === undefined ? real.locate(vmid, call) : ok(known.ref)
    },
    config: guests.reader('config'),
    status: guests.reader('status'),
    pending: guests.reader('pending'),
    snapshots: guests.reader('snapshots'),
    firewall: guests.reader('firewall'),
    haState: guests.reader('haState'),
    async firewallRules(guest: GuestRef, call?: Call) {
      const read = await guests.reader('firewall')(guest, call)
      if (read.outcome !== 'ok') return read
      return ok({ rules: read.value.rules, rulesDigest: read.value.rulesDigest })
    },
    async backups(...[node, storage, vmid, call]: Parameters<Proxmox['backups']>) {
      const listed = await real.backups(node, storage, vmid, call)
      return listed.outcome === 'ok' ? ok(guests.backupsAfter(storage, vmid, listed.value)) : listed
    },
  } satisfies Partial<Proxmox>
}

/** Whatever was foreseen has gone well, at once. */
function tasks(real: Proxmox) {
  return {
    task: (upid: string, call?: Call) =>
      isPlanned(upid)
        ? Promise.resolve(ok({ state: 'ok', warnings: false } as const))
        : real.task(upid, call),
    taskLog: (upid: string, lines: number, call?: Call) =>
      isPlanned(upid) ? Promise.resolve(ok([])) : real.taskLog(upid, lines, call),
    async runInGuest(guest: GuestRef, script: string, call?: Call) {
      await real.runInGuest(guest, script, call)
      return ok({ pid: 0 })
    },
    guestRun: () => Promise.resolve(ok({ exited: true, code: 0, said: '' })),
    openConsole: () => Promise.resolve(rejected('refused', 'a plan opens no console')),
  } satisfies Partial<Proxmox>
}
