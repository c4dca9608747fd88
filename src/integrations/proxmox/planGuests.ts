import { faultOf, ok, rejected } from '../../lib/outcome.ts'
import type { Outcome } from '../../lib/outcome.ts'
import type {
  BackupVolume,
  Call,
  Firewall,
  GuestConfig,
  GuestRef,
  GuestSnapshots,
  GuestStatus,
  GuestSummary,
  HaState,
  PlanEnds,
  Proxmox,
} from './types.ts'

/** What can be read of a guest. */
type Parts = {
  config: GuestConfig
  status: GuestStatus
  pending: string[]
  snapshots: GuestSnapshots
  firewall: Firewall
  haState: HaState | null
}

/** A guest that a plan has changed. `origin`: where it really is, null for one that is to be made. */
export type PlanGuest = { ref: GuestRef | null; origin: GuestRef | null; parts: Partial<Parts> }

export type PlanGuests = ReturnType<typeof planGuests>

export const planEnds = (message: string): PlanEnds =>
  Object.assign(new Error(message), { planEnds: true as const })

type Write = (ref: GuestRef, ...more: never[]) => Promise<unknown>
type WriteName = { [K in keyof Proxmox]: Proxmox[K] extends Write ? K : never }[keyof Proxmox]
type More<K extends WriteName> = Parameters<Proxmox[K]> extends [GuestRef, ...infer Rest] ? Rest : never

/** A call of the real client about a guest, and what it changes of that one once it was asked for. */
export const guestChange =
  (real: Proxmox, guests: PlanGuests) =>
  <K extends WriteName>(
    name: K,
    effect: (guest: PlanGuest, ...more: More<K>) => Promise<void> | void,
  ): Proxmox[K] =>
    (async (ref: GuestRef, ...more: More<K>) => {
      const ask = real[name] as unknown as (ref: GuestRef, ...more: More<K>) => Promise<unknown>
      const answer = await ask(ref, ...more)
      await effect(guests.touch(ref), ...more)
      return answer
    }) as unknown as Proxmox[K]

const GONE = rejected('missing', 'it would not be there any more')

/** The guests that a plan has changed: a part that it has changed is kept, the others are read when they are asked for. */
export function planGuests(real: Proxmox) {
  const known = new Map<number, PlanGuest>()
  const added: BackupVolume[] = []
  const removed = new Set<string>()

  const load = async <K extends keyof Parts>(
    guest: PlanGuest,
    part: K,
    call?: Call,
  ): Promise<Outcome<Parts[K]>> => {
    const kept = guest.parts[part]
    if (kept !== undefined) return ok(kept)
    if (guest.origin === null) {
      const fresh = NEW[part]
      return fresh === undefined ? GONE : ok(fresh)
    }
    return real[part](guest.origin, call) as Promise<Outcome<Parts[K]>>
  }

  return {
    find: (vmid: number): PlanGuest | undefined => known.get(vmid),

    /** The guest as the plan changes it from now on. */
    touch(ref: GuestRef): PlanGuest {
      const guest = known.get(ref.vmid) ?? { ref, origin: ref, parts: {} }
      known.set(ref.vmid, guest)
      return guest
    },

    make(ref: GuestRef, config: GuestConfig, firewall?: Firewall): void {
      known.set(ref.vmid, { ref, origin: null, parts: { config, ...(firewall && { firewall }) } })
    },

    load,

    /** @throws PlanEnds when what would be changed cannot be read */
    part: async <K extends keyof Parts>(guest: PlanGuest, name: K): Promise<Parts[K]> => {
      const read = await load(guest, name)
      if (read.outcome === 'ok') return read.value
      throw planEnds(`The guest cannot be read: ${faultOf(read)}`)
    },

    reader:
      <K extends keyof Parts>(part: K) =>
      async (ref: GuestRef, call?: Call): Promise<Outcome<Parts[K]>> => {
        const guest = known.get(ref.vmid)
        if (guest === undefined) return real[part](ref, call) as Promise<Outcome<Parts[K]>>
        return guest.ref?.node === ref.node ? load(guest, part, call) : GONE
      },

    async applyTo(listed: GuestSummary[]): Promise<GuestSummary[]> {
      const others = listed.filter(({ vmid }) => !known.has(vmid))
      const changed = await Promise.all(
        [...known.values()].map(async (guest) => {
          const before = listed.find(({ vmid }) => vmid === guest.ref?.vmid) ?? EMPTY
          const [config, status] = [await load(guest, 'config'), await load(guest, 'status')]
          if (guest.ref === null || config.outcome !== 'ok' || status.outcome !== 'ok') return []
          return [{ ...before, ...guest.ref, ...summaryOf(config.value), status: status.value.status }]
        }),
      )
      return [...others, ...changed.flat()]
    },

    addBackup: (volume: BackupVolume): void => void added.push(volume),
    removeBackup: (volid: string): void => void removed.add(volid),
    backupsAfter: (storage: string, vmid: number | null, listed: BackupVolume[]): BackupVolume[] =>
      [
        ...listed,
        ...added.filter((one) => one.volid.startsWith(`${storage}:`) && (vmid === null || one.vmid === vmid)),
      ].filter(({ volid }) => !removed.has(volid)),
  }
}

/** A guest that has just been made. */
const NEW: Partial<Parts> = {
  status: { status: 'stopped', lock: null, managed: false },
  pending: [],
  snapshots: { snapshots: [], basedOn: null },
  firewall: { options: {}, optionsDigest: '', rules: [], rulesDigest: null, sources: null },
  haState: null,
}

const EMPTY = { uptimeSeconds: 0, netInBytes: 0, netOutBytes: 0 }

const summaryOf = ({ name, template, tags, lock, memoryMb, cores, diskGb }: GuestConfig) => ({
  name,
  template,
  tags,
  lock,
  maxMemoryMb: memoryMb,
  cores,
  maxDiskGb: diskGb ?? 0,
})
