/** What people ask of an installation, made from its OpenAPI document: no list can be forgotten. */
import { execute } from './database.ts'

export type Case = { operation: string; what: string; path: string }
type Parameter = { name: string; in: string; schema?: { enum?: string[] } }
export type Document = {
  paths: Record<string, { get?: { operationId: string; parameters?: Parameter[] } }>
}

/** Things of one tenant, or of the biggest for who sees all. */
type Facts = Record<string, string>

/** Texts that many, few and no rows hold. */
const WORDS = ['anna', 'bianchunson', 'web', 'example', 'qqqxyz']

/** Values of filters that are no choice of few; `undefined` leaves the filter out. */
const valuesOf = (name: string, operation: string, facts: Facts): (string | undefined)[] => {
  const day = new Date().toISOString().slice(0, 10)
  const half = new Date(Date.now() - 180 * 86_400_000).toISOString()
  const known: Record<string, (string | undefined)[]> = {
    q: WORDS,
    tag: operation === 'listCloudPods' ? ['production'] : ['newsletter', 'vip'],
    dueBefore: [day],
    expiresBefore: [day],
    endsBefore: [day],
    endedSince: [new Date(Date.now() - 86_400_000).toISOString()],
    action: ['THING_7_DONE', 'RARE_DONE', 'NEVER_DONE'],
    targetType: ['invoice'],
    from: [half],
    to: [half],
    verified: ['true', 'false'],
    open: ['true', 'false'],
    problems: ['true'],
    kind: ['cloudPod.create', 'cloudPod.nothing'],
    subjectType: ['cloudPod'],
    tld: ['com'],
    service: ['active'],
  }
  return known[name] ?? [facts[name]]
}

const pagesOf = (
  path: string,
  operation: string,
  parameters: Parameter[],
  facts: Facts,
  whole: boolean,
): Case[] => {
  const list = `${path}?limit=50`
  const cases: Case[] = [{ operation, what: 'first page', path: list }]
  for (const { name, schema } of parameters) {
    if (name === 'limit' || name === 'bom' || (name === 'tenantId' && !whole)) continue
    if (name === 'cursor') {
      // Those without an order to choose have cursors of their own.
      const cursor = operation === 'listAuditEvents' ? facts['auditCursor'] : facts['cursor']
      if (cursor !== undefined && parameters.some((other) => other.name === 'sort'))
        cases.push({ operation, what: 'deep', path: `${list}&cursor=${cursor}` })
    } else
      for (const value of schema?.enum?.filter((choice) => choice !== '-createdAt') ??
        valuesOf(name, operation, facts))
        if (value !== undefined)
          cases.push({
            operation,
            what: name === 'sort' ? 'upwards' : `${name}=${value.length > 24 ? '…' : value}`,
            path: `${list}&${name}=${encodeURIComponent(value)}`,
          })
  }
  return cases
}

/** Single things and figures that are counted, by their operation. */
const FIGURES = [
  'getDashboard',
  'getSetup',
  'getQueues',
  'getWorkers',
  'getAlerts',
  'getBrakes',
  'getTimers',
  'getCustomer',
  'getCustomerStatistics',
  'getTenant',
  'getTenantQuota',

  'getCloudPod',
  'getSubscription',
  'getSubscriptionTimeline',
  'getJob',
  'getUser',
  'getDomain',
  'getZone',
  'getCloudPodAddresses',
  'getCluster',
  'getIpPool',
  'getInvoicePayments',
  'getIpAddresses',
]

const SEARCHES: Record<string, string> = {
  'a common word': 'anna',
  'two words': 'anna schmid',
  'the beginning of a word': 'bianch',
  'one letter': 'x',
  'a typo': 'schmdihofer',
  'two typos': 'fransois parkertn',
  'a host name': 'web30000',
  'a network': '10.0.0.0/24',
  'an invoice': 'INV-0005001',
  'no hit': 'qqqxyz',
}

