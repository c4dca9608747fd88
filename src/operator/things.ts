import type { MPanel, Operation } from '../../packages/client/src/index.ts'
import { CommandFailed, EXIT, notThere, wrongUse } from './failures.ts'
import type { Row } from './output.ts'

export type Kind = {
  list: Operation
  show: Operation | null
  /** The fields by which people name one. */
  names: string[]
  /** Its list finds words. */
  searches: boolean
  /** What its list calls a state, if it can be asked for. */
  state?: 'state' | 'status'
  columns: Record<string, string>
}

export const KINDS: Record<string, Kind> = {
  pods: {
    list: 'listCloudPods',
    show: 'getCloudPod',
    names: ['hostname'],
    searches: true,
    state: 'state',
    columns: {
      ID: 'id',
      'HOST NAME': 'hostname',
      STATE: 'state',
      POWER: 'powerState',
      PLAN: 'plan.name',
      ADDRESSES: 'addresses',
    },
  },
  customers: {
    list: 'listCustomers',
    show: 'getCustomer',
    names: ['name', 'email'],
    searches: true,
    state: 'state',
    columns: { ID: 'id', NAME: 'name', 'E-MAIL': 'email', STATE: 'state' },
  },
  subscriptions: {
    list: 'listSubscriptions',
    show: 'getSubscription',
    names: [],
    searches: false,
    state: 'state',
    columns: {
      ID: 'id',
      CUSTOMER: 'customer.name',
      PLAN: 'plan.name',
      STATE: 'state',
      PRICE: 'price.unit',
      UNTIL: 'periodEnd',
    },
  },
  invoices: {
    list: 'listInvoices',
    show: 'getInvoice',
    names: ['number'],
    searches: false,
    state: 'status',
    columns: {
      ID: 'id',
      NUMBER: 'number',
      CUSTOMER: 'customer.name',
      STATUS: 'status',
      TOTAL: 'total',
      PAID: 'paid',
      DUE: 'dueDate',
    },
  },
  domains: {
    list: 'listDomains',
    show: 'getDomain',
    names: ['name', 'unicodeName'],
    searches: true,
    columns: {
      ID: 'id',
      NAME: 'unicodeName',
      REGISTRATION: 'registration',
      CUSTOMER: 'customerName',
      EXPIRES: 'expiresAt',
    },
  },
  certificates: {
    list: 'findSslCertificates',
    show: 'getSslCertificate',
    names: ['names'],
    searches: true,
    state: 'state',
    columns: { ID: 'id', NAMES: 'names', STATE: 'state', ENDS: 'notAfter', PROBLEM: 'problem.message' },
  },
  jobs: {
    list: 'listJobs',
    show: 'getJob',
    names: [],
    searches: false,
    state: 'state',
    columns: {
      ID: 'id',
      KIND: 'kind',
      OF: 'subject.label',
      STATE: 'state',
      '%': 'progress',
      DOING: 'doing',
      BEGUN: 'createdAt',
    },
  },
  tenants: {
    list: 'listTenants',
    show: 'getTenant',
    names: ['slug', 'name'],
    searches: true,
    state: 'state',
    columns: { ID: 'id', SLUG: 'slug', NAME: 'name', STATE: 'state' },
  },
  plans: {
    list: 'listPlans',
    show: null,
    names: ['code', 'name'],
    searches: false,
    columns: {
      ID: 'id',
      CODE: 'code',
      NAME: 'name',
      CORES: 'cores',
      'MEMORY MB': 'memoryMb',
      'DISK GB': 'diskGb',
      STATE: 'state',
    },
  },
  addons: {
    list: 'listAddons',
    show: null,
    names: ['code', 'name'],
    searches: false,
    columns: { ID: 'id', CODE: 'code', NAME: 'name', 'AT MOST': 'maxQuantity', STATE: 'state' },
  },
  blueprints: {
    list: 'listBlueprints',
    show: 'getBlueprint',
    names: ['code', 'name'],
    searches: false,
    columns: { ID: 'id', CODE: 'code', NAME: 'name', KIND: 'kind', STATE: 'state', AVAILABLE: 'available' },
  },
}

/** A kind by its name; the singular counts, too. @throws CommandFailed */
export function kindNamed(name: string | undefined): Kind {
  const kind = name === undefined ? undefined : (KINDS[name] ?? KINDS[`${name}s`])
  if (!kind) throw wrongUse(`Say which: ${Object.keys(KINDS).join(', ')}`)
  return kind
}

type Query = Record<string, string | number>
type Calls = Record<string, (input: { path?: { id: string }; query?: Query }) => Promise<Row>>
type Lists = Record<string, (input: { query: Query }) => AsyncGenerator<Row>>

/** What the table above names is called by its name. */
const callsOf = (mpanel: MPanel): Calls => mpanel as unknown as Calls
const listsOf = (mpanel: MPanel): Lists => mpanel.all as unknown as Lists

/** The first of a list, and whether there are more. */
export async function take(
  mpanel: MPanel,
  kind: Kind,
  query: Query,
  limit: number,
): Promise<{ items: Row[]; more: boolean }> {
  const items: Row[] = []
  const pages = listsOf(mpanel)[kind.list]?.({ query: { limit: Math.min(limit, 200), ...query } })
  for await (const item of pages ?? []) {
    if (items.length === limit) return { items, more: true }
    items.push(item)
  }
  return { items, more: false }
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** One by its id or by a name that only it has. @throws CommandFailed */
export async function find(
  mpanel: MPanel,
  kind: Kind,
  which: string | undefined,
  query: Query = {},
): Promise<Row> {
  if (which === undefined || which === '') throw wrongUse('Say which one, by its id or name')
  const show = kind.show === null ? undefined : callsOf(mpanel)[kind.show]
  if (ID.test(which) && show) return show({ path: { id: which } })
  const asked = { ...query, ...(kind.searches ? { q: which } : {}) }
  const { items } = await take(mpanel, kind, asked, 5_000)
  const isMeant = (item: Row): boolean =>
    item['id'] === which || kind.names.some((name) => [item[name]].flat().includes(which))
  const [found, second] = items.filter(isMeant)
  if (!found) throw notThere(`There is nothing called ${which}.`)
  if (second) throw new CommandFailed(EXIT.refused, `Several are called ${which}: say the id.`)
  return show ? show({ path: { id: String(found['id']) } }) : found
}
