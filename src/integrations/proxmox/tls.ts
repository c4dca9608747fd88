import { Agent } from 'node:https'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, getCACertificates } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Certificate } from './types.ts'

/** Where to connect and whom to trust there. */
export type TlsTarget = {
  host: string
  port: number
  /** PEM of the CA that must have signed the certificate. */
  ca?: string
  /** SHA-256 of the server certificate, with or without colons, in either case. */
  fingerprint?: string
  connectTimeoutMs: number
}

const hexOnly = (fingerprint: string) => fingerprint.replace(/[^0-9a-f]/gi, '').toUpperCase()

/** True for 32 bytes in hexadecimal, with or without colons. */
export const isFingerprint = (value: string) => /^[0-9a-f]{2}(:?[0-9a-f]{2}){31}$/i.test(value.trim())

/** What OpenSSL says of a certificate that no trusted CA has signed. */
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])
const UNREACHED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])

/** Why there is no connection, with what to look at. */
export function whyNot({ message, code }: NodeJS.ErrnoException, { host, port }: TlsTarget): string {
  if (UNTRUSTED.has(code ?? ''))
    return `the certificate at ${host}:${port} is signed by no CA that is trusted here: give the cluster the CA of its nodes (/etc/pve/pve-root-ca.pem) or the fingerprint of the certificate`
  if (UNREACHED.has(code ?? '')) return `${message}: ${see(host, port)}`
  return message || code || 'connection failed'
}

const see = (host: string, port: number): string =>
  `see that the node runs and that this machine reaches ${host}:${port}`

/** Read once: the operating system's store can hold hundreds of certificates. */
let systemCas: string[] | undefined
const trustedCas = () =>
  (systemCas ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])])

/**
 * Opens a TLS connection and hands it out only when the server has proven who it is. Nothing is written to a socket
 * before that, so a stranger behind the address never sees a credential.
 */
function connectVerified(target: TlsTarget, done: (error: Error | null, socket: TLSSocket) => void): void {
  const pinnedOnly = target.fingerprint !== undefined && target.ca === undefined
  const socket = connect({
    host: target.host,
    port: target.port,
    // An address is no valid server name (RFC 6066); the certificate is then checked against the address.
    servername: isIP(target.host) ? undefined : target.host,
    ca: target.ca ?? (pinnedOnly ? undefined : trustedCas()),
    rejectUnauthorized: !pinnedOnly,
  })
  const fail = (error: Error) => {
    clearTimeout(timer)
    socket.destroy()
    done(error, socket)
  }
  const timer = setTimeout(
    () =>
      fail(
        new Error(
          `no connection within ${target.connectTimeoutMs / 1_000} s: ${see(target.host, target.port)}`,
        ),
      ),
    target.connectTimeoutMs,
  )
  socket.once('error', fail)
  socket.once('secureConnect', () => {
    clearTimeout(timer)
    const wrong = fingerprintFault(socket, target.fingerprint)
    if (wrong) return fail(new Error(wrong))
    socket.removeListener('error', fail)
    done(null, socket)
  })
}

/**
 * The certificate that is presented at an address, trusted or not; nothing is sent there. For a person who compares it
 * with what the node itself shows.
 * @returns the certificate, or why there is none
 */
export function presentedCertificate(address: string, timeoutMs = 5_000): Promise<Certificate | string> {
  const url = new URL(address)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(url.port || 443),
      servername: isIP(host) ? undefined : host,
      rejectUnauthorized: false,
    })
    const end = (answer: Certificate | string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => end(`no connection within ${timeoutMs / 1_000} s`), timeoutMs)
    socket.once('error', (error) => end(error.message))
    socket.once('secureConnect', () => {
      const { fingerprint256, subject, issuer, valid_to: validTo } = socket.getPeerCertificate()
      end({
        fingerprint: fingerprint256,
        subject: String(subject.CN ?? ''),
        issuer: String(issuer.CN ?? issuer.O ?? ''),
        validTo: new Date(validTo),
      })
    })
  })
}

function fingerprintFault(socket: TLSSocket, expected: string | undefined): string | null {
  if (expected === undefined) return null
  const actual = socket.getPeerCertificate().fingerprint256 ?? ''
  if (hexOnly(actual) === hexOnly(expected)) return null
  return `the server's certificate has the fingerprint ${actual || '(none)'}, not the expected one`
}

/** An HTTPS agent whose sockets are verified before the request may use them. */
export class VerifyingAgent extends Agent {
  readonly #target: TlsTarget

  constructor(target: TlsTarget, options: { keepAlive: boolean; idleMs?: number }) {
    // `timeout` is what closes a socket that waits in the pool; it does not limit a request.
    super({ keepAlive: options.keepAlive, timeout: options.idleMs, maxFreeSockets: 4 })
    this.#target = target
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    connectVerified(this.#target, (error, socket) => callback?.(error, socket))
  }
}
