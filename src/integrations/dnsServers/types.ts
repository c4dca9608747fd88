import type { DnsKey } from '../../lib/dns/dnssec.ts'
import type { Outcome } from '../../lib/outcome.ts'

/**
 * What mPanel asks of a DNS server that it keeps zones on, in our words. The comments are the contract;
 * `test/contracts/dnsServers.ts` holds each kind of server to it. Every call has a time-out. Nothing here repeats a write.
 */

export type DnsServerConnection =
  | {
      kind: 'powerdns'
      /** `https://dns.example.net:8081`, perhaps with a path; without `/api`. */
      url: string
      apiKey: string
      /** Which of the servers behind the API; `localhost` unless there is something in front of it. */
      serverId: string
      /** PEM of the CA. Without it the system's decide. */
      ca?: string
      timeoutMs?: number
    }
  /** Zone files in the data folder. */
  | { kind: 'zonefiles' }

/**
 * Codes of `rejected`:
 * `unreachable` (not sent; retryable), `unauthorized` (the key is wrong), `missing` (no such zone, or no such server behind the
 * API), `exists` (there is a zone of this name), `invalid` (it refuses what was sent, with its words), `unsupported` (servers of
 * this kind cannot do it), `unwritable` (a file could not be written; retryable).
 */
export type DnsServerCode =
  | 'unreachable'
  | 'unauthorized'
  | 'missing'
  | 'exists'
  | 'invalid'
  | 'unsupported'
  | 'unwritable'

/** The records of one name and type. Contents are in the canonical form of `src/lib/dns` where it knows the type, and sorted. */
export type Rrset = { name: string; type: string; ttl: number; contents: string[] }

/** What is to be at a name and type from now on; null: nothing. */
export type RrsetChange = { name: string; type: string; after: { ttl: number; contents: string[] } | null }

/** Whose a zone is (`owner`): what was said when it was made; '' when nobody has said anything. */
export type ZoneHead = { serial: number; owner: string; signed: boolean }

/** A zone as it stands on the server, without its SOA and without what signing makes. */
export type ServedZone = ZoneHead & { rrsets: Rrset[] }

export type NewZone = {
  /** In full, with its last dot. */
  name: string
  owner: string
  /** Of the SOA: the first name server, and whom to write to. */
  primary: string
  contact: string
  rrsets: readonly Rrset[]
}

/** A key (TSIG, HMAC-SHA256) that whoever copies zones has to show. The name is without a last dot, the secret in base64. */
export type TransferKey = { name: string; secret: string }

/** Who copies zones of a server. */
export type Transfers = {
  key: TransferKey
  /** Where they are told of changes, as `host:port`. */
  secondaries: readonly string[]
  /**
   * The zone that lists all zones to them (RFC 9432), and whose it is; null: there is none. Zones in a catalog may be copied from
   * the secondaries' addresses without the key as well.
   */
  catalog: { name: string; owner: string; primary: string; contact: string } | null
}

export type DnsServer = {
  version(): Promise<Outcome<string>>
  /** Serial and owner alone; null: there is no such zone. */
  zoneHead(name: string): Promise<Outcome<ZoneHead | null>>
  /** All zones of the server by name. Whether they are signed is not asked. */
  heads(): Promise<Outcome<Map<string, Omit<ZoneHead, 'signed'>>>>
  zone(name: string): Promise<Outcome<ServedZone | null>>
  /** The zone with no other sets than those named, all read at one serial; null where that cannot be had: look at all of it. */
  sets(name: string, of: readonly { name: string; type: string }[]): Promise<Outcome<ServedZone | null>>
  /** Rejected with `exists` when it is there: nothing of it is changed then. */
  createZone(zone: NewZone): Promise<Outcome<null>>
  /** All of it or nothing. The serial rises. An empty list changes nothing. */
  changeZone(name: string, changes: readonly RrsetChange[]): Promise<Outcome<null>>
  /** Removes it; one that is not there is removed. */
  removeZone(name: string): Promise<Outcome<null>>
  /** The keys that a zone is signed with, and that are in use; none: it is not signed. */
  keys(name: string): Promise<Outcome<DnsKey[]>>
  /** Has a zone signed from now on, with keys of its own; one that is signed keeps its keys. */
  sign(name: string): Promise<Outcome<null>>
  /** Has the server know the key, and have the catalog. Nothing of a catalog that is not ours is touched (`exists`). */
  prepareTransfers(transfers: Transfers): Promise<Outcome<null>>
  /** Who may copy one zone from now on; null: nobody by a key. What was set is read back. */
  setTransfers(name: string, transfers: Transfers | null): Promise<Outcome<null>>
  /** Takes its keys and signatures away. One that is not signed is as wanted. */
  unsign(name: string): Promise<Outcome<null>>
}
