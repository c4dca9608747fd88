/** What the simulated NetBox keeps. */
export type Address = {
  id: number
  address: string
  length: number
  vrf: number | null
  status: string
  role: string | null
  dns_name: string
  description: string
  custom_fields: Record<string, unknown>
  /** Something hangs on it: it cannot be deleted. */
  protected: boolean
}

export type Token = {
  /** v2: the key before the dot; null: an old one, of one word. */
  key: string | null
  secret: string
  write: boolean
  expired: boolean
  /** Null: a superuser's, who may do everything. */
  permissions: ReadonlySet<string> | null
}

type CustomField = {
  id: number
  name: string
  type: string
  filter_logic: string
  object_types: string[]
}

type Vrf = { id: number; name: string; enforce_unique: boolean }

export type World = {
  version: string
  /** ENFORCE_GLOBAL_UNIQUE: of addresses outside of any VRF. */
  enforceGlobalUnique: boolean
  maxPageSize: number
  nextId: number
  addresses: Map<number, Address>
  prefixes: Map<number, { id: number; prefix: string; vrf: number | null }>
  ranges: Map<number, { id: number; first: string; last: string; vrf: number | null; populated: boolean }>
  vrfs: Map<number, Vrf>
  fields: Map<string, CustomField>
  tokens: Token[]
}

export const emptyWorld = (): World => ({
  version: '4.6.8',
  enforceGlobalUnique: true,
  maxPageSize: 1_000,
  nextId: 1,
  addresses: new Map(),
  prefixes: new Map(),
  ranges: new Map(),
  vrfs: new Map(),
  fields: new Map(),
  tokens: [],
})

/** What is answered instead. */
export class Refused extends Error {
  readonly status: number
  readonly body: unknown
  constructor(status: number, body: unknown) {
    super(`refused with ${status}`)
    this.status = status
    this.body = body
  }
}

export const detail = (status: number, text: string): Refused => new Refused(status, { detail: text })

/** What an address has that nobody has said. */
export const NEW_ADDRESS: Omit<Address, 'id'> = {
  address: '',
  length: 0,
  vrf: null,
  status: 'active',
  role: null,
  dns_name: '',
  description: '',
  custom_fields: {},
  protected: false,
}