/** @param whole whether the caller sees all tenants, and so may ask for one of them */
export function casesOf(document: Document, facts: Facts, whole: boolean): Case[] {
  const cases: Case[] = Object.entries(SEARCHES).map(([what, q]) => ({
    operation: 'search',
    what,
    path: `/api/admin/search?q=${encodeURIComponent(q)}`,
  }))
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (!get) continue
    const { operationId: operation } = get
    const parameters = (get.parameters ?? []).filter((parameter) => parameter.in === 'query')
    const isList = parameters.some(({ name }) => name === 'limit') && /^(list|find|get)/.test(operation)
    if (!isList && !FIGURES.includes(operation)) continue
    const filled = filledIn(path, facts)
    if (filled === undefined) continue
    if (operation === 'getAuditTimeline')
      cases.push({
        operation,
        what: 'a target',
        path: `${filled}?limit=50&targetType=customer&targetId=${facts['targetId']}`,
      })
    else if (isList) cases.push(...pagesOf(filled, operation, parameters, facts, whole))
    else cases.push({ operation, what: '', path: filled })
  }
  return cases
}

/** The path with the id of a thing that it is about; `undefined` if there is none. */
function filledIn(path: string, facts: Facts): string | undefined {
  if (!path.includes('{')) return path
  const kind = /^\/api\/admin\/(?:\w+\/)?([\w-]+)\/\{id\}/.exec(path)?.[1]
  const id = kind === undefined ? undefined : facts[kind]
  return id === undefined || path.split('{').length > 2 ? undefined : path.replace('{id}', id)
}

/** @param tenantId whose things; `null`: of the biggest tenant */
export async function factsOf(url: string, tenantId: string | null): Promise<Facts> {
  const [found] = await execute<{ facts: Facts }>(
    url,
    `select jsonb_strip_nulls(jsonb_build_object(
      'tenantId', t.id, 'tenants', t.id, 'customers', c.id, 'customerId', c.id, 'groupId', c.group_id,
      'subscriptions', s.id, 'subscriptionId', s.id, 'cloudpods', p.id, 'podId', p.id, 'jobs', j.id, 'subjectId', p.id,
      'invoices', i.id, 'domains', d.id, 'certificates', z.id, 'users', u.user_id, 'userId', u.user_id, 'roleId', u.role_id,
      'clusters', (select id from clusters limit 1), 'ip-pools', (select id from ip_pools limit 1),
      'targetId', a.target_id, 'actorId', a.actor_id, 'requestId', a.request_id, 'correlationId', a.correlation_id,
      'auditCursor', (select (extract(epoch from at) * 1000000)::bigint || '.' || id from audit_events where at < now() - interval '20 days' order by at desc limit 1),
      'cursor', (select id from subscriptions where id > (lpad(to_hex(1700000000000 + 500 * (select reltuples::bigint from pg_class where oid = 'subscriptions'::regclass)), 12, '0')
         || '70008000000000000000')::uuid order by id limit 1))) as facts
     from (select id from tenants where $1::uuid is null or id = $1 order by id limit 1) t
      left join lateral (select * from customers where tenant_id = t.id order by group_id nulls last limit 1) c on true
      left join lateral (select * from subscriptions where tenant_id = t.id order by id limit 1) s on true
      left join lateral (select * from cloud_pods where tenant_id = t.id order by id limit 1) p on true
      left join lateral (select * from provisioning_jobs where tenant_id = t.id order by id desc limit 1) j on true
      left join lateral (select * from invoices where tenant_id = t.id order by id limit 1) i on true
      left join lateral (select * from domains where tenant_id = t.id order by id limit 1) d on true
      left join lateral (select * from ssl_certificates where tenant_id = t.id order by id limit 1) z on true
      left join lateral (select * from role_grants where tenant_id = t.id order by id limit 1) u on true
      left join lateral (select * from audit_events where tenant_id = t.id and actor_id is not null order by at desc limit 1) a on true`,
    [tenantId],
  )
  return found?.facts ?? {}
}
