import type { Outcome } from '../../lib/outcome.ts'

/**
 * What mPanel asks of a NetBox, in our words. The comments are the contract; `test/contracts/netbox.ts` holds the client and
 * the simulator to it. Every call has a time-out. Nothing here repeats a write.
 */

/** Where a NetBox is, and as whom it is asked. */
export type NetboxConnection = {
  /** `https://netbox.example.com`, perhaps with a path; without `/api`. */
  url: string
  /** `nbt_<key>.<token>`, or one of the older ones without a key. */
  token: string
  /** PEM of the CA. Without it the system's decide. */
  ca?: string
  /** The custom field of addresses that our marks stand in. */
  field: string
  timeoutMs?: number
}

/**
 * Codes of `rejected`:
 * `unreachable` (not sent; retryable), `busy` (429; retryable), `unauthorized` (401: no token), `forbidden` (403: token wrong or
 * a permission missing), `missing` (404), `taken` (the address cannot be made because of what stands there), `protected` (409:
 * something hangs on it), `invalid` (any other 4xx, with `errors`), `unmarkable` (the custom field cannot be searched for one
 * value).
 */
export type NetboxCode =
  | 'unreachable'
  | 'busy'
  | 'unauthorized'
  | 'forbidden'
  | 'missing'
  | 'taken'
  | 'protected'
  | 'invalid'
  | 'unmarkable'

/** What is said about an address. */
export type Said = {
  /** Without its length. */
  address: string
  prefix: number
  vrfId: number | null
  status: string
  dnsName: string
  description: string
  mark: string | null
}

/** An address as it stands in NetBox. There may be several of one address. */
export type Entry = Said & { id: number }

export type Prefix = { id: number; network: string; vrf: { id: number; name: string } | null }

/** Where to look. */
export type Space = { network: string; vrfId: number | null }

/** Whether marks can be written and searched: `unseen` when that may not be looked at. */
export type MarkField = 'usable' | 'missing' | 'unusable' | 'unseen'

export type Netbox = {
  version(): Promise<Outcome<string>>
  /** Whether addresses may be added and changed. That they may be deleted is only known once one was. */
  rights(): Promise<Outcome<{ add: boolean; change: boolean }>>
  markField(): Promise<Outcome<MarkField>>
  prefix(id: number): Promise<Outcome<Prefix>>
  /** All addresses of a network in a VRF. `unknown` when the list changed while it was read. */
  entries(space: Space): Promise<Outcome<Entry[]>>
  /** Ranges in which no address can be made, because NetBox counts them as full. */
  fullRanges(space: Space): Promise<Outcome<{ first: string; last: string }[]>>
  /** What carries a mark. The one thing to find what a lost answer has left. */
  marked(mark: string): Promise<Outcome<Entry[]>>
  at(address: string, vrfId: number | null): Promise<Outcome<Entry[]>>
  create(said: Said): Promise<Outcome<Entry>>
  change(id: number, said: Said): Promise<Outcome<Entry>>
  remove(id: number): Promise<Outcome<null>>
}
