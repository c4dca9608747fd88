import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { TENANT_ROLES } from '../../shared/permissions.ts'
import { newId } from '../../src/lib/ids.ts'
import { visibleScope } from '../../src/middleware/rbac.ts'
import { routes } from '../../src/routes/index.ts'
import type { Route } from '../../src/routes/define.ts'
import type { Answer, Api } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'
import { some } from '../support/some.ts'
import { keyOf, person, session } from '../users/people.ts'
import { addressOf, CASES } from './cases.ts'
import { populate } from './populate.ts'
import { ownerOf, rowsOf, tenantTables } from './rows.ts'

// Every place of a body or a query that holds an id is given the id of every kind of thing another tenant has.

type Schema = {
  format?: string
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
}
type Place = (string | number)[]

/** Where a schema takes the id of something; of a list its first entry. */
function idPlaces(schema: Schema): Place[] {
  if (schema.format === 'uuid') return [[]]
  const inside: [string | number, Schema][] = Object.entries(schema.properties ?? {})
  if (schema.items) inside.push([0, schema.items])
  return [
    ...inside.flatMap(([name, part]) => idPlaces(part).map((place): Place => [name, ...place])),
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(idPlaces),
  ]
}
const placesOf = (schema: z.ZodType | undefined): Place[] =>
  schema
    ? idPlaces(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema).filter(
        // A cursor is a place in an order, not the id of something.
        ([name]) => name !== 'cursor',
      )
    : []

function put(value: unknown, [name, ...rest]: Place, id: string): unknown {
  if (name === undefined) return id
  if (typeof name === 'number') return [put(undefined, rest, id)]
  const fields = (value ?? {}) as Record<string, unknown>
  return { ...fields, [name]: put(fields[name], rest, id) }
}

const CUT_OFF: Answer<object> = { status: 0, headers: new Headers(), body: {} }

let callsMade = 0
/** Each from an address of its own, so that what is limited by address answers all of them. */
const fromAnywhere = () => {
  const n = ++callsMade
  return { 'x-forwarded-for': `198.18.${n >> 8}.${n & 255}` }
}

const without = ({ status, body }: Answer<object>) => ({ status, body: { ...body, requestId: '' } })
const rows = (where: (route: Route) => boolean) =>
  some(routes.filter(where), 3).map((route) => [`${route.method} ${route.path}`, route] as const)

describe.each([
  ['with both walls', undefined],
  [
    'with permissions switched off: row-level security alone',
    { requirePermission: () => {}, permittedScope: visibleScope },
  ],
])('%s', (_, rbac) => {
  let app: TestApp
  let own: string
  let other: string
  let callers: Api[]
  /** Of each table one row of the other tenant. */
  let theirs: Map<string, string>

  beforeAll(async () => {
    app = await startApp({ worker: false, rbac, env: { MPANEL_TRUSTED_PROXIES: '127.0.0.1' } })
    own = await app.tenant()
    other = await app.tenant()
    const owner = await ownerOf(app.ownerUrl)
    await populate(app, owner, other)
    theirs = await idsOf(app, other)
    await owner.close()
    // With permissions switched off every role is as good as any other.
    const roles = rbac === undefined ? TENANT_ROLES : TENANT_ROLES.slice(0, 1)
    const people = await Promise.all(roles.map((role) => person(app, role, own)))
    callers = [
      ...(await Promise.all(people.map(async ({ email }) => (await session(app, email)).api))),
      (await keyOf(app, 'admin@example.com', { tenantId: own })).api,
    ]
  })
  afterAll(() => app.close())

  test('the other tenant has something of every kind, so that the tests below mean something', () => {
    expect(theirs.size).toBeGreaterThan(15)
  })

  describe.each(rows(({ body }) => placesOf(body).length > 0))('%s', (__, route) => {
    test('takes the id of somebody else’s thing in its body as one that nobody has', async () => {
      for (const place of placesOf(route.body)) {
        const made = (await CASES[route.operationId]?.(app, own)) ?? {}
        const before = await rowsOf(app, other)
        for (const api of callers) {
          const send = (id: string) =>
            api.call<object>(
              route.method,
              addressOf(route.path, made),
              put(made.body, place, id),
              fromAnywhere(),
            )
          const unknown = without(await send(newId()))
          expect(unknown.status, `${place.join('.')}: an id that nobody has`).toBeGreaterThanOrEqual(400)
          await Promise.all(
            [...theirs].map(async ([table, id]) =>
              expect(without(await send(id)), `${place.join('.')} with an id of ${table}`).toEqual(unknown),
            ),
          )
        }
        expect(await rowsOf(app, other)).toEqual(before)
      }
    })
  })

  describe.each(rows(({ query }) => placesOf(query).length > 0))('%s', (__, route) => {
    test('takes the id of somebody else’s thing in its query as one that nobody has', async () => {
      const made = (await CASES[route.operationId]?.(app, own)) ?? {}
      const plain = addressOf(route.path, made).split('?')
      for (const place of placesOf(route.query))
        for (const api of callers) {
          const send = (id: string) => {
            const query = new URLSearchParams(plain[1])
            query.set(place.join('.'), id)
            // A file is cut off as soon as its reader is found to lack the right.
            return api.get<object>(`${plain[0]}?${query.toString()}`).catch(() => CUT_OFF)
          }
          const unknown = without(await send(newId()))
          await Promise.all(
            [...theirs].map(async ([table, id]) =>
              expect(without(await send(id)), `${place.join('.')} with an id of ${table}`).toEqual(unknown),
            ),
          )
        }
    })
  })
})

async function idsOf(app: TestApp, tenantId: string): Promise<Map<string, string>> {
  const found = new Map([['tenants', tenantId]])
  for (const table of await tenantTables(app)) {
    await app.as(async (ctx) => {
      const { rows: columns } = await sql`select from pg_attribute
        where attrelid = ${table}::regclass and attname = 'id' and atttypid = 'uuid'::regtype`.execute(ctx.tx)
      if (columns.length === 0) return
      const { rows: first } = await sql<{ id: string }>`select id from ${sql.table(table)}
        where tenant_id = ${tenantId} limit 1`.execute(ctx.tx)
      if (first[0]) found.set(table, first[0].id)
    })
  }
  return found
}
