import { afterAll, beforeAll, expect, test } from 'vitest'
import { PERMISSIONS } from '../../shared/permissions.ts'
import { routes } from '../../src/routes/index.ts'
import { createApi } from '../support/api.ts'
import { startApp, type TestApp } from '../support/app.ts'

type Schema = { $ref?: string }
type Response = Schema & { description?: string; content?: Record<string, { schema?: Schema }> }
type Operation = {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: unknown[]
  'x-permission'?: string
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[]
  requestBody?: { content: Record<string, { schema?: Schema; example?: unknown }> }
  description?: string
  responses: Record<string, Response>
}
type Document = {
  openapi: string
  info: { title: string; version: string }
  tags: { name: string; description: string }[]
  paths: Record<string, Record<string, Operation>>
  components?: { securitySchemes?: Record<string, unknown> }
}

/** Outside of the table: the document itself and the page that shows it. */
const BESIDE_THE_TABLE = /^GET \/api\/(openapi\.json|docs(\/.*)?)$/
/** Operations anybody logged in may call, and those that look after themselves. */
const ACCOUNT =
  'verifyMfa getMfa enrolTotp confirmTotp disableTotp regenerateRecoveryCodes changePassword chooseLanguage listSessions endOtherSessions endSession listLoginHistory stepUp'.split(
    ' ',
  )
const OWN_KEYS = [
  'listOwnApiKeys',
  'createOwnApiKey',
  'renameOwnApiKey',
  'rotateOwnApiKey',
  'revokeOwnApiKey',
  'stopImpersonation',
  'listImpersonations',
]
const BY_MAIL =
  'requestPasswordReset confirmPasswordReset showInvitation acceptInvitation requestEmailChange confirmEmailChange'.split(
    ' ',
  )
const OWN_FILTERS = ['getSavedFilters', 'saveFilter', 'removeSavedFilter']
const OWN_PASSKEYS = ['getPasskeys', 'beginPasskey', 'addPasskey', 'renamePasskey', 'removePasskey']
const BY_PASSKEY = ['beginPasskeyLogin', 'loginByPasskey', 'beginMfa', 'beginStepUp']
/** The check asks for its permission itself: it calls the provider outside of any transaction. */
const SSO = [
  'beginSso',
  'finishSso',
  'getStepUpWays',
  'beginSsoStepUp',
  'getIdentities',
  'beginSsoLink',
  'removeIdentity',
  'checkSsoProvider',
]
const WITHOUT_PERMISSION = [
  ...ACCOUNT,
  ...OWN_FILTERS,
  ...OWN_PASSKEYS,
  ...BY_PASSKEY,
  ...SSO,
  ...OWN_KEYS,
  ...BY_MAIL,
  'getRegions',
  'login',
  'logout',
  'getMe',
  'getDashboard',
  'search',
  'getLogo',
  'healthz',
  'readyz',
  'metrics',
  'getAcmeChallenge',
  'getPrivateCrl',
  // Messages of outside systems, which sign them.
  'receiveStripeEvent',
  'receiveWhmcsHook',
]

let app: TestApp
let document: Document
beforeAll(async () => {
  app = await startApp({ worker: false, blueprints: false })
  document = (await (await createApi(app.url, undefined)).get<Document>('/api/openapi.json')).body
})
afterAll(() => app.close())

const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  )
const table = routes.map((route) => `${route.method} ${route.path}`).toSorted()

/** The addresses the running server has, from its own tree of routes. */
function liveRoutes(): string[] {
  const prefix: string[] = []
  return app.server.app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const match = /^([│ ]*)[├└]── (\S*) \(([A-Z, ]+)\)$/.exec(line)
      if (!match) return []
      const depth = (match[1] ?? '').length / 4
      prefix.length = depth
      prefix.push(match[2] ?? '')
      const path = prefix.join('').replace(/:(\w+)/g, '{$1}')
      return (match[3] ?? '').split(', ').map((method) => `${method} ${path}`)
    })
}

test('the server answers at the addresses of the route table and at no other', () => {
  const live = liveRoutes()
  const pages = /^GET \/(assets\/\S+|index(\.\w+)?\.html|favicon\.svg|theme\.js|\*)$/
  const others = live.filter(
    (line) => !line.startsWith('HEAD ') && !BESIDE_THE_TABLE.test(line) && !pages.test(line),
  )
  expect(others.toSorted()).toEqual(table)
  const reading = live.filter((line) => line.startsWith('HEAD ')).map((line) => line.replace('HEAD', 'GET'))
  expect(reading.filter((line) => !live.includes(line))).toEqual([])
})

test('the OpenAPI document describes the route table and nothing else', () => {
  expect(
    operations()
      .map(([line]) => line)
      .toSorted(),
  ).toEqual(table)
})

