import { guestChange, planEnds, type PlanGuest, type PlanGuests } from './planGuests.ts'
import { unconvertedDisks } from './guestConfig.ts'
import { readConfig } from './read.ts'
import type {
  CloneRequest,
  CreateContainerRequest,
  GuestConfig,
  GuestOptions,
  GuestRef,
  Proxmox,
} from './types.ts'

/** Options that a running machine takes over at once; others wait for its next start. */
const AT_ONCE =
  /^(?:lock|name|onboot|startup|description|protection|tags|template|agent|ci\w+|sshkeys|searchdomain|nameserver|(?:ipconfig|net|unused|scsi|virtio|sata|ide)\d+)$/

/** Lets the real client ask, and does in the plan's guests what the cluster would do. */
export function planChanges(real: Proxmox, guests: PlanGuests) {
  const { part } = guests
  const changing = guestChange(real, guests)
  const power =
    (status: 'running' | 'stopped') =>
    async (guest: PlanGuest): Promise<void> => {
      guest.parts.status = { ...(await part(guest, 'status')), status }
      guest.parts.pending = []
    }
  const reconfigure = async (guest: PlanGuest, options: GuestOptions, remove: string[] = []) => {
    const kind = guest.ref?.kind ?? 'vm'
    const { raw } = await part(guest, 'config')
    const changed = Object.entries(options).filter(([, value]) => value !== undefined)
    const isRunning = (await part(guest, 'status')).status === 'running'
    const waits = changed.filter(([key, value]) => raw[key] !== textOf(value) && !AT_ONCE.test(key))
    if (kind === 'vm' && isRunning)
      guest.parts.pending = [...new Set([...(await part(guest, 'pending')), ...waits.map(([key]) => key)])]
    guest.parts.config = configOf(kind, {
      ...Object.fromEntries(Object.entries(raw).filter(([key]) => !remove.includes(key))),
      ...Object.fromEntries(changed.map(([key, value]) => [key, textOf(value)])),
    })
  }
  return {
    async clone(request: CloneRequest, call) {
      const { node, templateVmid, newVmid, name, description, target } = request
      const source = guests.touch({ node, kind: 'vm', vmid: templateVmid })
      const template = await part(source, 'config')
      // A copy brings its firewall along.
      const firewall = await part(source, 'firewall')
      const answer = await real.clone(request, call)
      const { template: _, lock: _lock, ...raw } = template.raw
      guests.make(
        { node: target ?? node, kind: 'vm', vmid: newVmid },
        configOf('vm', { ...raw, name, description }),
        firewall,
      )
      return answer
    },
    async createContainer(request: CreateContainerRequest, call) {
      const answer = await real.createContainer(request, call)
      const { node, vmid, hostname, description, cores, memoryMb, net0, tags, storage, diskGb } = request
      const rootfs = `${storage}:vm-${vmid}-disk-0,size=${diskGb}G`
      const sizes = { cores: String(cores), memory: String(memoryMb), rootfs }
      guests.make(
        { node, kind: 'ct', vmid },
        configOf('ct', { hostname, description, net0, tags: tags.join(';'), ...sizes }),
      )
      return answer
    },
    async restore(request, call) {
      const answer = await real.restore(request, call)
      const { kind, node, vmid, overwrite, name, description, net0 } = request
      if (!overwrite)
        throw planEnds('What the guest is like after this stands in the backup: what follows depends on it.')
      await reconfigure(guests.touch({ kind, node, vmid }), {
        [kind === 'vm' ? 'name' : 'hostname']: name,
        description,
        net0,
      })
      return answer
    },
    makeTemplate: changing('makeTemplate', async (guest, disk) => {
      const { raw } = await part(guest, 'config')
      const based = unconvertedDisks(raw)
        .filter((key) => disk === null || key === disk)
        .map((key) => [key, raw[key]?.replace(/([:/])vm-(\d+-disk-)/, '$1base-$2')])
      await reconfigure(guest, { template: true, ...(Object.fromEntries(based) as GuestOptions) })
    }),
    configure: changing('configure', (guest, options, more) => reconfigure(guest, options, more?.remove)),
    resizeDisk: changing('resizeDisk', async (guest, disk, sizeGb) => {
      const volume = (await part(guest, 'config')).raw[disk] ?? ''
      await reconfigure(guest, { [disk]: `${volume.replace(/,size=[^,]*/, '')},size=${sizeGb}G` })
    }),
    start: changing('start', power('running')),
    stop: changing('stop', power('stopped')),
    shutdown: changing('shutdown', power('stopped')),
    reboot: changing('reboot', power('running')),
    destroy: changing('destroy', (guest) => void (guest.ref = null)),
    takeSnapshot: changing('takeSnapshot', async (guest, name, description) => {
      const { snapshots } = await part(guest, 'snapshots')
      const taken = { name, complete: true, description, takenAt: new Date() }
      guest.parts.snapshots = { snapshots: [...snapshots, taken], basedOn: name }
    }),
    removeSnapshot: changing('removeSnapshot', async (guest, name) => {
      const { snapshots, basedOn } = await part(guest, 'snapshots')
      guest.parts.snapshots = {
        snapshots: snapshots.filter((one) => one.name !== name),
        basedOn: basedOn === name ? null : basedOn,
      }
    }),
    rollback: changing('rollback', async (guest, name) => {
      guest.parts.snapshots = { ...(await part(guest, 'snapshots')), basedOn: name }
      await power('stopped')(guest)
    }),
    backup: changing('backup', (guest, { storage, notes }) => {
      const { kind, vmid } = guest.ref ?? { kind: 'vm', vmid: 0 }
      const volid = `${storage}:backup/vzdump-${kind === 'vm' ? 'qemu' : 'lxc'}-${vmid}-planned`
      // How large it will be nobody knows, but not empty.
      guests.addBackup({ volid, vmid, notes, sizeBytes: 1, takenAt: new Date(), protected: true })
    }),
    async removeBackup(node, volid, call) {
      const answer = await real.removeBackup(node, volid, call)
      guests.removeBackup(volid)
      return answer
    },
    migrate: changing('migrate', async (guest, { target }) => {
      // Read before it moves: afterwards it is not where it was.
      guest.parts.config = await part(guest, 'config')
      guest.parts.status = await part(guest, 'status')
      if (guest.ref !== null) guest.ref = { ...guest.ref, node: target }
    }),
    setHaState: changing('setHaState', async (guest, state) => {
      guest.parts.haState = state
      if (state === 'started' || state === 'enabled') await power('running')(guest)
      if (state === 'stopped' || state === 'disabled') await power('stopped')(guest)
    }),
  } satisfies Partial<Proxmox>
}

const textOf = (value: string | number | boolean | undefined): string =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value)

const configOf = (kind: GuestRef['kind'], row: Record<string, string>): GuestConfig =>
  readConfig(kind, { ...row, digest: 'planned' })
