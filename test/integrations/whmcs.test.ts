import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Plan } from '../../shared/api/billing.ts'
import { newId } from '../../src/lib/ids.ts'
import { catalogue } from '../support/api.ts'
import { startApp, until, type TestApp } from '../support/app.ts'
import { guestsOf, rowsOf } from '../support/harnessWorld.ts'
import { runModule, seller, startLossy, type Ran, type Seller } from './world.ts'

// The provisioning module for WHMCS, run by PHP, against the whole running application.

const MODULE = fileURLToPath(new URL('../../integrations-php/whmcs/modules/servers/mpanel/', import.meta.url))
let app: TestApp
let shop: Seller
let lossy: Awaited<ReturnType<typeof startLossy>>
let product: { planId: string; blueprintId: string }
let services = 100
/** A service that was ordered twice at once, one of the answers being lost, and what both were told. */
let main: Params
let both: Ran[]

beforeAll(async () => {
  app = await startApp()
  shop = await seller(app)
  lossy = await startLossy(app.url)
  const { plan, blueprint } = await catalogue(app.admin)
  product = { planId: plan.id, blueprintId: blueprint.id }
  main = paramsOf()
  lossy.loseNext(1)
  both = await Promise.all([runModule('CreateAccount', main), runModule('CreateAccount', main)])
})
afterAll(async () => {
  await lossy.close()
  await app.close()
})
afterEach(() => {
  app.sim.control.clearFaults()
  lossy.loseNext(0)
})

/** What WHMCS gives to the functions of a module. */
const paramsOf = (change: object = {}) => ({
  serverid: 3,
  serverhostname: '127.0.0.1',
  serverport: String(lossy.port),
  serversecure: false,
  serverusername: 'shop',
  serverpassword: shop.token,
  serviceid: ++services,
  userid: 7,
  domain: `vps-${newId().slice(-12)}.example.com`,
  password: 'the-service-password',
  configoption1: product.planId,
  configoption2: product.blueprintId,
  configoption3: '',
  configoption5: '',
  configoption6: '30',
  customfields: {},
  configoptions: {},
  clientsdetails: {
    userid: 7,
    firstname: 'Ada',
    lastname: 'O&#039;Example',
    companyname: 'Example &amp; Sons',
    email: 'ada@example.com',
    address1: 'Via Roma 1',
    city: 'Torino',
    state: 'Piemonte',
    postcode: '10121',
    countrycode: 'IT',
  },
  ...change,
})
type Params = ReturnType<typeof paramsOf>
const keyIn = ({ serviceid }: Params) => `whmcs:shop:${serviceid}`
const show = (params: Params) => shop.show(keyIn(params))
const podsNamed = ({ domain }: Params) =>
  rowsOf(app, sql<{ id: string }>`select id from cloud_pods where hostname = ${domain} order by id`)

const run = async (name: string, params: object) => (await runModule(name, params)).result

/** Nobody who reads the module log learns the key of the API, nor the password of the service. */
function expectNoSecrets({ logged }: Ran): void {
  expect(logged.length).toBeGreaterThan(0)
  expect(JSON.stringify(logged)).not.toContain(shop.token)
  expect(JSON.stringify(logged)).not.toContain('the-service-password')
}

test('every file of the module is PHP without a fault of syntax', async () => {
  const files = readdirSync(MODULE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.php'),
  )
  expect(files.length).toBeGreaterThan(2)
  await Promise.all(
    files.map(async (file) => {
      const [code] = (await once(spawn('php', ['-l', join(MODULE, file)]), 'close')) as [number]
      expect(code, file).toBe(0)
    }),
  )
})

test('the connection is tested, and what is wrong with it is said', async () => {
  const params = paramsOf()
  expect(await run('TestConnection', params)).toEqual({ success: true, error: '' })
  const wrong: [object, string][] = [
    [{ serverpassword: 'mp_wrong_key' }, 'API key is unknown'],
    [{ serverpassword: '' }, 'no password'],
    [{ serverusername: 'my shop' }, 'short name of this WHMCS'],
    [{ serverhostname: 'panel.example.com' }, 'Use SSL'],
    [{ serverport: '1' }, 'does not answer'],
  ]
  await Promise.all(
    wrong.map(async ([change, said]) =>
      expect(await run('TestConnection', { ...params, ...change })).toEqual({
        success: false,
        error: expect.stringContaining(said),
      }),
    ),
  )
})

test('the options of a product are plans and blueprints by name', async () => {
  const plans = await run('LoadPlans', paramsOf())
  expect(plans).toMatchObject({ [product.planId]: expect.stringMatching(/cores, \d+ MiB, \d+ GiB$/) })
  expect(await run('LoadBlueprints', paramsOf())).toHaveProperty(product.blueprintId)
  const options = await run('ConfigOptions', {})
  expect(Object.keys(options as object)).toHaveLength(6)
})

