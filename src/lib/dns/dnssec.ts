import { createHash } from 'node:crypto'

/** A key of a zone, as a DNSKEY record has it (RFC 4034). */
export type DnsKey = { flags: number; algorithm: number; publicKey: string }
export type DsRecord = { keyTag: number; algorithm: number; digestType: number; digest: string }

/** RFC 4034 and 6605: a DS names a key by one of these; SHA-1 is not to be used any more. */
const HASHES: Record<number, string> = { 1: 'sha1', 2: 'sha256', 4: 'sha384' }
const SHA256 = 2
/** The bit of a key that a DS is made of (RFC 4034, section 2.1.1). */
const ENTRY_POINT = 1

const rdataOf = ({ flags, algorithm, publicKey }: DnsKey): Buffer =>
  Buffer.concat([Buffer.from([flags >> 8, flags & 255, 3, algorithm]), Buffer.from(publicKey, 'base64')])

/** RFC 4034, appendix B. */
export function keyTagOf(key: DnsKey): number {
  let sum = 0
  for (const [at, byte] of rdataOf(key).entries()) sum += at % 2 === 0 ? byte << 8 : byte
  return (sum + (sum >> 16)) & 0xffff
}

/** A name as it stands on the wire. It is in canonical form: lower case, with its last dot. */
function wireOf(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '')
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ])
}

/** The DS of a key of a zone; null for a digest that we do not know. */
export function dsOf(zone: string, key: DnsKey, digestType = SHA256): DsRecord | null {
  const hash = HASHES[digestType]
  if (hash === undefined) return null
  const digest = createHash(hash).update(wireOf(zone)).update(rdataOf(key)).digest('hex')
  return { keyTag: keyTagOf(key), algorithm: key.algorithm, digestType, digest }
}

/** What is to stand at the parent of a zone that is signed with these keys. */
export const dsSetOf = (zone: string, keys: readonly DnsKey[]): DsRecord[] =>
  keys.filter(({ flags }) => (flags & ENTRY_POINT) !== 0).flatMap((key) => dsOf(zone, key) ?? [])

const isSameDs = (a: DsRecord, b: DsRecord): boolean =>
  a.keyTag === b.keyTag &&
  a.algorithm === b.algorithm &&
  a.digestType === b.digestType &&
  a.digest.toLowerCase() === b.digest.toLowerCase()

/** Whether a DS names one of these keys. */
export const isDsOf = (zone: string, ds: DsRecord, keys: readonly DnsKey[]): boolean =>
  keys.some((key) => {
    const own = dsOf(zone, key, ds.digestType)
    return own !== null && isSameDs(own, ds)
  })

export const isSameKey = (a: DnsKey, b: DnsKey): boolean =>
  a.flags === b.flags && a.algorithm === b.algorithm && a.publicKey === b.publicKey
