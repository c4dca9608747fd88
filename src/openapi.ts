import type { FastifyInstance } from 'fastify'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { problem } from '../shared/api/common.ts'
import { exampleOf, type JsonSchema } from './lib/jsonExample.ts'
import { keepsAnswers, type Route } from './routes/define.ts'
import { csvRowOf } from './routes/registerCsv.ts'

const TAGS: Record<string, string> = {
  audit: 'What was done, by whom, and the proof that nothing of it was changed afterwards.',
  auth: 'Log-in, sessions, second factors, passkeys, API keys and the caller’s own account.',
  billing: 'Plans and prices, subscriptions, invoices, payments, taxes and the providers of payments.',
  cloudpods: 'Virtual machines and containers: lifecycle, resources, addresses, backups, firewall, console.',
  customers: 'Persons and companies, their contacts, notes, groups, import and export.',
  dashboard: 'The figures of the first page, and what is still to be set up.',
  domains: 'Registrations, transfers, zones, records, nameservers and registrars.',
  integrations: 'What other programs order for their customers, under keys of their own.',
  mails: 'Mails that were sent or wait to be sent.',
  operation: 'Health and metrics.',
  provisioning: 'Jobs, queues, workers, clusters, nodes, storages, address pools, blueprints and findings.',
  search: 'One search over everything the caller may see.',
  sso: 'Single sign-on: the providers, and the way through them.',
  ssl: 'Certificates, issuers, challenges, deliveries and findings.',
  tenants: 'Tenants, their settings, members, quotas, export and closing.',
  users: 'Users, roles, invitations and service accounts.',
  webhooks: 'Messages of outside systems, signed by them.',
}

const FAILURES: Record<number, { name: string; description: string }> = {
  401: { name: 'Unauthenticated', description: 'Not logged in' },
  403: { name: 'Forbidden', description: 'The permission is missing' },
  404: { name: 'NotFound', description: 'Unknown, or of a tenant you do not see' },
  409: { name: 'Conflict', description: 'Conflicts with the present state' },
  422: { name: 'Invalid', description: 'The input is not valid' },
}

const SUCCESSES: Record<string, string> = {
  200: 'Done',
  201: 'Made',
  202: 'Accepted: a job does it',
  204: 'Done; there is nothing to tell',
  302: 'Go on there',
}

type Media = { schema?: JsonSchema; example?: unknown }
type Response = { description?: string; content?: Record<string, Media> }
type Operation = {
  operationId?: string
  tags?: string[]
  description?: string
  parameters?: object[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, Response | { $ref: string }>
}
type Paths = Record<string, Record<string, Operation>>

/** `/api/openapi.json`, made from the route table, and the page that shows it. */
export async function registerOpenApi(
  app: FastifyInstance,
  { routes, version, publicUrl }: { routes: readonly Route[]; version: string; publicUrl: string },
): Promise<void> {
  const byId = new Map(routes.map((route) => [route.operationId, route]))
  const tags = [...new Set(routes.map(({ tag }) => tag))].toSorted()
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'mPanel',
        version,
        description: 'The control plane of a hosting company.',
        contact: { name: 'The operator of this installation', url: publicUrl },
      },
      servers: [{ url: publicUrl }],
      tags: tags.map((name) => ({ name, description: TAGS[name] ?? name })),
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: '__Host-mpanel' },
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: mp_…' },
        },
      },
      security: [{ session: [] }, { apiKey: [] }],
    },
    transform: describeFile,
    transformObject: (given) => {
      if (!('openapiObject' in given)) throw new Error('This is no document of OpenAPI 3.')
      const document = given.openapiObject
      // The library's types know the document's form, but not that every operation has a name and answers.
      for (const methods of Object.values((document.paths ?? {}) as Paths))
        for (const operation of Object.values(methods)) {
          const route = byId.get(operation.operationId ?? '')
          if (route !== undefined) complete(operation, route)
        }
      return { ...document, components: { ...document.components, ...failures() } } as typeof document
    },
  })
  app.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger())
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    staticCSP: true,
    uiConfig: { docExpansion: 'none', tryItOutEnabled: false },
  })
}

/** A route that reads its body as a file has none that Fastify would check: what it takes is told all the same. */
function describeFile(
  given: Parameters<typeof jsonSchemaTransform>[0],
): ReturnType<typeof jsonSchemaTransform> {
  const { schema, url } = jsonSchemaTransform(given)
  const { takes } = (given.route?.config ?? {}) as { takes?: string }
  return {
    url,
    schema: takes === undefined ? schema : { ...schema, consumes: [takes], body: { type: 'string' } },
  }
}

/** Adds to an operation what follows from its row in the table: who may, how to repeat it, how it refuses, an example. */
function complete(operation: Operation, route: Route): void {
  operation.description = descriptionOf(route)
  operation.parameters = [...(operation.parameters ?? []), ...headersOf(route)]
  const body = operation.requestBody?.content['application/json']
  if (body?.schema !== undefined) body.example = exampleOf(body.schema)
  for (const [status, response] of Object.entries(operation.responses))
    if ('description' in response && response.description === 'Default Response')
      response.description = SUCCESSES[status] ?? 'Answered'
  const list = operation.responses['200']
  if (isCsv(route) && list !== undefined && 'content' in list)
    list.content = { ...list.content, 'text/csv': { schema: { type: 'string' } } }
  if (route.access === 'public') return
  for (const [status, { name }] of Object.entries(FAILURES))
    operation.responses[status] ??= { $ref: `#/components/responses/${name}` }
}

const isCsv = (route: Route): boolean => !('raw' in route) && csvRowOf(route) !== undefined

function descriptionOf(route: Route): string {
  const { access } = route
  return [
    access === 'public' && route.signed === true && 'Open to anybody who signs the message.',
    access === 'public' && route.signed !== true && 'Open to anybody.',
    access === 'authenticated' && 'For everybody who is logged in.',
    typeof access === 'object' && `Needs the permission \`${access.permission}\`.`,
    route.sessionOnly && 'Only for a person in a session, not for API keys.',
    route.stepUp && 'A person must have proven who he is within the last ten minutes.',
    route.answersSecret && 'The secret in the answer is shown once.',
    route.perMinute && `At most ${route.perMinute} calls of one address in a minute.`,
    isCsv(route) && 'With `Accept: text/csv` all pages come as one file.',
  ]
    .filter((sentence) => typeof sentence === 'string')
    .join(' ')
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A name of your choice for this call: sent again, it is not done again, but answered as before.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}
const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of an earlier answer: refused with 412 if the thing has changed since.',
  schema: { type: 'string' },
  example: '"v3"',
}

const headersOf = (route: Route): object[] => [
  ...(keepsAnswers(route) ? [IDEMPOTENCY_KEY] : []),
  ...(route.versioned ? [IF_MATCH] : []),
]

function failures(): Record<string, unknown> {
  const schema = { $ref: '#/components/schemas/Problem' }
  const { $schema: _, ...form } = z.toJSONSchema(problem)
  return {
    schemas: { Problem: { ...form, description: 'Problem details, RFC 9457' } },
    responses: Object.fromEntries(
      Object.values(FAILURES).map(({ name, description }) => [
        name,
        { description, content: { 'application/problem+json': { schema } } },
      ]),
    ),
  }
}
