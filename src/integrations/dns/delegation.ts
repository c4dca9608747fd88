import type { Answer } from 'dns-packet'
import { NoReply, type Dns, type Reply } from './query.ts'
import type { DelegationLook, DelegationSeen, GlueSeen, ParentSeen, ServerSeen } from './types.ts'

/** So many name servers of a parent are asked. */
const PARENTS = 4
/** And so many of a zone. */
const SERVERS = 13

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '')
const faultOf = (error: unknown): string => {
  if (error instanceof NoReply) return error.message
  throw error
}
const dataOf = <T extends Answer['type']>(list: readonly Answer[], type: T, name: string) =>
  list.filter(
    (one): one is Extract<Answer, { type: T }> => one.type === type && plain(one.name) === plain(name),
  )

/** Looks from outside at a zone: what its parent delegates it to, and what each of its name servers says. */
export const createDelegationLook =
  (dns: Dns): DelegationLook =>
  async (zone, ours) => {
    const seen: DelegationSeen = { parent: null, fault: null, parents: [], servers: [], glue: [] }
    const name = plain(zone)
    const glue = new Map<string, string[]>()
    try {
      const found = await parentOf(dns, name)
      seen.parent = found.parent
      const asked = await Promise.all(
        found.hosts.slice(0, PARENTS).map((host) => askParent(dns, host, name, glue)),
      )
      seen.parents = asked
    } catch (error) {
      seen.fault = faultOf(error)
    }
    const hosts = new Set([...seen.parents.flatMap(({ nameServers }) => nameServers), ...ours.map(plain)])
    seen.servers = await Promise.all(
      [...hosts].slice(0, SERVERS).map((host) => askServer(dns, host, name, glue.get(host) ?? [])),
    )
    seen.glue = await Promise.all(
      [...hosts]
        .filter((host) => host.endsWith(`.${name}`))
        .map((host) => compareGlue(dns, host, glue.get(host) ?? [], seen.servers)),
    )
    return seen
  }

/** The nearest name above that is a zone, and its name servers. */
async function parentOf(dns: Dns, zone: string): Promise<{ parent: string; hosts: string[] }> {
  const labels = zone.split('.')
  for (let at = 1; at <= labels.length; at++) {
    const parent = labels.slice(at).join('.')
    const reply = await dns.resolve({ name: parent === '' ? '.' : parent, type: 'NS' })
    if (reply.rcode !== 'NOERROR' && reply.rcode !== 'NXDOMAIN')
      throw new NoReply(`the resolver answers ${reply.rcode} for ${parent || 'the root'}`)
    const hosts = dataOf(reply.answers, 'NS', parent).map(({ data }) => plain(data))
    if (hosts.length > 0) return { parent, hosts }
  }
  throw new NoReply('the resolver knows no zone above it')
}

/** IPv4 first: not every installation has the other. */
async function addressesOf(dns: Dns, host: string): Promise<string[]> {
  for (const type of ['A', 'AAAA'] as const) {
    const reply = await dns.resolve({ name: host, type })
    const found = reply.answers.flatMap((one) => (one.type === type ? [one.data] : []))
    if (found.length > 0) return found
  }
  return []
}

async function askParent(
  dns: Dns,
  host: string,
  zone: string,
  glue: Map<string, string[]>,
): Promise<ParentSeen> {
  const seen: ParentSeen = { server: host, fault: null, nameServers: [], ds: [], dsTtl: null }
  try {
    const [address] = await addressesOf(dns, host)
    if (address === undefined) throw new NoReply(`${host} has no address`)
    const delegation = understood(await dns.ask(address, { name: zone, type: 'NS' }), host)
    const all = [...delegation.answers, ...delegation.authorities]
    seen.nameServers = [...new Set(dataOf(all, 'NS', zone).map(({ data }) => plain(data)))].toSorted()
    for (const one of delegation.additionals)
      if (one.type === 'A' || one.type === 'AAAA') {
        const known = glue.get(plain(one.name)) ?? []
        glue.set(plain(one.name), [...new Set([...known, one.data])])
      }
    const signed = dataOf(
      understood(await dns.ask(address, { name: zone, type: 'DS' }), host).answers,
      'DS',
      zone,
    )
    seen.dsTtl = signed[0]?.ttl ?? null
    seen.ds = signed.map(({ data: { keyTag, algorithm, digestType, digest } }) => ({
      keyTag,
      algorithm,
      digestType,
      digest: digest.toString('hex'),
    }))
  } catch (error) {
    seen.fault = faultOf(error)
  }
  return seen
}

/** That there is no such name is an answer; a refusal is none. */
function understood(reply: Reply, host: string): Reply {
  if (reply.rcode === 'NOERROR' || reply.rcode === 'NXDOMAIN') return reply
  throw new NoReply(`${host} answers ${reply.rcode}`)
}

async function askServer(
  dns: Dns,
  host: string,
  zone: string,
  given: readonly string[],
): Promise<ServerSeen> {
  const seen: ServerSeen = {
    host,
    // IPv4 first, as above.
    addresses: given.toSorted((a, b) => Number(a.includes(':')) - Number(b.includes(':'))),
    fault: null,
    lame: false,
    serial: null,
    nameServers: [],
    keys: [],
    signed: false,
  }
  try {
    if (given.length === 0) seen.addresses = await addressesOf(dns, host)
    const [address] = seen.addresses
    if (address === undefined) throw new NoReply('it has no address')
    const soa = await dns.ask(address, { name: zone, type: 'SOA' })
    const [own] = dataOf(soa.answers, 'SOA', zone)
    seen.lame = soa.rcode !== 'NOERROR' || !soa.authoritative || own === undefined
    if (seen.lame) return seen
    seen.serial = own?.data.serial ?? null
    const servers = await dns.ask(address, { name: zone, type: 'NS' })
    seen.nameServers = dataOf(servers.answers, 'NS', zone)
      .map(({ data }) => plain(data))
      .toSorted()
    const { answers } = await dns.ask(address, { name: zone, type: 'DNSKEY' })
    seen.keys = dataOf(answers, 'DNSKEY', zone).map(({ data: { flags, algorithm, key } }) => ({
      flags,
      algorithm,
      publicKey: key.toString('base64'),
    }))
    seen.signed = dataOf(answers, 'RRSIG', zone).length > 0
  } catch (error) {
    seen.fault = faultOf(error)
  }
  return seen
}

/** What the zone has as the addresses of a name server below it, asked of one that has the zone. */
async function compareGlue(
  dns: Dns,
  host: string,
  given: readonly string[],
  servers: readonly ServerSeen[],
): Promise<GlueSeen> {
  const address = servers.find(({ fault, lame }) => fault === null && !lame)?.addresses[0]
  if (address === undefined) return { host, given: [...given], served: [] }
  try {
    const replies = await Promise.all(
      (['A', 'AAAA'] as const).map((type) => dns.ask(address, { name: host, type })),
    )
    const served = replies.flatMap(({ answers }) =>
      answers.flatMap((one) => (one.type === 'A' || one.type === 'AAAA' ? [one.data] : [])),
    )
    return { host, given: [...given], served }
  } catch (error) {
    if (!(error instanceof NoReply)) throw error
    return { host, given: [...given], served: [] }
  }
}
