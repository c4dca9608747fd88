/** What DNS has at a name: the TXT records, each with its parts joined, or why they could not be read. */
export type TxtAnswer = { ok: true; records: string[] } | { ok: false; fault: string }

/** The CAA records that count for a name, and at which name they stand; or why they could not be read. */
export type CaaAnswer =
  | { ok: true; at: string | null; records: { critical: boolean; tag: string; value: string }[] }
  | { ok: false; fault: string }

type DnsKeySeen = { flags: number; algorithm: number; publicKey: string }
type DsSeen = { keyTag: number; algorithm: number; digestType: number; digest: string }

/** One name server of the parent of a zone. */
export type ParentSeen = {
  server: string
  /** Why it could not be asked. */
  fault: string | null
  /** What it delegates the zone to; empty: it does not. Without last dots, in lower case. */
  nameServers: string[]
  ds: DsSeen[]
  /** For how many seconds its DS may be remembered. */
  dsTtl: number | null
}

/** One name server that a zone is delegated to, or should be. */
export type ServerSeen = {
  host: string
  addresses: string[]
  fault: string | null
  /** It answers, and does not say that it has the zone. */
  lame: boolean
  serial: number | null
  /** What the zone itself says that its name servers are. */
  nameServers: string[]
  keys: DnsKeySeen[]
  /** Its keys come with a signature. */
  signed: boolean
}

/** Addresses of a name server below the zone, as the parent gives them and as the zone has them. */
export type GlueSeen = { host: string; given: string[]; served: string[] }

export type DelegationSeen = {
  /** The zone above; null where it could not be found. */
  parent: string | null
  fault: string | null
  parents: ParentSeen[]
  servers: ServerSeen[]
  glue: GlueSeen[]
}

/** What the world sees of a zone: its parent's name servers and its own are asked. @param hosts name servers that are ours */
export type DelegationLook = (zone: string, hosts: readonly string[]) => Promise<DelegationSeen>

/** A name server, by one of its addresses. */
export type NameServer = { host: string; address: string }
/** `records`: each with its parts joined; `fault`: why it has not said. */
export type TxtSeen = NameServer & ({ records: string[]; fault: null } | { records: null; fault: string })

/** Asks name servers themselves, so that nothing that somebody remembers is seen. */
export type TxtAtServers = (servers: readonly NameServer[], name: string) => Promise<TxtSeen[]>

/** Which names an address has, and which addresses a name has, as everybody sees them; or why that could not be asked. */
export type ReverseLook = (
  address: string,
  name: string,
) => Promise<{ ok: true; names: string[]; addresses: string[] } | { ok: false; fault: string }>