test('every operation has a name of its own, a summary and its permission', () => {
  const names = operations().map(([, operation]) => operation.operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const [line, operation] of operations()) {
    expect(operation.operationId, line).toMatch(/^[a-z][A-Za-z]+$/)
    expect(operation.summary?.length, line).toBeGreaterThan(5)
    expect(operation.tags, line).toHaveLength(1)
    if (WITHOUT_PERMISSION.includes(operation.operationId ?? '')) {
      expect(operation['x-permission'], line).toBeUndefined()
    } else expect(PERMISSIONS, line).toContain(operation['x-permission'])
  }
  const free = routes.filter(({ access }) => typeof access === 'string').map((route) => route.operationId)
  expect(free.toSorted()).toEqual(WITHOUT_PERMISSION.toSorted())
})

test('every operation says in words who may call it, under a tag that is explained', () => {
  const explained = document.tags.filter(({ name, description }) => description !== name)
  for (const [line, { description, tags, responses }] of operations()) {
    expect(description, line).toMatch(/\.$/)
    expect(
      explained.map(({ name }) => name),
      line,
    ).toContain(tags?.[0])
    for (const response of Object.values(responses))
      expect(response.description, line).not.toBe('Default Response')
  }
})

test('a header that a call heeds is documented: Idempotency-Key of every call that makes something, If-Match of what has versions', () => {
  for (const [line, { operationId, parameters = [] }] of operations()) {
    const headers = parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name)
    const route = routes.find((one) => one.operationId === operationId)
    const handler = route !== undefined && 'handler' in route ? route.handler.toString() : ''
    expect(headers.includes('If-Match'), line).toBe(handler.includes('ifMatch'))
    const repeatable = handler !== '' && route?.method === 'POST' && route.answersSecret !== true
    expect(headers.includes('Idempotency-Key'), line).toBe(repeatable)
  }
})

test('every body has an example, which the operation takes', () => {
  for (const [line, { operationId, requestBody }] of operations()) {
    const body = requestBody?.content['application/json']
    const route = routes.find((one) => one.operationId === operationId)
    if (body === undefined || route?.body === undefined) continue
    expect(route.body.safeParse(body.example).error?.issues ?? [], line).toEqual([])
  }
})

test('every list is documented as CSV, too', () => {
  for (const [line, { operationId, responses }] of operations()) {
    if (!/^list[A-Z]/.test(operationId ?? '')) continue
    expect(Object.keys(responses['200']?.content ?? {}), line).toEqual(['application/json', 'text/csv'])
  }
})

test('every closed operation documents its refusals as problem details', () => {
  for (const [line, operation] of operations()) {
    const open = routes.find((route) => route.operationId === operation.operationId)?.access === 'public'
    expect(operation.security ?? 'inherited', line).toEqual(open ? [] : 'inherited')
    if (open) continue
    for (const status of ['401', '403', '404', '422']) {
      expect(Object.keys(operation.responses), line).toContain(status)
      expect(JSON.stringify(answerOf(operation, status)), line).toContain('#/components/schemas/Problem')
    }
  }
})

test('the document is OpenAPI 3.1: every reference resolves, every path parameter is declared', () => {
  expect(document.openapi).toBe('3.1.0')
  expect(document.info.title).toBe('mPanel')
  expect(Object.keys(document.components?.securitySchemes ?? {})).toEqual(['session', 'apiKey'])
  for (const reference of referencesIn(document)) expect(resolve(reference), reference).toBeDefined()
  for (const [line, operation] of operations()) {
    const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
    const inPath = [...line.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
    expect(declared.map((parameter) => parameter.name).toSorted(), line).toEqual(inPath.toSorted())
    expect(
      declared.every((parameter) => parameter.required),
      line,
    ).toBe(true)
    for (const { name, schema } of operation.parameters ?? []) expect(schema, `${line} ${name}`).toBeDefined()
    const statuses = Object.keys(operation.responses)
    expect(
      // A redirection is an answer, too.
      statuses.some((status) => /^[23]/.test(status)),
      line,
    ).toBe(true)
    for (const status of statuses) {
      expect(status, line).toMatch(/^[2-5]\d\d$/)
      expect(answerOf(operation, status)?.description, `${line} ${status}`).toBeTypeOf('string')
    }
    const takesFile = operation.operationId === 'uploadCustomerImport'
    if (operation.requestBody || takesFile)
      expect(Object.keys(operation.requestBody?.content ?? {}), line).toEqual([
        takesFile ? 'text/csv' : 'application/json',
      ])
  }
})

test('the document keeps to types of JSON Schema 2020-12: nothing is nullable by an old keyword', () => {
  const text = JSON.stringify(document)
  expect(text).not.toContain('"nullable":')
  expect(text).not.toMatch(/"exclusiveM(in|ax)imum":(true|false)/)
})

const answerOf = (operation: Operation, status: string): Response | undefined => {
  const answer = operation.responses[status]
  return answer?.$ref === undefined ? answer : (resolve(answer.$ref) as Response)
}

function referencesIn(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return []
  const own = '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : []
  return [...own, ...Object.values(node).flatMap(referencesIn)]
}

function resolve(reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  const steps = reference
    .slice(2)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  return steps.reduce<unknown>(
    (node, step) => (node as Record<string, unknown> | undefined)?.[step],
    document,
  )
}
