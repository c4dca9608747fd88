import { die } from '../errors.ts'
import { digestOf, loadGuest, shownConfig, shownValue } from '../guests.ts'
import type { Guest } from '../model.ts'
import { can } from '../permissions.ts'
import type { Allow, Call, Route } from '../route.ts'
import { bool, str } from '../schema.ts'
import { currentStatus, listRow } from '../status.ts'
import { guestList } from '../world.ts'
import type { GuestKind } from '../model.ts'

/** Reading guests; the same for virtual machines and containers. */

const audit: Allow = { path: '/vms/{vmid}', privileges: ['VM.Audit'] }

export const guestReadRoutes: Route[] = (['qemu', 'lxc'] as const).flatMap((kind): Route[] => [
  {
    method: 'GET',
    path: `/nodes/{node}/${kind}`,
    allow: 'all',
    ...(kind === 'qemu' && { schema: { full: bool() } }),
    run: (call) => list(call, kind),
  },
  {
    method: 'GET',
    path: `/nodes/{node}/${kind}/{vmid}/config`,
    allow: audit,
    schema: { current: bool(), snapshot: str({ format: 'pve-configid', maxLength: 40 }) },
    run: (call) => readConfig(call, kind),
  },
  {
    method: 'GET',
    path: `/nodes/{node}/${kind}/{vmid}/pending`,
    allow: audit,
    run: (call) => pendingList(loadGuest(call.world, call.node, kind, call.vmid)),
  },
  {
    method: 'GET',
    path: `/nodes/{node}/${kind}/{vmid}/status/current`,
    allow: audit,
    run: (call) => currentStatus(call.world, loadGuest(call.world, call.node, kind, call.vmid)),
  },
])

function list({ world, caller, node }: Call, kind: GuestKind): unknown[] {
  return guestList(world)
    .filter((guest) => guest.kind === kind && guest.node === node)
    .filter((guest) => can(world, caller.userid, `/vms/${guest.vmid}`, 'VM.Audit'))
    .map((guest) => listRow(world, guest))
}

function readConfig({ world, node, vmid, params }: Call, kind: GuestKind) {
  const guest = loadGuest(world, node, kind, vmid)
  const digest = digestOf(guest)
  if (params.snapshot !== undefined) {
    const snapshot = guest.snapshots[params.snapshot]
    if (!snapshot) return die(`snapshot '${params.snapshot}' does not exist`)
    return { ...shownConfig(kind, snapshot.config), digest }
  }
  const config = { ...guest.config }
  // Unless asked for `current`, what waits for the next start is shown as if it held already.
  if (params.current !== '1') {
    for (const key of Object.keys(guest.pendingDelete)) delete config[key]
    Object.assign(config, guest.pending)
  }
  return { ...shownConfig(kind, config), digest }
}

function pendingList(guest: Guest): unknown[] {
  const keys = new Set([...Object.keys(guest.config), ...Object.keys(guest.pending)])
  const rows = [...keys].map((key) => {
    const [value, pending] = [guest.config[key], guest.pending[key]]
    return {
      key,
      ...(value !== undefined && { value: shownValue(guest.kind, key, value) }),
      ...(pending !== undefined && { pending: shownValue(guest.kind, key, pending) }),
      ...(key in guest.pendingDelete && { delete: guest.pendingDelete[key] ? 2 : 1 }),
    }
  })
  return [...rows, { key: 'digest', value: digestOf(guest) }]
}
