import type { Outcome } from '../../lib/outcome.ts'

/** What a server shows whoever asks for a name. */
export type ServedChain = {
  /** In the order in which it came, each in PEM form. */
  chain: string[]
}

/** Connects to a host and a port, asks for a name by SNI, and reads what is served. Nothing is trusted and nothing is sent. */
export type TlsLook = (target: { host: string; port: number; name: string }) => Promise<Outcome<ServedChain>>
