import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Problem } from '../../shared/api/common.ts'
import type { DomainDefaultContacts } from '../../shared/api/domainContacts.ts'
import type { DomainOrdered, DomainRegistration } from '../../shared/api/domainRegistrations.ts'
import * as registry from '../../sim/registry/domains.ts'
import type { RegistrySim } from '../../sim/registry/server.ts'
import { good } from '../rules/pods.ts'
import { finished, type TestApp } from '../support/app.ts'
import {
  CONTACTS,
  DOMAINS,
  freshName,
  payFor,
  registerBody,
  registrationOf,
  settledAs,
  startRegistryApp,
} from '../support/registry.ts'

let app: TestApp
let sim: RegistrySim
let tenantId: string
beforeAll(async () => {
  ;({ app, sim, tenantId } = await startRegistryApp())
})
afterAll(() => app.close())

const person = (name: string, more: Record<string, unknown> = {}) => ({
  ...CONTACTS.registrant,
  company: null,
  region: null,
  name,
  ...more,
})
async function owned(contacts: unknown = CONTACTS): Promise<DomainRegistration> {
  const body = { ...(await registerBody(app, tenantId, freshName())), contacts }
  const order = await good(app.admin.post<DomainOrdered>(`${DOMAINS}/register`, body))
  await payFor(app, order)
  return settledAs(app, order.domain.id, 'active')
}
const put = (id: string, contacts: unknown) =>
  app.admin.call<DomainOrdered & Problem>('PUT', `${DOMAINS}/${id}/contacts`, contacts)
async function set(id: string, contacts: unknown): Promise<DomainOrdered> {
  const order = await good(put(id, contacts))
  await finished(app.admin, order.job?.id ?? '')
  return order
}
/** Whom the registry has, by the name of each. */
function told(name: string) {
  const domain = registry.existing(sim.world, name)
  const wordsOf = (handle: string) => sim.world.contacts.find((one) => one.handle === handle)?.xml
  return {
    registrant: domain.registrant,
    words: wordsOf(domain.registrant ?? ''),
    others: Object.fromEntries(domain.contacts.map(({ role, handle }) => [role, wordsOf(handle)?.['name']])),
  }
}

test('each role has its own person at the registry, and who is not named is the holder', async () => {
  const { name, id } = await owned({
    registrant: person('Ada Example'),
    tech: person('Grace Example'),
    billing: person('Joan Example'),
  })
  expect(told(name)).toMatchObject({
    words: { name: 'Ada Example' },
    others: { admin: 'Ada Example', tech: 'Grace Example', billing: 'Joan Example' },
  })
  expect((await registrationOf(app, id)).contacts).toMatchObject({
    admin: { name: 'Ada Example' },
    tech: { name: 'Grace Example' },
  })
})

test('a holder who has moved stays the same contact, and another person is another one', async () => {
  const { name, id } = await owned()
  const before = told(name).registrant
  const moved = await set(id, { registrant: person('Ada Example', { city: 'Hamburg' }) })
  expect(moved.operation.words).toBe(`Changing ${name}: contacts`)
  expect(told(name)).toMatchObject({ registrant: before, words: { city: 'Hamburg' } })
  const sold = await set(id, {
    registrant: person('Grace Example'),
    admin: person('Ada Example', { city: 'Hamburg' }),
  })
  expect(sold.operation.words).toBe(`Changing ${name}: another holder`)
  const after = told(name)
  expect(after).toMatchObject({ words: { name: 'Grace Example' }, others: { admin: 'Ada Example' } })
  expect(after.registrant).not.toBe(before)
})

test('roles that an order does not name are the tenant’s defaults, then the platform’s', async () => {
  const path = `${DOMAINS}/default-contacts`
  const none = { admin: null, tech: null, billing: null }
  const save = (body: unknown) => good(app.admin.call<DomainDefaultContacts>('PUT', path, body))
  await save({ tenantId: null, ...none, tech: person('Platform Tech'), billing: person('Platform Bills') })
  await save({ tenantId, ...none, tech: person('Tenant Tech') })
  expect(await good(app.admin.get<DomainDefaultContacts>(`${path}?tenantId=${tenantId}`))).toMatchObject({
    platform: { admin: null, billing: { name: 'Platform Bills' } },
    tenant: { tech: { name: 'Tenant Tech' }, billing: null },
  })
  const { name } = await owned()
  expect(told(name).others).toEqual({
    admin: 'Ada Example',
    tech: 'Tenant Tech',
    billing: 'Platform Bills',
  })
  await save({ tenantId: null, ...none })
  await save({ tenantId, ...none })
  const { name: later } = await owned()
  expect(told(later).others['tech']).toBe('Ada Example')
})

test('a postal code that registries have no place for is refused where it is typed, and an old one is shown', async () => {
  const long = person('Ada Example', { postcode: '12345678901234567' })
  const { id } = await owned()
  expect(await put(id, { registrant: person('Ada Example'), tech: long })).toMatchObject({
    status: 422,
    body: {
      errors: [{ path: 'tech.postcode', message: expect.stringContaining('16 characters') }],
    },
  })
  await app.as((ctx) =>
    sql`update domain_contacts set data = jsonb_set(data, '{postcode}', '"12345678901234567"') where domain_id = ${id}`.execute(
      ctx.tx,
    ),
  )
  expect((await registrationOf(app, id)).contacts?.registrant.postcode).toHaveLength(17)
  await set(id, { registrant: person('Ada Example', { postcode: '20095' }) })
  expect((await registrationOf(app, id)).contacts?.registrant.postcode).toBe('20095')
})

test('contacts of a registry that keeps none are kept here, and it is told nothing', async () => {
  const { id, name } = await owned()
  await app.as((ctx) =>
    sql`update registrar_accounts set config = jsonb_set(config, '{contacts}', 'false')`.execute(ctx.tx),
  )
  const from = sim.calls.length
  await set(id, { registrant: person('Grace Example') })
  expect(await registrationOf(app, id)).toMatchObject({
    keepsContacts: false,
    contacts: { registrant: { name: 'Grace Example' } },
  })
  expect(sim.calls.slice(from).filter(({ kind }) => kind === 'contact')).toEqual([])
  expect(told(name).words).toMatchObject({ name: 'Ada Example' })
})
