import { startWhmcsSim, type WhmcsSim } from '../../sim/whmcs/server.ts'
import type { BillingProvider } from '../../shared/api/billingPayments.ts'
import { createBilling, stripeAt } from '../../src/integrations/billing/client.ts'
import { networks, sendOutgoing } from '../../src/lib/outgoing.ts'
import type { TestApp } from './app.ts'

export const HOOK_SECRET = 'secret-of-the-hooks-of-whmcs'
const LOOPBACK = networks(['127.0.0.0/8'])

const sims = new WeakMap<TestApp, Promise<WhmcsSim>>()

/** The simulated WHMCS of an application, by whose clock it goes. What its hooks have to say is kept back. */
export function whmcsOf(app: TestApp): Promise<WhmcsSim> {
  const known = sims.get(app)
  if (known) return known
  const now = (): Date => app.root.now()
  const made = startWhmcsSim({ now }).then((sim) => {
    sim.hooks.hold()
    const { vendors } = app.root
    const others = vendors.billing.bind(vendors)
    const reach = {
      stripe: stripeAt('https://api.example.com', 1),
      now,
      send: sendOutgoing.bind(null, LOOPBACK),
    }
    const clients = new Map<string, ReturnType<typeof createBilling>>()
    vendors.billing = (connection) => {
      if (connection.kind !== 'whmcs') return others(connection)
      const name = JSON.stringify(connection)
      const client = clients.get(name) ?? createBilling(reach, connection)
      clients.set(name, client)
      return client
    }
    return sim
  })
  sims.set(app, made)
  return made
}

/** Lets the WHMCS collect for a tenant, or be its record. */
export async function whmcsFor(
  app: TestApp,
  tenantId: string,
  more: { authority?: 'mpanel' | 'provider'; chargesAutomatically?: boolean } = {},
): Promise<BillingProvider> {
  const sim = await whmcsOf(app)
  const { url, identifier, secret } = sim
  const body = { kind: 'whmcs', tenantId, url, identifier, secret, webhookSecret: HOOK_SECRET, ...more }
  const answer = await app.admin.post<BillingProvider>('/api/admin/billing/providers', body)
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  sim.hooks.endpoint = {
    url: `${app.url}/api/webhooks/whmcs?provider=${answer.body.id}`,
    secret: HOOK_SECRET,
  }
  return answer.body
}

type Client = { id: number; name?: string; email?: string; currency?: number; company?: string }

/** A client that somebody has made in WHMCS. */
export function clientIn(sim: WhmcsSim, of: Omit<Client, 'id'> = {}): number {
  const id = sim.world.nextId++
  const [firstname = '', ...rest] = (of.name ?? 'Ada Lovelace').split(' ')
  const lastname = rest.join(' ')
  sim.world.clients.set(id, {
    id,
    firstname,
    lastname,
    companyname: of.company ?? '',
    email: of.email ?? `client${id}@example.com`,
    country: 'IT',
    currency: of.currency ?? 1,
    status: 'Active',
    notes: '',
    credit: 0,
    created: '2026-01-01',
  })
  return id
}

/** What a person does in WHMCS by its API. */
export async function inWhmcs(
  sim: WhmcsSim,
  action: string,
  fields: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const { identifier, secret } = sim
  const answer = await fetch(`${sim.url}/includes/api.php`, {
    method: 'POST',
    body: new URLSearchParams({ action, identifier, secret, responsetype: 'json', ...fields }),
  })
  const json = (await answer.json()) as Record<string, unknown>
  if (json['result'] !== 'success') throw new Error(JSON.stringify(json))
  return json
}
