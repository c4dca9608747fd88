import { NoReply, type Dns } from './query.ts'
import type { NameServer, TxtAtServers, TxtSeen } from './types.ts'

export const createTxtAtServers =
  (dns: Dns): TxtAtServers =>
  (servers, name) =>
    Promise.all(servers.map((server) => askOne(dns, server, name)))

async function askOne(dns: Dns, server: NameServer, name: string): Promise<TxtSeen> {
  try {
    const { rcode, answers } = await dns.ask(server.address, { name, type: 'TXT' })
    // That there is no such name is an answer: it lags.
    if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN')
      return { ...server, records: null, fault: `it answers ${rcode}` }
    const records = answers.flatMap((one) => (one.type === 'TXT' ? [textOf(one.data)] : []))
    return { ...server, records, fault: null }
  } catch (error) {
    if (error instanceof NoReply) return { ...server, records: null, fault: error.message }
    throw error
  }
}

const textOf = (data: string | Buffer | (string | Buffer)[]): string => [data].flat().map(String).join('')
