import 'reflect-metadata'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomBytes,
  webcrypto,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import * as x509 from '@peculiar/x509'

const generate = promisify(generateKeyPair)
const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const

x509.cryptoProvider.set(webcrypto)

/** A new private key on P-256, as PKCS #8 in PEM form. */
export async function newKey(): Promise<string> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' })
  return pemOf(privateKey)
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

async function pairOf(keyPem: string): Promise<webcrypto.CryptoKeyPair> {
  const key = createPrivateKey(keyPem)
  const [secret, open] = [
    key.export({ type: 'pkcs8', format: 'der' }),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
  ]
  const { subtle } = webcrypto
  return {
    privateKey: await subtle.importKey('pkcs8', secret, EC, true, ['sign']),
    publicKey: await subtle.importKey('spki', open, EC, true, ['verify']),
  }
}

const alternativeNames = (names: readonly string[]) =>
  new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))

/** A request for a certificate (PKCS #10), as DER. */
export async function makeRequest(names: readonly string[], keyPem: string): Promise<Buffer> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: await pairOf(keyPem),
    signingAlgorithm: SIGNING,
    extensions: [alternativeNames(names)],
  })
  return Buffer.from(request.rawData)
}

const newSerial = (): string => {
  const bytes = randomBytes(16)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return bytes.toString('hex')
}

/** A self-signed root for a CA of one's own. */
export async function makeRoot(
  name: string,
  keyPem: string,
  notBefore: Date,
  notAfter: Date,
): Promise<string> {
  const keys = await pairOf(keyPem)
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    name: [{ CN: [name] }],
    serialNumber: newSerial(),
    notBefore,
    notAfter,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return root.toString('pem')
}

/** A server's certificate, signed by a root that `makeRoot` has made. */
export async function signWith(
  root: { pem: string; keyPem: string },
  request: {
    names: readonly string[]
    keyPem: string
    notBefore: Date
    notAfter: Date
    /** Where the root says what it has revoked. */
    crlUrl?: string
  },
): Promise<string> {
  const [authority, own, signer] = [
    new x509.X509Certificate(root.pem),
    await pairOf(request.keyPem),
    await pairOf(root.keyPem),
  ]
  const [first = ''] = request.names
  const made = await x509.X509CertificateGenerator.create({
    subject: first.length <= 64 ? [{ CN: [first] }] : [],
    issuer: authority.subject,
    serialNumber: newSerial(),
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey: own.publicKey,
    signingKey: signer.privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      alternativeNames(request.names),
      await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
      ...(request.crlUrl === undefined ? [] : [new x509.CRLDistributionPointsExtension([request.crlUrl])]),
    ],
  })
  return made.toString('pem')
}

type RevokedCertificate = { serial: string; at: Date; reason: number }

/** What a root says is revoked (RFC 5280, section 5), as DER. @param list its number grows with each one */
export async function makeCrl(
  root: { pem: string; keyPem: string },
  list: { number: number; thisUpdate: Date; nextUpdate: Date; revoked: readonly RevokedCertificate[] },
): Promise<Buffer> {
  const signer = await pairOf(root.keyPem)
  const made = await x509.X509CrlGenerator.create({
    issuer: new x509.X509Certificate(root.pem).subject,
    thisUpdate: list.thisUpdate,
    nextUpdate: list.nextUpdate,
    entries: list.revoked.map(({ serial, at, reason }) => ({
      serialNumber: serial,
      revocationDate: at,
      // 0, "unspecified", is said by leaving it out.
      ...(reason === 0 ? {} : { reason }),
    })),
    extensions: [
      await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
      new x509.Extension(CRL_NUMBER, false, derInteger(list.number)),
    ],
    signingKey: signer.privateKey,
    signingAlgorithm: SIGNING,
  })
  return Buffer.from(made.rawData)
}

const CRL_NUMBER = '2.5.29.20'

function derInteger(value: number): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const body = ((bytes[0] ?? 0) & 0x80) === 0 ? bytes : Buffer.concat([Buffer.from([0]), bytes])
  return Buffer.concat([Buffer.from([2, body.length]), body])
}

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31'

/** What proves a name by TLS (RFC 8737): a certificate of nobody, with the digest of the proof in it. */
export async function makeAcmeProof(
  name: string,
  digest: Buffer,
  at: Date,
): Promise<{ key: string; cert: string }> {
  const key = await newKey()
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    keys: await pairOf(key),
    name: [{ CN: ['ACME proof'] }],
    serialNumber: newSerial(),
    notBefore: new Date(at.getTime() - 3_600_000),
    notAfter: new Date(at.getTime() + 86_400_000),
    signingAlgorithm: SIGNING,
    extensions: [
      alternativeNames([name]),
      new x509.Extension(ACME_IDENTIFIER, true, Buffer.concat([Buffer.from([4, digest.length]), digest])),
    ],
  })
  return { key, cert: made.toString('pem') }
}
