import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Problem } from '../../shared/api/common.ts'
import type { Domain } from '../../shared/api/domains.ts'
import type { DomainOperation, DomainOrdered, DomainSearch } from '../../shared/api/domainRegistrations.ts'
import type { Registrar, RegistrarCheck } from '../../shared/api/domainRegistrars.ts'
import * as registry from '../../sim/registry/domains.ts'
import * as transfers from '../../sim/registry/transfers.ts'
import type { RegistrySim } from '../../sim/registry/server.ts'
import * as dnsServerService from '../../src/services/dnsServerService.ts'
import * as registrations from '../../src/services/domainRegistrationService.ts'
import * as provisioningService from '../../src/services/provisioningService.ts'
import * as sslService from '../../src/services/sslService.ts'
import { watch } from '../../src/services/provisioning/watch.ts'
import { good } from '../rules/pods.ts'
import { finished, until, type TestApp } from '../support/app.ts'
import { CERTIFICATES, type Accepted } from '../ssl/world.ts'
import { rowsOf } from '../support/harnessWorld.ts'
import {
  compared,
  CONTACTS,
  DOMAINS,
  freshName,
  invoiceOf,
  orderIn,
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

const settled = (id: string, ...wanted: string[]) => settledAs(app, id, ...wanted)
const timeline = async (id: string): Promise<DomainOperation[]> =>
  (await app.admin.get<{ items: DomainOperation[] }>(`${DOMAINS}/${id}/timeline`)).body.items
const bought = (name: string, verb: string) =>
  sim.calls.filter((call) => call.object === name && call.verb === verb && (call.code ?? 9_999) < 2_000)
const ledgerOf = (invoiceId: string | null) =>
  rowsOf<{ charged: number; credited: number }>(
    app,
    sql`select i.total_minor::int as charged, i.credited_minor::int as credited from invoices i where i.id = ${invoiceId}`,
  )
const openAlerts = async (): Promise<string[]> => {
  const alerts = await rowsOf<{ message: string }>(
    app,
    sql`select message from alerts where closed_at is null and code = 'registrar_balance_low'`,
  )
  return alerts.map(({ message }) => message)
}
const registered = async (): Promise<DomainOrdered> => {
  const order = await orderIn(app, tenantId)
  await payFor(app, order)
  await settled(order.domain.id, 'active')
  return order
}
const sync = (id: string): Promise<void> => compared(app, tenantId, id)
const call = (method: string, path: string, body: unknown = {}) =>
  app.admin.call<DomainOrdered & { code: string; detail: string }>(method, `${DOMAINS}/${path}`, body)

describe('a registration', () => {
  test('is asked for once it is paid, and is active with the expiry that the registry says', async () => {
    const order = await orderIn(app, tenantId)
    const { id, name } = order.domain
    expect(order).toMatchObject({
      domain: { registration: 'awaiting_payment', expiresAt: null },
      operation: { state: 'awaiting_payment', price: { amount: '1200', currency: 'EUR' } },
      job: null,
    })
    expect(registry.find(sim.world, name)).toBeUndefined()
    expect(await invoiceOf(app, order)).toMatchObject({
      status: 'open',
      lines: [{ kind: 'domain', description: `Registration of ${name}, 1 year` }],
    })
    await payFor(app, order)
    const now = await settled(id, 'active')
    const there = registry.existing(sim.world, name)
    expect(now.expiresAt).toBe(new Date(there.expiresAt).toISOString())
    expect(now).toMatchObject({
      simulated: true,
      finding: null,
      nameservers: [{ host: 'ns1.example.org' }, {}],
    })
    const { body } = await app.admin.get<Domain>(`${DOMAINS}/${id}`)
    expect(body).toMatchObject({ registration: 'active', proof: null })
    expect(body.verifiedAt).not.toBeNull()
    expect((await app.admin.call('DELETE', `${DOMAINS}/${id}`)).status).toBe(409)
  })

  test('whose answer was lost is looked up, not repeated, and charged once', async () => {
    const order = await orderIn(app, tenantId)
    sim.fault({ verb: 'create', cut: 'after', object: 'domain' })
    await payFor(app, order)
    await settled(order.domain.id, 'active')
    expect(bought(order.domain.name, 'create')).toHaveLength(1)
    expect(
      sim.calls.filter(({ verb, object }) => verb === 'create' && object === order.domain.name),
    ).toHaveLength(1)
    expect(await ledgerOf(order.operation.invoiceId)).toEqual([{ charged: 1_200, credited: 0 }])
    expect(await timeline(order.domain.id)).toMatchObject([{ kind: 'register', state: 'succeeded' }])
  })

  test('that the registry refuses is paid back, and the name can be ordered again', async () => {
    const body = await registerBody(app, tenantId)
    const order = await good(app.admin.post<DomainOrdered>(`${DOMAINS}/register`, body))
    const theirs = { ...body, hosts: [], registrant: null, contacts: [], ds: [], fee: null, clTRID: '' }
    registry.create(sim.world, { account: 'other', now: sim.now() }, { ...theirs, authCode: 'x' })
    await payFor(app, order)
    const ended = await settled(order.domain.id, 'registration_failed')
    expect(ended.expiresAt).toBeNull()
    expect(await timeline(order.domain.id)).toMatchObject([
      { state: 'rejected', message: expect.stringContaining('taken') },
    ])
    expect(await ledgerOf(order.operation.invoiceId)).toEqual([{ charged: 1_200, credited: 1_200 }])
    const [credit] = await rowsOf<{ credit: number }>(
      app,
      sql`select -sum(e.amount_minor)::int as credit from ledger_entries e join ledger_accounts a on a.id = e.account_id
        where a.code = 'credit' and a.customer_id = ${body.customerId}`,
    )
    expect(credit?.credit).toBe(1_200)
    expect((await app.admin.post(`${DOMAINS}/register`, body)).status).toBe(202)
  })

  test('without name servers has those of the DNS server that zones are begun on, and is refused while there are none', async () => {
    const { nameservers: _, ...body } = await registerBody(app, tenantId)
    const ask = () => app.admin.post<DomainOrdered & Problem>(`${DOMAINS}/register`, body)
    expect((await ask()).body.errors).toEqual([
      { path: 'nameservers', message: expect.stringContaining('Say two name servers at least') },
    ])
    const ours = { nameServers: ['ns1.example.net', 'ns2.example.net'], hostmaster: 'hostmaster@example.net' }
    await app.as((ctx) => dnsServerService.nameZoneFiles(ctx, ours))
    const order = (await ask()).body
    await payFor(app, order)
    expect((await settled(order.domain.id, 'active')).nameservers).toEqual(
      ours.nameServers.map((host) => ({ host, addresses: [] })),
    )
  })

  test('waits while the account is empty, says so, and goes on when it is filled', async () => {
    const order = await orderIn(app, tenantId)
    sim.balance('mpanel', 5)
    await payFor(app, order)
    const account = async () =>
      (await app.admin.get<{ items: Registrar[] }>(`${DOMAINS}/registrars`)).body.items[0]
    const low = await until(async () => {
      const now = await account()
      return now?.heldOrders === 1 && now
    }, 'the account to be reported')
    expect(low).toMatchObject({
      health: expect.not.stringMatching('failing'),
      balance: { amount: '5', currency: 'USD' },
      registryLimit: { amount: '10000', currency: 'USD' },
      balanceLowAt: expect.any(String),
    })
    expect((await registrationOf(app, order.domain.id)).operation).toMatchObject({
      state: 'running',
      message: expect.stringContaining('goes on when that is filled'),
    })
    await watch(app.root)
    expect(await openAlerts()).toEqual([expect.stringContaining('0.05 USD is left')])
    // Nobody asks the registry the same again and again.
    const asked = () =>
      sim.calls.filter(({ verb, object }) => verb === 'create' && object === order.domain.name)
    await registrations.pollAll(app.root)
    expect(asked()).toHaveLength(1)
    sim.balance('mpanel', 1_000_000)
    await registrations.pollAll(app.root)
    await settled(order.domain.id, 'active')
    expect(asked()).toHaveLength(2)
    const check = await good(app.admin.post<RegistrarCheck>(`${DOMAINS}/registrars/${low.id}/check`, {}))
    expect(check).toMatchObject({ problems: [], balance: { currency: 'USD' } })
    expect(await account()).toMatchObject({ heldOrders: 0, balanceLowAt: null })
    await watch(app.root)
    expect(await openAlerts()).toEqual([])
  })

  test('whose price makes the balance low has the registry say so, which is shown until it is filled', async () => {
    sim.balance('mpanel', 10_500)
    await registered()
    expect(sim.world.accounts.find(({ id }) => id === 'mpanel')?.balanceMinor).toBe(9_500)
    await registrations.pollAll(app.root)
    const account = async () =>
      (await app.admin.get<{ items: Registrar[] }>(`${DOMAINS}/registrars`)).body.items[0]
    await until(async () => (await account())?.balanceLowAt !== null, 'the balance to be low')
    expect(await account()).toMatchObject({ balance: { amount: '9500' }, registryLimit: { amount: '10000' } })
    sim.balance('mpanel', 1_000_000)
    await registrations.pollAll(app.root)
    await until(async () => (await account())?.balanceLowAt === null, 'the balance to be enough')
  })

  test('of what is not sold, not a name, below one, or twice is refused before anything is invoiced', async () => {
    const body = await registerBody(app, tenantId)
    const post = async (more: object) => {
      const answer = await app.admin.post<{ code: string }>(`${DOMAINS}/register`, { ...body, ...more })
      return [answer.status, answer.body.code]
    }
    expect(await post({ name: 'shop.museum' })).toEqual([409, 'invalid_state'])
    expect(await post({ name: `www.${body.name}` })).toEqual([422, 'invalid_input'])
    expect(
      await post({
        nameservers: [{ host: `ns.${body.name}`, addresses: ['192.0.2.1'] }, { host: 'ns.example.org' }],
      }),
    ).toEqual([422, 'invalid_input'])
    expect((await app.admin.post(`${DOMAINS}/register`, body)).status).toBe(202)
    expect(await post({})).toEqual([409, 'already_exists'])
  })

  test('begins within a minute of its payment, also where the job that was to say so has come to nothing', async () => {
    const order = await orderIn(app, tenantId)
    const pause = { what: 'kind', which: 'domain.paid' } as const
    await app.as((ctx) => provisioningService.pause(ctx, { ...pause, reason: 'a test' }))
    await payFor(app, order)
    const [told] = await rowsOf<{ id: string }>(
      app,
      sql`select id from provisioning_jobs where kind = 'domain.paid' and subject_id = ${order.domain.id}`,
    )
    await good(app.admin.post(`/api/admin/provisioning/jobs/${told?.id}/cancel`, { reason: 'a test' }))
    await app.as((ctx) => provisioningService.resume(ctx, pause.what, pause.which))
    expect(await registrationOf(app, order.domain.id)).toMatchObject({ registration: 'awaiting_payment' })
    await registrations.followPayments(app.root)
    await settled(order.domain.id, 'active')
    expect(bought(order.domain.name, 'create')).toHaveLength(1)
  })

  test('that is paid while something else about the domain is going on begins after it', async () => {
    const { domain } = await registered()
    const renewal = await good(call('POST', `${domain.id}/renew`, { years: 1 }))
    sim.fault({ verb: 'update', cut: 'before', object: 'domain' })
    const hosts = { nameservers: [{ host: 'ns5.example.org' }, { host: 'ns6.example.org' }] }
    await good(call('PUT', `${domain.id}/nameservers`, hosts))
    await payFor(app, renewal)
    await until(async () => (await timeline(domain.id)).every(({ state }) => state === 'succeeded'), 'both')
    expect(
      sim.calls
        .filter(({ object, code }) => object === domain.name && code === 1000)
        .map(({ verb }) => verb)
        .filter((verb) => verb === 'update' || verb === 'renew'),
    ).toEqual(['update', 'renew'])
  })

  test('nobody paid for is cancelled with its invoice', async () => {
    const order = await orderIn(app, tenantId)
    app.clock.offsetMs = 20 * 86_400_000
    await registrations.followPayments(app.root)
    app.clock.offsetMs = 0
    await settled(order.domain.id, 'cancelled')
    expect(await invoiceOf(app, order)).toMatchObject({ status: 'void' })
  })
})

test('one search looks for a word in all TLDs that are sold, other scripts and premium names included', async () => {
  const order = await registered()
  const search = async (words: string) => {
    const path = `${DOMAINS}/search?words=${encodeURIComponent(words)}&currency=EUR`
    return (await good(app.admin.get<DomainSearch>(path))).items
  }
  const [label = ''] = order.domain.name.split('.')
  const found = await search(label)
  expect(found.find(({ name }) => name === order.domain.name)).toMatchObject({ available: false })
  expect(found.find(({ tld }) => tld === 'com')).toMatchObject({ available: true, price: { amount: '1260' } })
  expect((await search('gold')).find(({ name }) => name === 'gold.example')).toMatchObject({
    premium: true,
    price: null,
  })
  expect((await search('Bücher.example'))[0]).toMatchObject({
    name: 'xn--bcher-kva.example',
    unicodeName: 'bücher.example',
    available: true,
  })
  sim.fault({ verb: 'check', cut: 'before', times: 2 })
  expect((await search(label))[0]).toMatchObject({ available: null })
})

test('a renewal is from one expiry: asked twice, or with a lost answer, it is bought once', async () => {
  const { domain } = await registered()
  const before = (await registrationOf(app, domain.id)).expiresAt ?? ''
  const order = await call('POST', `${domain.id}/renew`, { years: 1 })
  expect(order.status).toBe(202)
  expect(await call('POST', `${domain.id}/renew`, { years: 1 })).toMatchObject({
    status: 409,
    body: { code: 'conflict' },
  })
  sim.fault({ verb: 'renew', cut: 'after' })
  await payFor(app, order.body)
  const now = await until(async () => {
    const one = await registrationOf(app, domain.id)
    return one.expiresAt !== before && one.operation === null && one
  }, 'the renewal')
  expect(new Date(now.expiresAt ?? '').getUTCFullYear()).toBe(new Date(before).getUTCFullYear() + 1)
  expect(bought(domain.name, 'renew')).toHaveLength(1)
  // A renewal that somebody made elsewhere meanwhile is not made again.
  const stale = await call('POST', `${domain.id}/renew`, { years: 1 })
  registry.renew(
    sim.world,
    { account: 'mpanel', now: sim.now() },
    domain.name,
    (now.expiresAt ?? '').slice(0, 10),
    1,
  )
  await payFor(app, stale.body)
  await until(async () => (await registrationOf(app, domain.id)).operation === null, 'the second renewal')
  expect(bought(domain.name, 'renew')).toHaveLength(1)
})

test('what is changed is changed at the registry, and what others change there is found', async () => {
  const { domain } = await registered()
  const { id, name } = domain
  for (const [path, body] of [
    [
      'nameservers',
      { nameservers: [{ host: `ns.${name}`, addresses: ['192.0.2.7'] }, { host: 'ns3.example.org' }] },
    ],
    ['contacts', { ...CONTACTS, tech: { ...CONTACTS.registrant, name: 'Grace Example' } }],
    ['ds', { records: [{ keyTag: 7, algorithm: 13, digestType: 2, digest: 'ab'.repeat(32) }] }],
    ['lock', { locked: true }],
  ] as const) {
    const { job } = await good(app.admin.call<DomainOrdered>('PUT', `${DOMAINS}/${id}/${path}`, body))
    expect((await finished(app.admin, job?.id ?? '')).state, path).toBe('succeeded')
  }
  const there = registry.existing(sim.world, name)
  expect(there.hosts.toSorted()).toEqual([`ns.${name}`, 'ns3.example.org'].toSorted())
  expect(new Set(there.contacts.map(({ handle }) => handle)).size).toBe(2)
  expect(there).toMatchObject({
    ds: [{ keyTag: '7' }],
    statuses: expect.arrayContaining(['clientTransferProhibited']),
  })
  expect(await registrationOf(app, id)).toMatchObject({
    locked: true,
    finding: null,
    contacts: { tech: { name: 'Grace Example' } },
  })
  expect(await call('POST', `${id}/auth-code`)).toMatchObject({ status: 409 })
  const unlock = await call('PUT', `${id}/lock`, { locked: false })
  await finished(app.admin, unlock.body.job?.id ?? '')
  const { body: code } = await app.admin.post<{ authCode: string }>(`${DOMAINS}/${id}/auth-code`, {})
  expect(code.authCode).toBe(there.authCode)
  expect(app.logs.join('\n')).not.toContain(code.authCode)
  there.hosts = ['ns3.example.org']
  there.expiresAt += 86_400_000
  await sync(id)
  expect(await registrationOf(app, id)).toMatchObject({
    finding: expect.stringContaining('ns3.example.org'),
    expiresAt: new Date(there.expiresAt).toISOString(),
  })
})

test('a transfer to another registrar is told by the registry, seen, rejected, and final when it is not; its certificates are renewed no more', async () => {
  const { domain } = await registered()
  const secured = await good(app.admin.post<Accepted>(CERTIFICATES, { tenantId, names: [domain.name] }))
  await finished(app.admin, secured.job.id)
  sim.askAway(domain.name)
  await registrations.pollAll(app.root)
  await settled(domain.id, 'transfer_out_pending')
  const rejected = await call('POST', `${domain.id}/transfer`, { answer: 'reject' })
  await finished(app.admin, rejected.body.job?.id ?? '')
  await settled(domain.id, 'active')
  sim.askAway(domain.name)
  transfers.answerTransfer(sim.world, { account: 'mpanel', now: sim.now() }, domain.name, 'approve')
  await registrations.pollAll(app.root)
  expect(await settled(domain.id, 'transferred_out')).toMatchObject({ autoRenew: false })
  await rowsOf(app, sql`update ssl_certificates set due_at = now() where id = ${secured.certificate.id}`)
  await sslService.renewDue(app.root)
  expect(
    await rowsOf(
      app,
      sql`select problem_code, action, (select count(*)::int from ssl_certificate_versions where certificate_id = c.id) as versions
        from ssl_certificates c where id = ${secured.certificate.id}`,
    ),
  ).toEqual([{ problem_code: 'domain_not_proven', action: null, versions: 1 }])
  const events = await rowsOf<{ n: number }>(
    app,
    sql`select count(*)::int as n from registrar_events where name = ${domain.name}`,
  )
  expect(events[0]?.n).toBeGreaterThan(1)
  await until(
    () => Promise.resolve(sim.world.accounts.find(({ id }) => id === 'mpanel')?.messages.length === 0),
    'the last message to be acknowledged',
  )
})

test('a domain that others have registered comes with its code, and one that a tenant has added stays the same', async () => {
  const body = await registerBody(app, tenantId)
  const theirs = { ...body, hosts: [], registrant: null, contacts: [], ds: [], fee: null, clTRID: '' }
  registry.create(sim.world, { account: 'other', now: sim.now() }, { ...theirs, authCode: 'Right-Code-1' })
  const added = await good(app.admin.post<Domain>(DOMAINS, { tenantId, name: body.name }))
  const { customerId, name } = body
  const ask = (authCode: string) =>
    good(
      app.admin.post<DomainOrdered>(`${DOMAINS}/transfer`, {
        tenantId,
        customerId,
        name,
        authCode,
        contacts: CONTACTS,
      }),
    )
  const wrong = await ask('wrong')
  expect(wrong.domain.id).toBe(added.id)
  await payFor(app, wrong)
  await settled(added.id, 'external')
  expect(await ledgerOf(wrong.operation.invoiceId)).toEqual([{ charged: 1_200, credited: 1_200 }])
  // What was paid for the first one pays the second.
  const right = await ask('Right-Code-1')
  expect(right.job).not.toBeNull()
  await until(
    async () => (await registrationOf(app, added.id)).operation?.state === 'pending_registry',
    'the transfer to be pending',
  )
  transfers.answerTransfer(sim.world, { account: 'other', now: sim.now() }, name, 'approve')
  await registrations.pollAll(app.root)
  await settled(added.id, 'active')
  const secrets = await rowsOf(
    app,
    sql`select id from domain_operations where secret_sealed is not null and ended_at is not null`,
  )
  expect(secrets).toEqual([])
})

test('a domain is renewed in time by itself, and what was deleted comes back out of its redemption', async () => {
  const { domain } = await registered()
  const ahead = 340 * 86_400_000
  app.clock.offsetMs = ahead
  await registrations.renewDue(app.root)
  await registrations.renewDue(app.root)
  app.clock.offsetMs = 0
  const renewals = (await timeline(domain.id)).filter(({ kind }) => kind === 'renew')
  expect(renewals).toMatchObject([{ state: 'awaiting_payment' }])
  const there = registry.existing(sim.world, domain.name)
  there.refundable = []
  const removed = await call('DELETE', `${domain.id}/registration`)
  await finished(app.admin, removed.body.job?.id ?? '')
  expect(await registrationOf(app, domain.id)).toMatchObject({ registration: 'redemption' })
  expect(await call('POST', `${domain.id}/renew`, { years: 1 })).toMatchObject({ status: 409 })
  // What cannot be done any more is not to be paid either.
  expect(await ledgerOf(renewals[0]?.invoiceId ?? null)).toMatchObject([{ credited: 1_200 }])
  const restore = await call('POST', `${domain.id}/restore`)
  expect(restore.body.detail).toBeUndefined()
  await payFor(app, restore.body)
  await settled(domain.id, 'active')
})

test('a name whose registration the registry must grant is ours when it has, and paid back when it has not', async () => {
  for (const granted of [true, false]) {
    const order = await orderIn(app, tenantId, `pending-${freshName()}`)
    await payFor(app, order)
    await until(
      async () => (await registrationOf(app, order.domain.id)).registration === 'pending_registry',
      'the registry to be asked',
    )
    sim.decide(order.domain.name, granted)
    await registrations.pollAll(app.root)
    await settled(order.domain.id, granted ? 'active' : 'registration_failed')
    expect(await ledgerOf(order.operation.invoiceId)).toEqual([
      { charged: 1_200, credited: granted ? 0 : 1_200 },
    ])
  }
})

// Last: its account counts as failing until it is looked at again.
test('a registration that the registry does not take now says so where the domain is, and is made once it does', async () => {
  const order = await orderIn(app, tenantId)
  sim.fault({ verb: 'create', code: 2502, object: 'domain', times: 10_000 })
  await payFor(app, order)
  await until(async () => {
    const { operation } = await registrationOf(app, order.domain.id)
    return operation?.state === 'running' && operation.message !== null
  }, 'the domain to say what its registration waits for')
  sim.clearFaults()
  await settled(order.domain.id, 'active')
  expect(bought(order.domain.name, 'create')).toHaveLength(1)
  expect(await timeline(order.domain.id)).toMatchObject([{ state: 'succeeded', message: null }])
})
