import { connectionFault, connectOutgoing, OutgoingFault, type AllowedNetworks } from '../../lib/outgoing.ts'
import { formatMessage, frame } from './format.ts'
import type { SyslogMessage, SyslogTarget } from './types.ts'

const TIMEOUT_MS = 10_000

/**
 * Sends messages over TLS and ends the connection. Syslog has no acknowledgement: they count as delivered when the
 * receiver has taken all bytes and closed its side without an error.
 * @throws OutgoingFault
 */
export async function sendSyslog(
  allowed: AllowedNetworks,
  target: SyslogTarget,
  messages: readonly SyslogMessage[],
): Promise<void> {
  const { host, port, ca } = target
  const socket = await connectOutgoing(allowed, { host, port, ...(ca === undefined ? {} : { ca }) })
  await new Promise<void>((resolve, reject) => {
    const fail = (fault: OutgoingFault) => {
      socket.destroy()
      reject(fault)
    }
    socket.setTimeout(TIMEOUT_MS, () =>
      fail(new OutgoingFault('unknown', `the receiver did not take the messages within ${TIMEOUT_MS} ms`)),
    )
    socket.once('error', (error) => fail(connectionFault(error)))
    socket.once('close', () => resolve())
    // What a receiver says is of no interest, but unread it would keep the connection open.
    socket.resume()
    socket.end(Buffer.concat(messages.map((message) => frame(formatMessage(message)))))
  })
}
