import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export type DnsServer = {
  /** For `MPANEL_DNS_SERVERS`. */
  address: string
  /** The TXT records there are, by name. */
  txt: Map<string, string[]>
  /** It no longer answers. */
  silent: boolean
  close(): Promise<void>
}

/** A DNS server on a free port that knows TXT records only; of every other name it says that it does not exist. */
export async function startDns(): Promise<DnsServer> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const server: DnsServer = {
    address: `127.0.0.1:${socket.address().port}`,
    txt: new Map(),
    silent: false,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  }
  socket.on('message', (query, from) => {
    if (!server.silent) socket.send(answerTo(query, server.txt), from.port, from.address)
  })
  return server
}

/** RFC 1035, section 4: header, the question as it was asked, and an answer for each record. */
function answerTo(query: Buffer, known: Map<string, string[]>): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  const question = query.subarray(12, at + 5)
  const records = known.get(labels.join('.').toLowerCase()) ?? []
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // An authoritative answer; 3: the name does not exist.
  header.writeUInt16BE(0x8580 + (records.length === 0 ? 3 : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(records.length, 6)
  const answers = records.map((text) => {
    const parts = text.match(/[^]{1,200}/g) ?? []
    const data = Buffer.concat(parts.flatMap((part) => [Buffer.from([part.length]), Buffer.from(part)]))
    const fixed = Buffer.alloc(12)
    fixed.writeUInt16BE(0xc00c, 0)
    fixed.writeUInt16BE(16, 2)
    fixed.writeUInt16BE(1, 4)
    fixed.writeUInt32BE(1, 6)
    fixed.writeUInt16BE(data.length, 10)
    return Buffer.concat([fixed, data])
  })
  return Buffer.concat([header, question, ...answers])
}