test('two orders of one service at once, one of them with a lost answer, make one pod that both say is there', async () => {
  const params = main
  for (const ran of both) {
    expect(ran.result).toBe('success')
    expectNoSecrets(ran)
  }
  expect(lossy.lost.at(-1)).toMatch(/^PUT .* 202$/)
  const [pod, ...others] = await podsNamed(params)
  expect(others).toEqual([])
  const service = await show(params)
  expect(service).toMatchObject({
    state: 'active',
    powerState: 'running',
    podId: pod?.id,
    serviceId: String(params.serviceid),
  })
  expect(guestsOf(app, service.podId)).toHaveLength(1)
  expect(both[0]?.called).toEqual([
    {
      action: 'UpdateClientProduct',
      values: {
        serviceid: params.serviceid,
        domain: params.domain,
        dedicatedip: service.addresses[0],
        assignedips: service.addresses.slice(1).join('\n'),
      },
    },
  ])
  const [customer, ...more] = await rowsOf(
    app,
    sql`select name, company, email, kind, addresses->0->>'city' as city from customers where external_ref = 'whmcs:shop:client-7'`,
  )
  expect(more).toEqual([])
  expect(customer).toEqual({
    name: "Ada O'Example",
    company: 'Example & Sons',
    email: 'ada@example.com',
    kind: 'company',
    city: 'Torino',
  })
})

test('another package changes size and plan of the same pod; a smaller disk is refused with the reason', async () => {
  const params = main
  const before = await show(params)
  expect(await run('CreateAccount', params)).toBe('success')
  const { body } = await app.admin.get<{ items: Plan[] }>('/api/admin/billing/plans')
  const larger = body.items.find((plan) => plan.code === 'medium')
  expect(await run('ChangePackage', { ...params, configoption1: larger?.id })).toBe('success')
  const after = await show(params)
  expect(after).toMatchObject({
    podId: before.podId,
    plan: { id: larger?.id },
    cores: larger?.cores,
    memoryMb: larger?.memoryMb,
    diskGb: larger?.diskGb,
  })
  expect(await run('ChangePackage', params)).toContain('A disk only grows')
  expect(await run('ChangePackage', { ...params, configoption1: larger?.id })).toBe('success')
  expect(await show(params)).toMatchObject({ version: after.version, plan: after.plan })
})

test('a suspended pod was proven to be off, nobody starts it meanwhile, and afterwards it runs as before', async () => {
  const params = main
  const { podId } = await show(params)
  const suspending = { ...params, suspendreason: 'Overdue &amp; not paid' }
  const twice = [run('SuspendAccount', suspending), run('SuspendAccount', suspending)]
  expect(await Promise.all(twice)).toEqual(['success', 'success'])
  expect(await show(params)).toMatchObject({
    state: 'suspended',
    suspension: { reason: 'by WHMCS (Overdue & not paid)' },
  })
  expect(guestsOf(app, podId).map((guest) => guest.power)).toEqual(['stopped'])
  expect(await app.admin.post(`/api/admin/hosting/cloudpods/${podId}/start`)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('suspended by WHMCS (Overdue & not paid)') },
  })
  expect(await run('UnsuspendAccount', params)).toBe('success')
  expect(await run('UnsuspendAccount', params)).toBe('success')
  expect(guestsOf(app, podId).map((guest) => guest.power)).toEqual(['running'])
})

test('an order that takes its time is said to be under way; without a name it gets one of its number; what the customer chose goes before the product; a termination meanwhile leaves nothing', async () => {
  const params = paramsOf({
    configoption6: '1',
    domain: '',
    configoption4: 'example.com',
    configoptions: { memoryMb: '3072', diskGb: 30 },
  })
  app.sim.control.addFault({ path: '/clone$', dropBefore: true, times: 1_000 })
  expect(await run('CreateAccount', params)).toContain('still working on it')
  expect(await run('CreateAccount', params)).toContain('still working on it')
  expect(await show(params)).toMatchObject({
    hostname: `vps${params.serviceid}.example.com`,
    memoryMb: 3072,
    diskGb: 30,
  })
  const ending = run('TerminateAccount', { ...params, configoption6: '30' })
  await until(async () => (await show(params)).state === 'terminating', 'the termination to begin')
  app.sim.control.clearFaults()
  expect(await ending).toBe('success')
  const { podId, state } = await show(params)
  expect(state).toBe('terminated')
  const made = sql`select id from cloud_pods where hostname = ${`vps${params.serviceid}.example.com`}`
  expect(await rowsOf(app, made)).toHaveLength(1)
  expect(guestsOf(app, podId)).toEqual([])
  expect(await run('SuspendAccount', params)).toContain('no longer exists')
})

test('what cannot be done is refused with the reason, and leaves nothing behind', async () => {
  const params = paramsOf({ domain: 'not a name' })
  expect(await run('CreateAccount', params)).toContain('hostname: a host name')
  expect(await run('TerminateAccount', params)).toContain('nothing was ordered under this key')
  const failing = paramsOf({ domain: `fail-clone-${newId().slice(-8)}` })
  expect(await run('CreateAccount', failing)).toContain('It could not be made')
  expect(await run('TerminateAccount', failing)).toBe('success')
})

