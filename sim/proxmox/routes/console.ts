import { openPort, verifyVncTicket } from '../console/ports.ts'
import { loadGuest } from '../guests.ts'
import type { GuestKind } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, req, str } from '../schema.ts'

/**
 * Consoles. Both proxies run on the node that is asked, which goes to the guest's node by itself only when somebody
 * has come: that the guest is off, or its node away, shows by a console that ends at once.
 */

const allow = { path: '/vms/{vmid}', privileges: ['VM.Console'] }

export const consoleRoutes: Route[] = (['qemu', 'lxc'] as const).flatMap((kind): Route[] => {
  const base = `/nodes/{node}/${kind}/{vmid}`
  const size = { height: int({ min: 16, max: 2160 }), width: int({ min: 16, max: 4096 }) }
  return [
    {
      method: 'POST',
      path: `${base}/vncproxy`,
      allow,
      onEntryNode: true,
      schema: { websocket: bool(), ...(kind === 'qemu' ? { 'generate-password': bool() } : size) },
      run: (call) => open(call, kind, false),
    },
    {
      method: 'POST',
      path: `${base}/termproxy`,
      allow,
      onEntryNode: true,
      schema: kind === 'qemu' ? { serial: str({ enum: ['serial0', 'serial1', 'serial2', 'serial3'] }) } : {},
      run: (call) => open(call, kind, true),
    },
    {
      method: 'GET',
      path: `${base}/vncwebsocket`,
      allow,
      onEntryNode: true,
      schema: { port: req(int({ min: 5900, max: 5999 })), vncticket: req(str({ maxLength: 512 })) },
      run: (call) => {
        const { world, vmid, caller, params, node } = call
        const port = Number(params.port)
        verifyVncTicket(world, params.vncticket ?? '', { user: caller.userid, vmid, port })
        loadGuest(world, node, kind, vmid)
        return { port: String(port) }
      },
    },
  ]
})

function open({ world, node, vmid, caller }: Call, kind: GuestKind, terminal: boolean): unknown {
  loadGuest(world, node, kind, vmid)
  const { password, ...port } = openPort(world, { node, kind, vmid, user: caller.userid, terminal })
  const door = { ...port, user: caller.userid }
  return terminal ? door : { ...door, password, cert: '' }
}
