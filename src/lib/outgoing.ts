import { lookup as lookUp } from 'node:dns'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'

/** Networks that addresses typed by people may reach although they are not public. */
export type AllowedNetworks = BlockList

export type OutgoingRequest = {
  /** `https:`; `http:` only into an allowed network. */
  url: string
  method?: 'GET' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers?: Record<string, string>
  body?: string | Buffer
  timeoutMs?: number
  maxBytes?: number
  /** What of the answer is wanted: the rest of it is not read, and its being late or broken off is no fault. */
  keepBytes?: number
  /** PEM of the CAs to trust instead of the system's. */
  ca?: string
}

/** `fromPublic`: who answered is on the public internet, and not in an allowed network. */
export type OutgoingAnswer = {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  fromPublic: boolean
}

/** The call was not made, or its answer was not taken. The message never repeats what the other side said. */
export class OutgoingFault extends Error {
  /** `refused`: nothing was sent. `unknown`: it may have arrived. */
  readonly outcome: 'refused' | 'unknown'
  constructor(outcome: 'refused' | 'unknown', message: string) {
    super(message)
    this.outcome = outcome
  }
}

const TIMEOUT_MS = 10_000
const MAX_BYTES = 1_000_000

/** What is not the public internet: the special-purpose registries of IANA (RFC 6890), and multicast. */
const NOT_PUBLIC = networks([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
])
const NO_NETWORKS = new BlockList()
const GLOBAL_UNICAST = networks(['2000::/3'])
/** Parts of 2000::/3 that are special or lead to an IPv4 address: Teredo and its neighbours, documentation, 6to4, SRv6. */
const NOT_PUBLIC_V6 = networks(['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'])

/**
 * A set of networks from CIDR notation.
 * @throws Error for text that is no network
 */
export function networks(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/')
    const family = isIP(address)
    if (family === 0) throw new Error(`${cidr} is no network, such as 10.0.0.0/8`)
    list.addSubnet(address, Number(bits ?? (family === 4 ? 32 : 128)), family === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}

/** Whether an address may be reached by a request whose target a person has typed. */
export function isReachable(address: string, allowed: AllowedNetworks): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (isIP(address) === 0) return false
  if (allowed.check(address, family)) return true
  // IPv4 in the clothes of IPv6 is outside 2000::/3, and so refused as a whole.
  if (family === 'ipv6') return GLOBAL_UNICAST.check(address, family) && !NOT_PUBLIC_V6.check(address, family)
  return !NOT_PUBLIC.check(address, family)
}

/**
 * Sends one request to an address that a person has typed (a webhook, an identity provider): never into our own
 * networks. The address is checked where the connection is made, after the name was resolved, so that a name which
 * changes its mind gains nothing. Redirects are answers, not followed.
 * @throws OutgoingFault
 */
export async function sendOutgoing(
  allowed: AllowedNetworks,
  request: OutgoingRequest,
): Promise<OutgoingAnswer> {
  const url = targetOf(request.url, allowed)
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, keepBytes } = request
  return new Promise((resolve, reject) => {
    let sent = false
    let take: (() => void) | undefined
    const fail = (message: string) => {
      clearTimeout(timer)
      if (keepBytes !== undefined && take) take()
      else reject(new OutgoingFault(sent ? 'unknown' : 'refused', message))
      call.destroy()
    }
    const call = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: request.method ?? 'GET',
      headers: request.headers,
      agent: false,
      lookup: guarded(allowed, url.protocol === 'http:' ? 'http:' : 'https:'),
      ...(request.ca === undefined ? {} : { ca: request.ca }),
    })
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    call.once('socket', (socket) =>
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (sent = true)),
    )
    call.on('error', (error: NodeJS.ErrnoException) => fail(reasonOf(error)))
    call.once('response', (answer) => {
      const parts: Buffer[] = []
      let size = 0
      const fromPublic = isReachable(answer.socket.remoteAddress ?? '', NO_NETWORKS)
      take = () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(parts).subarray(0, keepBytes),
          fromPublic,
        })
      answer.on('data', (part: Buffer) => {
        size += part.length
        if (keepBytes === undefined && size > maxBytes)
          return fail(`the answer is longer than ${maxBytes} bytes`)
        parts.push(part)
        if (keepBytes !== undefined && size >= keepBytes) fail('no more of it is wanted')
      })
      answer.on('error', (error) => fail(reasonOf(error)))
      answer.on('end', () => {
        clearTimeout(timer)
        take?.()
      })
    })
    call.end(request.body)
  })
}

