import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { getServers } from 'node:dns'
import { connect, isIP, SocketAddress } from 'node:net'
import {
  decode,
  encode,
  RECURSION_DESIRED,
  type Answer,
  type DecodedPacket,
  type Packet,
  type RecordType,
} from 'dns-packet'
import { isReachable, type AllowedNetworks } from '../../lib/outgoing.ts'

type Question = { name: string; type: RecordType }
export type Reply = {
  rcode: string
  authoritative: boolean
  answers: Answer[]
  authorities: Answer[]
  additionals: Answer[]
}
/** No answer, with the reason for people. */
export class NoReply extends Error {}

/** Questions to the resolver of the installation, and to name servers themselves. @throws NoReply */
export type Dns = {
  resolve(question: Question): Promise<Reply>
  ask(address: string, question: Question): Promise<Reply>
}

const TIMEOUT_MS = 2_000
const TRIES = 2
const UDP_SIZE = 1_232

/**
 * @param servers resolvers, with a port or without; none: those of the system
 * @param port where name servers answer
 */
export function createDns(allowed: AllowedNetworks, servers: readonly string[], port: number): Dns {
  return {
    resolve: async (question) => {
      const known = servers.length > 0 ? servers : getServers()
      const [resolver] = known
      if (resolver === undefined) throw new NoReply('There is no DNS server to ask: set MPANEL_DNS_SERVERS.')
      return exchange(placeOf(resolver), question, RECURSION_DESIRED)
    },
    ask: async (address, question) => {
      // Customers choose the names that lead here.
      if (!isReachable(address, allowed)) throw new NoReply(`${address} is not a public address`)
      return exchange({ address, port }, question, 0)
    },
  }
}

type Place = { address: string; port: number }

function placeOf(text: string): Place {
  if (isIP(text) !== 0) return { address: text, port: 53 }
  const parsed = SocketAddress.parse(text)
  return { address: parsed?.address ?? text, port: parsed?.port ?? 53 }
}

async function exchange(place: Place, question: Question, flags: number): Promise<Reply> {
  const packet: Packet = {
    type: 'query',
    id: randomInt(65_536),
    flags,
    questions: [{ ...question, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: UDP_SIZE,
        extendedRcode: 0,
        ednsVersion: 0,
        // DNSSEC OK: signatures are wanted.
        flags: 0x8000,
        flag_do: true,
        options: [],
      },
    ],
  }
  for (let left = TRIES; ; left--) {
    try {
      const short = await overUdp(place, packet)
      return replyOf(short.flag_tc ? await overTcp(place, packet) : short)
    } catch (error) {
      if (!(error instanceof NoReply) || left === 1) throw error
    }
  }
}

/** Answers to other questions are not taken. */
function isAnswerTo(packet: Packet, message: Buffer): DecodedPacket | null {
  try {
    const answer = decode(message)
    const [asked, got] = [packet.questions?.[0], answer.questions?.[0]]
    const isSame =
      answer.id === packet.id &&
      answer.flag_qr &&
      got?.type === asked?.type &&
      got?.name.toLowerCase() === asked?.name.toLowerCase()
    return isSame ? answer : null
  } catch {
    return null
  }
}

const overUdp = ({ address, port }: Place, packet: Packet): Promise<DecodedPacket> =>
  new Promise((resolve, reject) => {
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
    const end = (work: () => void): void => {
      clearTimeout(timer)
      socket.removeAllListeners()
      socket.on('error', () => undefined)
      socket.close()
      work()
    }
    const fail = (why: string): void => end(() => reject(new NoReply(`${address} ${why}`)))
    const timer = setTimeout(() => fail('does not answer'), TIMEOUT_MS)
    socket.once('error', (error: NodeJS.ErrnoException) => fail(wordsOf(error)))
    socket.on('message', (message) => {
      const answer = isAnswerTo(packet, message)
      if (answer) end(() => resolve(answer))
    })
    // Connected, so that only this server is heard, and a closed port is heard of.
    socket.connect(port, address, () => socket.send(encode(packet)))
  })

const wordsOf = (error: NodeJS.ErrnoException): string =>
  error.code === 'ECONNREFUSED' ? 'refuses to be asked' : `cannot be reached (${error.code ?? 'no code'})`

const overTcp = ({ address, port }: Place, packet: Packet): Promise<DecodedPacket> =>
  new Promise((resolve, reject) => {
    const message = encode(packet)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(message.length)
    const socket = connect(port, address, () => socket.write(Buffer.concat([length, message])))
    const fail = (why: string): void => {
      socket.destroy()
      reject(new NoReply(`${address} ${why}`))
    }
    let got = Buffer.alloc(0)
    socket.setTimeout(TIMEOUT_MS, () => fail('does not answer over TCP'))
    socket.once('error', (error: NodeJS.ErrnoException) => fail(wordsOf(error)))
    socket.once('close', () => fail('has not answered over TCP'))
    socket.on('data', (part) => {
      got = Buffer.concat([got, part])
      if (got.length < 2 || got.length < got.readUInt16BE() + 2) return
      const answer = isAnswerTo(packet, got.subarray(2, got.readUInt16BE() + 2))
      socket.removeAllListeners('close')
      socket.destroy()
      if (answer) resolve(answer)
      else reject(new NoReply(`${address} answers what cannot be read`))
    })
  })

const replyOf = (packet: DecodedPacket): Reply => ({
  // The types do not name it.
  rcode: (packet as DecodedPacket & { rcode?: string }).rcode ?? 'NOERROR',
  authoritative: packet.flag_aa,
  answers: packet.answers ?? [],
  authorities: packet.authorities ?? [],
  additionals: packet.additionals ?? [],
})
