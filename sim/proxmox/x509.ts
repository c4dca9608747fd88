import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/**
 * Just enough DER to issue a CA and one server certificate (ECDSA P-256): Node can read certificates
 * but not make them, and the simulator must not need OpenSSL on the machine.
 */

function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body])
  const length: number[] = []
  for (let rest = body.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff)
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body])
}

const sequence = (...items: Buffer[]) => der(0x30, ...items)
const octets = (body: Buffer) => der(0x04, body)
const bits = (body: Buffer, unused = 0) => der(0x03, Buffer.from([unused]), body)
const yes = der(0x01, Buffer.from([0xff]))

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const part of rest) {
    const base128 = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) base128.unshift((left & 0x7f) | 0x80)
    bytes.push(...base128)
  }
  return der(0x06, Buffer.from(bytes))
}

/** Two-digit years until 2049, as X.509 asks. */
function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
}

const name = (common: string) => sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(common)))))

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return critical ? sequence(oid(id), yes, octets(value)) : sequence(oid(id), octets(value))
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))
const publicDer = (key: KeyObject) => createPublicKey(key).export({ type: 'spki', format: 'der' })
const keyId = (key: KeyObject) => createHash('sha1').update(publicDer(key)).digest()

function subjectAltNames(names: string[]): Buffer {
  const entries = names.map((entry) =>
    /^\d+\.\d+\.\d+\.\d+$/.test(entry)
      ? der(0x87, Buffer.from(entry.split('.').map(Number)))
      : der(0x82, Buffer.from(entry)),
  )
  return extension('2.5.29.17', false, sequence(...entries))
}

type Issue = { subject: string; issuer: string; key: KeyObject; issuerKey: KeyObject; names?: string[] }

/** Without `names` it is a CA. */
function issue({ subject, issuer, key, issuerKey, names }: Issue): string {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  const isCa = names === undefined
  const extensions = [
    extension('2.5.29.19', true, isCa ? sequence(yes) : sequence()),
    // keyCertSign + cRLSign for the CA, digitalSignature for the server.
    extension('2.5.29.15', true, isCa ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)),
    extension('2.5.29.14', false, octets(keyId(key))),
    extension('2.5.29.35', false, sequence(der(0x80, keyId(issuerKey)))),
  ]
  if (names)
    extensions.push(extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))), subjectAltNames(names))
  const day = 86_400_000
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    name(issuer),
    sequence(time(new Date(Date.now() - day)), time(new Date(Date.now() + 3650 * day))),
    name(subject),
    publicDer(key),
    der(0xa3, sequence(...extensions)),
  )
  const certificate = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, issuerKey)))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

export type CertificatePair = { caPem: string; certPem: string; keyPem: string }

const makeKey = () =>
  createPrivateKey(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )

/** A fresh CA and a server certificate signed by it; the CA's key is thrown away. */
export function makeCertificates(names: string[]): CertificatePair {
  const caKey = makeKey()
  const key = makeKey()
  const issuer = 'Proxmox Virtual Environment (simulated)'
  return {
    caPem: issue({ subject: issuer, issuer, key: caKey, issuerKey: caKey }),
    certPem: issue({ subject: names[0] ?? 'localhost', issuer, key, issuerKey: caKey, names }),
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
