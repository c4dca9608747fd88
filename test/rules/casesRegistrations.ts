import { sql } from 'kysely'
import * as registry from '../../sim/registry/domains.ts'
import { newId } from '../../src/lib/ids.ts'
import * as domainRegistrarService from '../../src/services/domainRegistrarService.ts'
import * as mailNoticeService from '../../src/services/mailNoticeService.ts'
import type { TestApp } from '../support/app.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import { CONTACTS, freshName, NAMESERVERS, registerBody, registryOf } from '../support/registry.ts'
import type { Case, Made } from './cases.ts'
import { domainIn } from './casesDomains.ts'
import type { Owner } from './rows.ts'

const accountOf = async (app: TestApp): Promise<string> => {
  await registryOf(app)
  const [row] = await rowsOf(app, sql<{ id: string }>`select id from registrar_accounts where simulated`)
  return row?.id ?? ''
}

/** A domain as it is once its registry has said so. */
async function heldIn(
  app: TestApp,
  tenantId: string,
  registration = 'active',
): Promise<{ id: string; name: string }> {
  const accountId = await accountOf(app)
  const { customerId } = await registerBody(app, tenantId)
  const { id, name } = await domainIn(app, tenantId, freshName())
  await rowsOf(
    app,
    sql`update domains set registration = ${registration}, registrar_account_id = ${accountId}, customer_id = ${customerId},
      registered_at = now(), expires_at = now() + interval '1 year' where id = ${id}`,
  )
  return { id, name }
}
const held =
  (body: unknown, registration?: string): Case =>
  async (app, tenantId) => ({ id: (await heldIn(app, tenantId, registration)).id, body })

const connection = () => ({
  driver: 'epp',
  name: `case ${newId()}`,
  currency: 'EUR',
  // Nobody answers there.
  host: '127.0.0.1',
  port: 1,
  clientId: 'mpanel',
  password: 'a-password',
})

const registrarIn = async (app: TestApp): Promise<string> => {
  const body = {
    ...connection(),
    driver: 'epp',
    contacts: true,
    caPem: null,
    certPem: null,
    keyPem: null,
  } as const
  return (await app.as((ctx) => domainRegistrarService.addRegistrar(ctx, body))).id
}
const priceBody = async (app: TestApp) => ({
  registrarId: await accountOf(app),
  tld: `t${newId().slice(-8)}`,
  operation: 'register' as const,
  years: 1,
  currency: 'EUR',
  costMinor: '100',
  marginMinor: '10',
})

/** What a registry knows as well. */
async function withCode(app: TestApp, tenantId: string): Promise<Made> {
  const sim = await registryOf(app)
  const { id, name } = await heldIn(app, tenantId)
  const asked = {
    name,
    years: 1,
    hosts: [],
    registrant: null,
    contacts: [],
    ds: [],
    fee: null,
    clTRID: '',
  }
  registry.create(sim.world, { account: 'mpanel', now: sim.now() }, { ...asked, authCode: 'x' })
  return { id, body: {} }
}

/** The rows of the route table about registrations and where they are made. */
export const REGISTRATION_CASES: Record<string, Case> = {
  searchDomains: async (app) => {
    await registryOf(app)
    return { query: 'words=shop&currency=EUR' }
  },
  registerDomain: async (app, tenantId) => ({ body: await registerBody(app, tenantId) }),
  transferDomain: async (app, tenantId) => {
    const { customerId, name } = await registerBody(app, tenantId)
    return { body: { tenantId, customerId, name, authCode: 'Secret-1', contacts: CONTACTS } }
  },
  getDomainRegistration: held(undefined),
  getDomainOperations: held(undefined),
  renewDomain: held({ years: 1 }),
  restoreDomain: held({}, 'redemption'),
  deleteDomainRegistration: held(undefined),
  answerDomainTransfer: held({ answer: 'reject' }, 'transfer_out_pending'),
  lockDomain: held({ locked: true }),
  askDomainAuthCode: withCode,
  setDomainContacts: held(CONTACTS),
  getDomainDefaultContacts: async () => ({}),
  setDomainDefaultContacts: async (_, tenantId) => ({
    body: { tenantId, admin: null, tech: null, billing: null },
  }),
  setDomainNameservers: held({ nameservers: NAMESERVERS }),
  setDomainDs: held({ records: [] }),
  setDomainPrivacy: held({ privacy: true }),
  setDomainAutoRenew: held({ autoRenew: false }),
  listRegistrars: async () => ({}),
  createRegistrar: async () => ({ body: connection() }),
  checkRegistrarConnection: async () => ({ body: connection() }),
  checkRegistrar: async (app) => ({ id: await registrarIn(app), body: {} }),
  getRegistrar: async (app) => ({ id: await registrarIn(app) }),
  updateRegistrar: async (app) => ({ id: await registrarIn(app), body: { name: `case ${newId()}` } }),
  listTldPrices: async () => ({}),
  setTldPrice: async (app) => ({ body: await priceBody(app) }),
  removeTldPrice: async (app) => {
    const body = await priceBody(app)
    return { id: (await app.as((ctx) => domainRegistrarService.setPrice(ctx, body))).id }
  },
}

/** A domain with an operation, contacts and name servers, of whose expiry was told, and a usual contact. */
export async function registrationIn(app: TestApp, owner: Owner, tenantId: string): Promise<void> {
  const { id } = await heldIn(app, tenantId)
  const [accountId, operation] = [await accountOf(app), newId()]
  const told = { kind: 'domain_expiry', tenantId, subjectId: id, event: '2027-01-31/7' } as const
  await app.as((ctx) => mailNoticeService.claim(ctx, told))
  await owner.query(
    `insert into domain_operations (id, tenant_id, domain_id, account_id, kind, state, request, before, cltrid, actor, created_at,
       updated_at, ended_at) values ($1, $2, $3, $4, 'renew', 'succeeded', '{}', 'active', $5, '{}', now(), now(), now())`,
    [operation, tenantId, id, accountId, `MP-${operation}`],
  )
  await owner.query(
    `insert into domain_contacts (tenant_id, domain_id, role, contact_id, data, updated_at)
     values ($1, $2, 'registrant', $3, '{}', now())`,
    [tenantId, id, newId()],
  )
  await owner.query(
    `insert into domain_nameservers (tenant_id, domain_id, position, host) values ($1, $2, 1, 'ns1.example.org')`,
    [tenantId, id],
  )
  await owner.query(
    `insert into domain_default_contacts (id, tenant_id, role, data, updated_at) values ($1, $2, 'tech', '{}', now())`,
    [newId(), tenantId],
  )
}
