import { readConfig } from '../src/config.ts'
import { buildApp } from '../src/app.ts'
import { systemOrigin, transaction } from '../src/context.ts'
import { createDeps } from '../src/deps.ts'
import { newId } from '../src/lib/ids.ts'
import { createLogger } from '../src/lib/log.ts'
import * as tenantService from '../src/services/tenantService.ts'
import * as userService from '../src/services/userService.ts'
import { execute, type BenchDatabase } from './database.ts'

const PODS = 100_000
const TENANTS = 200

export type Captured = { text: string; values: unknown[] }

export function depsOf(database: BenchDatabase) {
  const config = readConfig({ DATABASE_URL: database.url, MPANEL_DATA_DIR: database.dataDir })
  return createDeps(config, database.url, { log: createLogger({ level: 'fatal' }) })
}

/** Tenants, a cluster and pods with an address each; and an API key of the owner of one tenant. */
export async function fill(database: BenchDatabase) {
  const deps = depsOf(database)
  const made = await transaction(deps.root, systemOrigin('bench', newId()), 'platform', async (ctx) => {
    const tenantIds: string[] = []
    for (let i = 0; i < TENANTS; i++) {
      const slug = `tenant-${i}`
      const tenant = await tenantService.create(ctx, {
        name: slug,
        slug,
        billingTz: 'UTC',
        defaultCurrency: 'EUR',
      })
      tenantIds.push(tenant.id)
    }
    const tenantId = tenantIds[TENANTS / 2] ?? ''
    const email = 'owner@example.com'
    await userService.createUser(ctx, {
      email,
      name: 'Owner',
      password: `large and full ${newId()}`,
      role: 'TENANT_OWNER',
      tenantId,
    })
    const key = await userService.createApiKey(ctx, {
      email,
      name: 'bench',
      tenantId: null,
      scopes: ['cloudpods:read'],
      days: 1,
    })
    return { tenantId, key: key.token }
  })
  await deps.close()
  await execute(database.ownerUrl, bulk())
  await execute(database.ownerUrl, 'vacuum analyze')
  return { ...made, pods: PODS, tenants: TENANTS }
}

/** Pods in the order of time over all tenants, as they would have come, each with one address. */
const bulk = (): string => `
do $$
declare
  cluster uuid := gen_random_uuid(); node uuid := gen_random_uuid(); plan uuid := gen_random_uuid();
  blueprint uuid := gen_random_uuid(); pool uuid := gen_random_uuid();
begin
  insert into clusters (id, name, api_url, token_id, token_secret_sealed, vmid_min, vmid_max, created_at)
    values (cluster, 'bench', 'https://bench.invalid', 'x', '', 100, 999999, now());
  insert into nodes (id, cluster_id, name, status, cores, memory_mb, created_at)
    values (node, cluster, 'pve1', 'online', 64, 1000000, now());
  insert into cloud_pod_plans (id, code, name, cores, memory_mb, disk_gb, created_at)
    values (plan, 'small', 'Small', 1, 2048, 20, now());
  insert into cloud_pod_blueprints (id, code, name, kind, created_at)
    values (blueprint, 'debian', 'Debian', 'vm', now());
  insert into ip_pools (id, cluster_id, name, network, gateway, range_start, range_end, created_at)
    values (pool, cluster, 'bench', '10.0.0.0/8', '10.0.0.1', '10.0.0.2', '10.255.255.254', now());
  insert into cloud_pods (id, tenant_id, hostname, kind, plan_id, blueprint_id, cores, memory_mb, disk_gb, cluster_id,
      node_id, vmid, mac, state, power_state, power_checked_at, created_at, updated_at)
    select (lpad(to_hex(1700000000000 + i), 12, '0') || '7000' || '8' || substr(md5(i::text), 1, 15))::uuid,
      (array(select id from tenants order by id))[1 + i % ${TENANTS}], 'web-' || i, 'vm', plan, blueprint, 1, 2048, 20, cluster,
      node, 100 + i, ('02' || lpad(to_hex(i), 10, '0'))::macaddr, 'active', 'running', now(), now(), now()
    from generate_series(1, ${PODS}) i;
  insert into ip_addresses (pool_id, address, tenant_id, state, pod_id, created_at)
    select pool, '10.0.0.2'::inet + row_number() over (order by id), tenant_id, 'assigned', id, now() from cloud_pods;
end $$`

/** What one request sends to the database, from the very code that answers it; `from` is in the statement that counts. */
export async function capture(
  database: BenchDatabase,
  key: string,
  path: string,
  from = 'from "cloud_pods"',
): Promise<{ statements: Captured[]; list: Captured; items: number }> {
  const deps = depsOf(database)
  const app = await buildApp(deps.root, {
    trustedProxies: [],
    version: 'bench',
    requestLimits: { caller: 0, address: 0 },
  })
  const ask = () => app.inject({ url: path, headers: { authorization: `Bearer ${key}` } })
  const statements: Captured[] = []
  let listening = false
  deps.root.db.pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    client.query = ((...args: [string | { text: string; values?: unknown[] }, ...unknown[]]) => {
      const [given, values] = args
      const entry =
        typeof given === 'string'
          ? { text: given, values: (values as unknown[] | undefined) ?? [] }
          : { text: given.text, values: given.values ?? [] }
      if (listening) statements.push(entry)
      return query(...args)
    }) as typeof client.query
  })
  for (let warm = 0; warm < 20; warm++) await ask()
  listening = true
  const answer = await ask()
  await app.close()
  await deps.close()
  const list = statements.find(({ text }) => text.includes(from))
  if (answer.statusCode !== 200 || !list) throw new Error(`the list could not be captured: ${answer.body}`)
  return { statements, list, items: answer.json<{ items?: unknown[] }>().items?.length ?? 1 }
}
