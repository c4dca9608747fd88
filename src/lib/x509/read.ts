import 'reflect-metadata'
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** What cannot be used, and what to do about it: the message is for the person who gave it. */
export class CertificateFault extends Error {}

export type CertificateFacts = {
  names: string[]
  serial: string
  fingerprint: string
  issuerName: string
  subjectName: string
  keyType: string
  notBefore: Date
  notAfter: Date
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** @throws CertificateFault */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(BLOCK) ?? []
  if (blocks.length === 0) throw new CertificateFault('There is no certificate in PEM form in it.')
  return blocks.map((block, at) => {
    try {
      return new X509Certificate(block)
    } catch {
      throw new CertificateFault(`The ${at + 1}. certificate in it cannot be read.`)
    }
  })
}

const commonName = (text: string): string => /CN=(.+)/.exec(text)?.[1]?.trim() ?? text.replaceAll('\n', ', ')

const keyTypeOf = (key: KeyObject): string => {
  const details = key.asymmetricKeyDetails
  if (key.asymmetricKeyType === 'rsa') return `RSA ${details?.modulusLength ?? ''}`.trim()
  return key.asymmetricKeyType === 'ec'
    ? `EC ${details?.namedCurve ?? ''}`
    : (key.asymmetricKeyType ?? 'unknown')
}

export const namesOf = (certificate: X509Certificate): string[] =>
  (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice(4).toLowerCase())

const fingerprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '').toLowerCase()

export const factsOf = (certificate: X509Certificate): CertificateFacts => ({
  names: namesOf(certificate),
  serial: certificate.serialNumber.toLowerCase(),
  fingerprint: fingerprintOf(certificate),
  issuerName: commonName(certificate.issuer),
  subjectName: commonName(certificate.subject),
  keyType: keyTypeOf(certificate.publicKey),
  notBefore: new Date(certificate.validFrom),
  notAfter: new Date(certificate.validTo),
})

/** A chain in its order: the certificate first, each one signed by the next. @throws CertificateFault */
export function requireChain(chain: readonly X509Certificate[]): X509Certificate {
  const [leaf, ...others] = chain
  if (!leaf) throw new CertificateFault('There is no certificate in PEM form in it.')
  if (leaf.ca)
    throw new CertificateFault('The first certificate is that of a CA: put the one with your names first.')
  let below = leaf
  for (const above of others) {
    if (!below.checkIssued(above) || !below.verify(above.publicKey))
      throw new CertificateFault(
        `The chain is not in order: "${factsOf(below).subjectName}" was not signed by "${factsOf(above).subjectName}", which follows it. Put each certificate before the one that signed it.`,
      )
    below = above
  }
  return leaf
}

/** @throws CertificateFault */
export function requireKeyOf(certificate: X509Certificate, keyPem: string): void {
  let key: KeyObject
  try {
    key = createPrivateKey(keyPem)
  } catch {
    throw new CertificateFault(
      'The private key cannot be read: give it in PEM form and without a pass phrase.',
    )
  }
  if (!certificate.checkPrivateKey(key))
    throw new CertificateFault('The private key is not that of the certificate.')
}

/** Whether the last of a chain is a root that was given, or signed by one. */
export function leadsTo(chain: readonly X509Certificate[], roots: readonly X509Certificate[]): boolean {
  const last = chain.at(-1)
  return (
    last !== undefined &&
    roots.some(
      (root) =>
        root.fingerprint256 === last.fingerprint256 ||
        (last.checkIssued(root) && last.verify(root.publicKey)),
    )
  )
}

/**
 * How ARI (RFC 9773) names a certificate. The serial is taken from the DER: what OpenSSL shows as text has lost the leading
 * 00 that half of all serials have. Null without an authority key identifier.
 */
export function ariIdOf(certificate: X509Certificate): string | null {
  const parsed = new x509.X509Certificate(certificate.raw)
  const authority = parsed.getExtension(x509.AuthorityKeyIdentifierExtension)
  if (authority?.keyId === undefined) return null
  return ariId(Buffer.from(authority.keyId, 'hex'), serialBytes(certificate.serialNumber))
}

export const ariId = (authorityKeyId: Buffer, serial: Buffer): string =>
  `${authorityKeyId.toString('base64url')}.${serial.toString('base64url')}`

/** The contents of the DER INTEGER with this value: a first byte from 80 on would make it negative, so 00 stands before it. */
export function serialBytes(hex: string): Buffer {
  const even = hex.length % 2 === 0 ? hex : `0${hex}`
  const bytes = Buffer.from(even, 'hex')
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes
}
