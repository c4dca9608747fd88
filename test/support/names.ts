import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, type Answer } from 'dns-packet'

export type Names = {
  /** For `MPANEL_DNS_SERVERS` and for Pebble. */
  address: string
  txt: Map<string, string[]>
  caa: Map<string, { flags: number; tag: string; value: string }[]>
  close(): Promise<void>
}

/** A DNS server in which every name is at 127.0.0.1, with the TXT and CAA records that a test gives it. */
export async function startNames(): Promise<Names> {
  const socket = createSocket('udp4')
  const names: Names = {
    address: '',
    txt: new Map(),
    caa: new Map(),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
  const answersTo = (type: string, name: string): Answer[] => {
    if (type === 'A') return [{ type, name, ttl: 1, data: '127.0.0.1' }]
    if (type === 'TXT')
      return (names.txt.get(name.toLowerCase()) ?? []).map((data) => ({ type, name, ttl: 1, data }))
    if (type !== 'CAA') return []
    return (names.caa.get(name.toLowerCase()) ?? []).map((data) => ({ type, name, ttl: 1, data }) as Answer)
  }
  socket.on('message', (message, from) => {
    const { id, questions = [] } = decode(message)
    const answers = questions.flatMap(({ type, name }) => answersTo(type, name))
    socket.send(
      encode({ type: 'response', id: id ?? 0, flags: 0x0580, questions, answers }),
      from.port,
      from.address,
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  names.address = `127.0.0.1:${socket.address().port}`
  return names
}