test('accounts and usage are listed for this WHMCS alone', async () => {
  const params = main
  const service = await show(params)
  await app.as((ctx) =>
    sql`insert into cloud_pod_traffic (pod_id, tenant_id, month, bytes_in, bytes_out, counter_in, counter_out, uptime_s, read_at)
      values (${service.podId}, ${shop.tenantId}, date_trunc('month', now() at time zone 'UTC')::date, 1048576, 2097152, 0, 0, 0, now())
      on conflict (pod_id, month) do update set bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out`.execute(
      ctx.tx,
    ),
  )
  await shop.put(`whmcs:other:${params.serviceid}`, {
    source: 'whmcs',
    serviceId: 'other',
    planId: product.planId,
    blueprintId: product.blueprintId,
    hostname: `other-${newId().slice(-12)}`,
  })
  const { accounts } = (await run('ListAccounts', params)) as {
    accounts: { domain: string; email: string }[]
  }
  expect(accounts.filter(({ domain }) => domain.startsWith('other-'))).toEqual([])
  expect(accounts).toContainEqual({
    email: 'ada@example.com',
    username: `vps${params.serviceid}`,
    domain: params.domain,
    uniqueIdentifier: params.domain,
    product: service.plan.id,
    primaryip: service.addresses[0],
    created: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    status: 'Active',
  })
  const { result, written } = await runModule('UsageUpdate', params)
  expect(result).toBe('success')
  expect(written.every(({ table, where }) => table === 'tblhosting' && where['server'] === 3)).toBe(true)
  expect(written.find(({ where }) => where['id'] === params.serviceid)?.values).toMatchObject({
    disklimit: service.diskGb * 1024,
    bwusage: 3,
    bwlimit: 0,
  })
})

test('customers start, restart and shut down their server, each once although an answer gets lost; not while it is suspended', async () => {
  const { podId } = await show(main)
  const power = () => guestsOf(app, podId).map((guest) => guest.power)
  expect(await run('ClientAreaCustomButtonArray', {})).toEqual(await run('AdminCustomButtonArray', {}))
  expect(await run('shutdown', main)).toBe('success')
  expect(power()).toEqual(['stopped'])
  expect(await run('reboot', main)).toContain('A stopped pod is started')
  expect(await run('start', main)).toBe('success')
  expect(await run('start', main)).toBe('success')
  lossy.loseNext(1)
  expect(await run('reboot', main)).toBe('success')
  expect(lossy.lost.at(-1)).toMatch(/power 202$/)
  expect(power()).toEqual(['running'])
  const asked = sql`select id from audit_events where target_id = ${podId} and action = 'CLOUDPOD_REBOOT_REQUESTED'`
  expect(await rowsOf(app, asked)).toHaveLength(1)
  const key = keyIn(main)
  await shop.deed(key, 'suspend')
  expect(await run('start', main)).toContain('WHMCS has suspended it')
  await shop.deed(key, 'unsuspend')
  await until(async () => (await show(main)).state === 'active', 'the suspension to have ended')
})

test('staff are led to the pod’s page, customers are not; pages show what mPanel says, as text', async () => {
  const params = main
  const { podId } = await show(params)
  const staff = await runModule('ServiceSingleSignOn', params, { admin: true })
  expect(staff.result).toEqual({
    success: true,
    redirectTo: expect.stringMatching(new RegExp(`/t/[^/]+/cloudpods/${podId}$`)),
  })
  expect(await run('ServiceSingleSignOn', params)).toEqual({
    success: false,
    errorMsg: expect.stringContaining('no log-in'),
  })
  const fields = (await run('AdminServicesTabFields', params)) as Record<string, string>
  expect(fields['mPanel']).toBe('active: It is there.')
  expect(fields['Pod']).toContain(`/cloudpods/${podId}" target="_blank"`)
  expect(await run('ClientArea', params)).toMatchObject({
    templateVariables: { mpanelError: '', mpanelHostname: params.domain, mpanelStatement: 'It is there.' },
  })
  const broken = await run('ClientArea', { ...params, serverpassword: 'mp_wrong_key' })
  expect(JSON.stringify(broken)).not.toContain('API key')
  expect(broken).toMatchObject({
    templateVariables: { mpanelError: expect.stringContaining('cannot be shown') },
  })
})

test('a terminated service that is created again gets another pod', async () => {
  const params = main
  const { podId } = await show(params)
  expect(await run('TerminateAccount', params)).toBe('success')
  expect(await run('TerminateAccount', params)).toBe('success')
  expect(await run('CreateAccount', params)).toBe('success')
  const again = await show(params)
  expect(again).toMatchObject({ state: 'active', hostname: params.domain })
  expect(again.podId).not.toBe(podId)
})