function refuse(message: string): never {
  throw new OutgoingFault('refused', message)
}

export type OutgoingTarget = {
  host: string
  port: number
  timeoutMs?: number
  ca?: string
  /** The name to ask for, when the certificate is only looked at: it is not checked, and nothing may be sent. */
  looksAt?: string
}

/**
 * A TLS connection to an address that a person has typed, under the same rules as `sendOutgoing`.
 * @throws OutgoingFault
 */
export function connectOutgoing(allowed: AllowedNetworks, target: OutgoingTarget): Promise<TLSSocket> {
  const { host, port, timeoutMs = TIMEOUT_MS, ca, looksAt } = target
  return new Promise((resolve, reject) => {
    // A literal is connected to without a look-up.
    if (isIP(host) !== 0 && !isReachable(host, allowed))
      return reject(new OutgoingFault('refused', NOT_REACHED))
    const socket = connectTls({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(looksAt === undefined ? {} : { servername: looksAt, rejectUnauthorized: false, ca: [] }),
      lookup: guarded(allowed, 'https:'),
      ...(ca === undefined ? {} : { ca }),
    })
    const fail = (message: string) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new OutgoingFault('refused', message))
    }
    const timer = setTimeout(() => fail(`no connection within ${timeoutMs} ms`), timeoutMs)
    const failed = (error: NodeJS.ErrnoException) => fail(reasonOf(error))
    socket.once('error', failed)
    socket.once('secureConnect', () => {
      clearTimeout(timer)
      socket.off('error', failed)
      resolve(socket)
    })
  })
}

/** What went wrong with a connection, in our own words and the system's codes only. */
export const connectionFault = (error: NodeJS.ErrnoException): OutgoingFault =>
  new OutgoingFault('unknown', reasonOf(error))

/**
 * For clients that keep their connections: where a request may go, as `sendOutgoing` sees it. It is used with `guarded`.
 * @throws OutgoingFault
 */
export function targetOf(text: string, allowed: AllowedNetworks): URL {
  const url = URL.canParse(text) ? new URL(text) : refuse('the address is no URL')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') refuse('only https addresses can be reached')
  if (url.username !== '' || url.password !== '') refuse('the address must not hold a user name or password')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) === 0) return url
  // A literal is connected to without a look-up.
  if (!isReachable(host, allowed)) refuse(NOT_REACHED)
  if (url.protocol === 'http:' && !allowed.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4')) refuse(ONLY_HTTPS)
  return url
}

const NOT_REACHED = 'the address is not on the public internet and in no allowed network'
const ONLY_HTTPS = 'only https addresses can be reached'

/** Looks up names and leaves out the addresses that may not be reached. */
export function guarded(allowed: AllowedNetworks, protocol: 'https:' | 'http:'): LookupFunction {
  return (hostname, options, done) => {
    lookUp(hostname, { ...options, all: true }, (error, found) => {
      if (error) return done(error, '')
      const good = found.filter(
        ({ address, family }) =>
          isReachable(address, allowed) &&
          (protocol === 'https:' || allowed.check(address, family === 6 ? 'ipv6' : 'ipv4')),
      )
      const first = good[0]
      if (!first) {
        const message = protocol === 'https:' ? NOT_REACHED : ONLY_HTTPS
        return done(Object.assign(new Error(message), { code: 'ENOTALLOWED' }), '')
      }
      if (options.all) return done(null, good)
      return done(null, first.address, first.family)
    })
  }
}

/** Only our own words and the system's codes: certificates and answers are the other side's text. */
const reasonOf = (error: NodeJS.ErrnoException): string =>
  error.code === 'ENOTALLOWED' ? error.message : `no connection (${error.code ?? 'no code'})`
