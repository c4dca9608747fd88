import { DnsError } from '../../lib/dns/errors.ts'
import { canonicalContent, isRecordType } from '../../lib/dns/records.ts'
import type { Rrset } from './types.ts'

/** The server's own, or made by whoever signs: nobody compares them. */
export const NOT_COMPARED = new Set([
  'SOA',
  'RRSIG',
  'NSEC',
  'NSEC3',
  'NSEC3PARAM',
  'DNSKEY',
  'CDS',
  'CDNSKEY',
])

/** A content as a server has it, in our form; as it stands where it is of none that we know. */
export function canonicalOf(type: string, content: string, zone: string): string {
  if (!isRecordType(type)) return content
  try {
    return canonicalContent(type, content, zone)
  } catch (error) {
    if (!(error instanceof DnsError)) throw error
    return content
  }
}

const byKey = (a: Rrset, b: Rrset): number =>
  a.name === b.name ? (a.type < b.type ? -1 : 1) : a.name < b.name ? -1 : 1

/** In one order, each content once. */
export const sorted = (rrsets: readonly Rrset[]): Rrset[] =>
  rrsets
    .map((one) =>
      one.contents.length === 1 ? one : { ...one, contents: [...new Set(one.contents)].toSorted() },
    )
    .toSorted(byKey)
