import { startRegistrySim, type RegistrySim } from '../../sim/registry/server.ts'
import type { DomainOrdered, DomainRegistration } from '../../shared/api/domainRegistrations.ts'
import type { Invoice } from '../../shared/api/billing.ts'
import { newId } from '../../src/lib/ids.ts'
import { enqueueSync } from '../../src/services/domainQueues.ts'
import { lockDomain } from '../../src/services/domainService.ts'
import { seedRegistry } from '../../src/startRegistry.ts'
import { good } from '../rules/pods.ts'
import { pay } from './api.ts'
import { finished, startApp, until, type TestApp } from './app.ts'

const sims = new WeakMap<TestApp, Promise<RegistrySim>>()

/** The registry of a test's application, with its account and prices. It is closed with the process. */
export function registryOf(app: TestApp): Promise<RegistrySim> {
  const known = sims.get(app)
  if (known) return known
  const made = startRegistrySim().then(async (sim) => {
    await app.as((ctx) => seedRegistry(ctx, sim))
    const close = app.close.bind(app)
    app.close = async () => {
      await close()
      await sim.close()
    }
    return sim
  })
  sims.set(app, made)
  return made
}

export const DOMAINS = '/api/admin/domains'
export const freshName = (): string => `d${newId().slice(-12)}.example`
const ada = {
  name: 'Ada Example',
  street: 'Example Street 1',
  city: 'Berlin',
  postcode: '10115',
  country: 'DE',
  phone: '+49.301234567',
  email: 'ada@example.com',
}
export const CONTACTS = { registrant: ada }
export const NAMESERVERS = [{ host: 'ns1.example.org' }, { host: 'ns2.example.org' }]

export async function registerBody(app: TestApp, tenantId: string, name = freshName(), currency = 'EUR') {
  await registryOf(app)
  const customer = { tenantId, name: 'Ada', email: 'ada@example.com', currency }
  const { id: customerId } = await good(app.admin.post<{ id: string }>('/api/admin/customers', customer))
  return { tenantId, customerId, name, years: 1, contacts: CONTACTS, nameservers: NAMESERVERS }
}

export const orderIn = async (app: TestApp, tenantId: string, name?: string): Promise<DomainOrdered> =>
  good(app.admin.post<DomainOrdered>(`${DOMAINS}/register`, await registerBody(app, tenantId, name)))

export const invoiceOf = async (app: TestApp, { operation }: DomainOrdered): Promise<Invoice> => {
  const { body } = await app.admin.get<{ items: Invoice[] }>('/api/admin/billing/invoices?limit=200')
  const found = body.items.find(({ id }) => id === operation.invoiceId)
  if (!found) throw new Error('the order has no invoice')
  return found
}

export const payFor = async (app: TestApp, order: DomainOrdered): Promise<void> => {
  await pay(app.admin, await invoiceOf(app, order))
}

export const registrationOf = async (app: TestApp, id: string): Promise<DomainRegistration> =>
  (await app.admin.get<DomainRegistration>(`${DOMAINS}/${id}/registration`)).body

/** A test's application with its registry, and a tenant. */
export async function startRegistryApp(): Promise<{ app: TestApp; sim: RegistrySim; tenantId: string }> {
  const app = await startApp()
  return { app, sim: await registryOf(app), tenantId: await app.tenant() }
}

/** What is known of a domain once it is in one of these states, and nothing is going on about it. */
export const settledAs = (app: TestApp, id: string, ...wanted: string[]): Promise<DomainRegistration> =>
  until(
    async () => {
      const now = await registrationOf(app, id)
      return wanted.includes(now.registration) && now.operation === null && now
    },
    `the domain to be ${wanted.join(' or ')}`,
  )

/** Has a domain compared with its registry. */
export async function compared(app: TestApp, tenantId: string, id: string): Promise<void> {
  const job = await app.as(async (ctx) => enqueueSync(ctx, await lockDomain(ctx, tenantId, id)))
  await finished(app.admin, job.id)
}
