import type { CloudPodConsoleTicket } from '../../../shared/api/cloudPodConsole.ts'
import { CONSOLE_PROTOCOL, TICKET_PREFIX } from '../../../shared/states/cloudPodConsole.ts'
import { post } from './http.ts'

/** Counts once and for a few seconds only: asked for just before each connection. */
export const askForConsole = (podId: string) =>
  post<CloudPodConsoleTicket>(`/api/admin/hosting/cloudpods/${podId}/console`, undefined, crypto.randomUUID())

/** The connection itself. Its ticket is named as a subprotocol, which is written into no log and no history. */
export function connectConsole({ path, ticket }: CloudPodConsoleTicket): WebSocket {
  const address = new URL(path, location.href)
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(address, [CONSOLE_PROTOCOL, TICKET_PREFIX + ticket])
  socket.binaryType = 'arraybuffer'
  return socket
}
