import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PEOPLE_ONLY, PERMISSIONS, type Permission } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Route } from '../../src/routes/define.ts'
import { routes } from '../../src/routes/index.ts'
import { createApi, type Answer, type Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { some } from '../support/some.ts'
import { keyOf, person, roleKey, session } from '../users/people.ts'
import { addressOf, blueprintIn, CASES, customerIn, planIn, roleIn, userIn, type Made } from './cases.ts'
import { populate } from './populate.ts'
import { ownerOf, rowsOf } from './rows.ts'

/** Public because their callers cannot log in yet; three of them need the token of a mailed link. */
const BY_MAIL = ['requestPasswordReset', 'confirmPasswordReset', 'showInvitation', 'acceptInvitation']
/** What anybody may call. This list only gets shorter. */
const LOG_IN = ['login', 'verifyMfa', 'beginMfa', 'beginPasskeyLogin', 'loginByPasskey', 'beginSso']
const PUBLIC = [
  ...LOG_IN,
  ...BY_MAIL,
  'finishSso',
  'getLogo',
  'healthz',
  'readyz',
  'metrics',
  'getAcmeChallenge',
  'getPrivateCrl',
  'receiveStripeEvent',
  'receiveWhmcsHook',
]
/**
 * Mutations that are no transaction of the table, or that only a trial allows, and so have their own tests (test/users,
 * test/billing/webhooks.test.ts, test/provisioning/clock.test.ts).
 */
const NOT_IN_A_TRANSACTION = [
  ...LOG_IN,
  'beginSsoLink',
  'beginSsoStepUp',
  'showInvitation',
  'receiveStripeEvent',
  'receiveWhmcsHook',
  'advanceClock',
  'stopClock',
]

type Problem = { requestId: string; code: string; details?: { permission?: string } }
let app: TestApp
/** `own` is the caller's tenant, `other` the one they must never learn of. */
let own: string
let other: string
/** May do everything in `own`, nothing elsewhere. */
let ownKey: Api
let owner: Api
/** The owner of `own` in person: what keys never do. */
let ownerSession: Api
let user: Api

beforeAll(async () => {
  app = await startApp({ worker: false, env: { MPANEL_TRUSTED_PROXIES: '127.0.0.1' } })
  own = await app.tenant()
  other = await app.tenant()
  ownKey = (await keyOf(app, 'admin@example.com', { tenantId: own })).api
  owner = await roleKey(app, 'TENANT_OWNER', own)
  ownerSession = (await session(app, (await person(app, 'TENANT_OWNER', own)).email)).api
  user = await roleKey(app, 'TENANT_USER', own)
  const rowsOwner = await ownerOf(app.ownerUrl)
  for (const tenantId of [own, other]) {
    await populate(app, rowsOwner, tenantId)
    await roleIn(app, tenantId)
    await userIn(app, tenantId)
  }
  await rowsOwner.close()
})
afterAll(() => app.close())

const caseOf = (route: Route) => {
  const found = CASES[route.operationId]
  if (!found) throw new Error(`${route.method} ${route.path} has no case in test/rules/cases.ts`)
  return found
}
const send = (api: Api, route: Route, made: Made, headers: Record<string, string> = {}) =>
  api.call<Problem>(route.method, addressOf(route.path, made), made.body, headers)
const permissionOf = ({ access }: Route): Permission | undefined =>
  typeof access === 'object' ? access.permission : undefined
const whereOf = ({ access }: Route) => (typeof access === 'object' ? access.where.in : undefined)
const without = ({ body }: Answer<Problem>) => ({ ...body, requestId: '' })
const rows = (where: (route: Route) => boolean) =>
  some(routes.filter(where), 3).map((route) => [`${route.method} ${route.path}`, route] as const)
const changes = (route: Route): boolean => route.method !== 'GET'
const closed = (route: Route): boolean => route.access !== 'public'

type Written = { action: string; outcome: string; tenant_id: string | null }
const writtenOf = async ({ headers }: Answer<unknown>): Promise<Written[]> =>
  app.as(async (ctx) => {
    const { rows: found } = await sql<Written>`select action, outcome, tenant_id from audit_events
      where request_id = ${headers.get('x-request-id')}`.execute(ctx.tx)
    return found
  })
/** That somebody was refused is written down, but is no change. */
const eventsOf = async (answer: Answer<unknown>): Promise<number> =>
  (await writtenOf(answer)).filter(({ action }) => action !== 'ACCESS_DENIED').length

test('every row of the route table has a case, and every case a row', () => {
  expect(Object.keys(CASES).toSorted()).toEqual(routes.map((route) => route.operationId).toSorted())
})

test('what anybody may call is on a list that only gets shorter', () => {
  const open = routes.filter((route) => !closed(route)).map((route) => route.operationId)
  expect(open.toSorted()).toEqual(PUBLIC.toSorted())
})

describe.each(rows(closed))('%s', (_, route) => {
  test('answers 401 to nobody, whatever they send', async () => {
    const nobody = await createApi(app.url, undefined)
    const answer = await send(nobody, route, await caseOf(route)(app, own))
    expect(answer.status).toBe(401)
    expect(answer.body.code).toBe('unauthenticated')
    expect(await eventsOf(answer)).toBe(0)
  })

  const permission = permissionOf(route)
  if (permission === undefined) return
  test('answers 403 to whoever has every permission but this one, and writes it down', async () => {
    const scopes = PERMISSIONS.filter((name) => name !== permission)
    const made = await caseOf(route)(app, own)
    for (const tenantId of [null, own]) {
      const { api } = await keyOf(app, 'admin@example.com', { scopes, tenantId })
      const answer = await send(api, route, made)
      expect(answer.status).toBe(403)
      expect(answer.body).toMatchObject({ code: 'forbidden', details: { permission } })
      const refusedIn = whereOf(route) === 'platform' ? null : tenantId
      expect(await writtenOf(answer)).toEqual([
        { action: 'ACCESS_DENIED', outcome: 'denied', tenant_id: refusedIn },
      ])
    }
  })
})

describe.each(rows((route) => whereOf(route) === 'platform'))('%s', (_, route) => {
  test('answers 403 to whoever may do everything in one tenant only', async () => {
    for (const api of [ownKey, owner]) {
      expect((await send(api, route, await caseOf(route)(app, other))).status).toBe(403)
    }
  })
})

describe.each(rows((route) => ['object', 'body', 'any', 'own'].includes(whereOf(route) ?? '')))(
  '%s',
  (_, route) => {
    test('answers 404 for another tenant, the same as for what does not exist, and changes nothing', async () => {
      const foreign = await caseOf(route)(app, other)
      const before = await rowsOf(app, other)
      const caller = forPeople(route) ? ownerSession : ownKey
      const answer = await send(caller, route, foreign)
      expect(answer.status).toBe(404)
      expect(await eventsOf(answer)).toBe(0)
      expect(await rowsOf(app, other)).toEqual(before)
      expect(without(await send(caller, route, unknown(route, foreign)))).toEqual(without(answer))
      expect(['not_found', 'forbidden']).toContain((await send(owner, route, foreign)).body.code)
      expect(['not_found', 'forbidden']).toContain((await send(user, route, foreign)).body.code)
      expect(await rowsOf(app, other)).toEqual(before)
    })
  },
)

/** The same request about a thing that nobody has. */
function unknown({ access }: Route, made: Made): Made {
  if (typeof access === 'object' && access.where.in === 'own')
    return { ...made, query: `?tenantId=${newId()}` }
  if (typeof access !== 'object' || access.where.in !== 'body') return { ...made, id: newId() }
  return { ...made, body: { ...(made.body as object), [access.where.field]: newId() } }
}

const forPeople = (route: Route): boolean => PEOPLE_ONLY.some((never) => never === permissionOf(route))

const isList = (route: Route): boolean => whereOf(route) === 'list'
/** What a query cannot be without. */
const NEEDED: Record<string, string> = { getBillingReport: '&from=2026-01-01&to=2026-01-31' }
const takesTenant = ({ query }: Route): boolean =>
  query !== undefined && 'shape' in query && 'tenantId' in (query.shape as object)

describe.each(rows((route) => isList(route) && takesTenant(route)))('%s', (_, route) => {
  test('answers 404 when asked for another tenant, as for one that does not exist', async () => {
    const needed = NEEDED[route.operationId] ?? ''
    for (const api of [ownKey, owner, user]) {
      const foreign = await send(api, route, { query: `?tenantId=${other}${needed}` })
      if (foreign.body.code === 'forbidden') continue
      expect(foreign.status).toBe(404)
      const nobodys = await send(api, route, { query: `?tenantId=${newId()}${needed}` })
      expect(without(nobodys)).toEqual(without(foreign))
    }
    const sure = forPeople(route) ? ownerSession : ownKey
    expect((await send(sure, route, { query: `?tenantId=${other}${needed}` })).status).toBe(404)
  })
})

/**
 * These answer no page: test/users/stream.test.ts, test/audit/exported.test.ts and test/billing/corrections.test.ts see what they show;
 * the search of free names reads nothing of any tenant; the usual contacts are shown of the tenant that is named.
 */
const NO_PAGE = [
  'streamJobs',
  'exportAuditEvents',
  'searchDomains',
  'getBillingReport',
  'getDomainDefaultContacts',
]
describe.each(rows((route) => isList(route) && !NO_PAGE.includes(route.operationId)))('%s', (_, route) => {
  test('never shows a row of another tenant', async () => {
    // The newest page of the log holds something of both, whatever was refused before; a case makes what has to be there.
    for (const tenant of [own, other]) {
      await customerIn(app, tenant)
      await CASES[route.operationId]?.(app, tenant)
    }
    const all = await send(app.admin, route, { query: '?limit=200' })
    expect(JSON.stringify(all.body)).toContain(other)
    for (const api of [ownKey, owner, user, ...(forPeople(route) ? [ownerSession] : [])]) {
      const seen = JSON.stringify((await send(api, route, { query: '?limit=200' })).body)
      expect(seen).not.toContain(other)
      if (!seen.includes('"forbidden"')) expect(seen).toContain(own)
    }
    const { api } = await keyOf(app, 'admin@example.com', { tenantId: other })
    expect(JSON.stringify((await send(api, route, { query: '?limit=200' })).body)).not.toContain(own)
  })
})

const orderRow = () => routes.find((route) => route.operationId === 'createSubscription')
const podRow = () => routes.find((route) => route.operationId === 'createCloudPod')
async function planAndPrice(tenantId: string) {
  const made = await planIn(app, tenantId)
  return { planId: made.id, priceId: made.prices[0]?.id }
}

describe('an id of another tenant inside a body is unknown:', () => {
  const foreign: [string, () => Route | undefined, () => Promise<object>][] = [
    ['the plan of an order', orderRow, async () => planAndPrice(other)],
    ['the price of an order', orderRow, async () => ({ priceId: (await planAndPrice(other)).priceId })],
    ['the blueprint of an order', orderRow, async () => ({ blueprintId: await blueprintIn(app, other) })],
    ['the customer of a pod', podRow, async () => ({ customerId: (await customerIn(app, other)).id })],
    ['the plan of a pod', podRow, async () => ({ planId: (await planIn(app, other)).id })],
    ['the blueprint of a pod', podRow, async () => ({ blueprintId: await blueprintIn(app, other) })],
  ]

  test.each(foreign)('%s', async (_, row, change) => {
    const route = row()
    if (!route) throw new Error('the route is gone')
    const made = await caseOf(route)(app, own)
    const body = { ...(made.body as object), ...(await change()) }
    const before = await rowsOf(app, other)
    for (const api of [ownKey, owner, app.admin]) {
      const answer = await send(api, route, { body })
      expect(answer.status).toBe(404)
      expect(await eventsOf(answer)).toBe(0)
    }
    expect(await rowsOf(app, other)).toEqual(before)
  })
})

describe.each(rows((route) => changes(route) && !NOT_IN_A_TRANSACTION.includes(route.operationId)))(
  '%s',
  (_, route) => {
    const caller = async () =>
      route.operationId === 'logout' ? (await session(app, 'admin@example.com')).api : app.admin

    test('leaves an audit event with the id of its request', async () => {
      const made = await caseOf(route)(app, own)
      const answer = await send(made.caller ?? (await caller()), route, made)
      expect(answer.status).toBeLessThan(300)
      expect(await eventsOf(answer)).toBeGreaterThan(0)
    })

    test('leaves nothing at all when its transaction fails at the commit', async () => {
      const made = await caseOf(route)(app, own)
      const api = made.caller ?? (await caller())
      await failCommits()
      const before = await rowsOf(app, own)
      const answer = await send(api, route, made, { 'x-correlation-id': 'fail-at-commit' })
      expect(answer.status).toBe(500)
      expect(await eventsOf(answer)).toBe(0)
      expect(await rowsOf(app, own)).toEqual(before)
    })
  },
)

/** A commit fails when it holds an audit event of this correlation: the last moment at which anything can go wrong. */
async function failCommits(): Promise<void> {
  const superior = await ownerOf(app.ownerUrl)
  await superior.query(`create or replace function fail_at_commit() returns trigger language plpgsql as $$
    begin raise exception 'the commit fails'; end $$`)
  await superior.query(`do $$ begin
    if not exists (select from pg_trigger where tgname = 'fail_at_commit') then
      create constraint trigger fail_at_commit after insert on audit_events deferrable initially deferred
        for each row when (new.correlation_id = 'fail-at-commit') execute function fail_at_commit();
    end if; end $$`)
  await superior.close()
}
