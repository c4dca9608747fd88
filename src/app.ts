import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { pageOf } from '../shared/languages.ts'
import type { Root } from './context.ts'
import { newId } from './lib/ids.ts'
import { clientErrorHandler, errorHandler, nothingAt } from './middleware/errorHandler.ts'
import { languageOf } from './middleware/language.ts'
import { createLimits, type RequestLimits } from './middleware/rateLimit.ts'
import { rbac, type Rbac } from './middleware/rbac.ts'
import { registerOpenApi } from './openapi.ts'
import { endConsoles } from './routes/cloudPodConsoleSession.ts'
import { endStreams } from './routes/provisioningStream.ts'
import { routes } from './routes/index.ts'
import { register } from './routes/register.ts'
import { routeUpgrades } from './middleware/upgrades.ts'
import { speakPlainly } from './middleware/wrongInput.ts'
import { observeRequest } from './services/provisioningService.ts'

const WEB = fileURLToPath(new URL('../web/dist/', import.meta.url))
const BODY_LIMIT = 1_048_576

export type AppOptions = {
  trustedProxies: string[]
  version: string
  requestLimits?: RequestLimits | undefined
  webDir?: string
  rbac?: Rbac
}

/** Builds the server without listening, so that tests use the very same one. */
export async function buildApp(root: Root, options: AppOptions): Promise<FastifyInstance> {
  const log: FastifyBaseLogger = root.log
  const app = Fastify({
    loggerInstance: log,
    // One line a request, written by us when it is answered; its id is `requestId` in every line.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    bodyLimit: BODY_LIMIT,
    trustProxy: options.trustedProxies.length > 0 ? options.trustedProxies : false,
    genReqId: () => newId(),
    // What the router refuses before any route is answered in the same form.
    frameworkErrors: errorHandler,
    clientErrorHandler,
    // Who is being answered when the server stops gets the answer, also to what is asked on the same connection just then.
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  })
  speakPlainly()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(errorHandler)
  // The one route that takes files reads them itself, as they come; all others refuse the type before.
  app.addContentTypeParser('text/csv', (_request, _file, done) => done(null))
  keepSignedBytes(app)
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id)
    // Answers are about somebody: nobody keeps them, unless the route or the file says so.
    void reply.header('cache-control', 'no-store')
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    observeRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1000)
    request.log.info(
      {
        method: request.method,
        route,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'request',
    )
  })
  await app.register(cookie)
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        objectSrc: ["'none'"],
        // Pointers and compressed parts of a console's picture come as data.
        imgSrc: ["'self'", 'data:'],
      },
    },
    strictTransportSecurity: root.settings.publicUrl.startsWith('https:'),
  })
  await app.register(rateLimit, { global: false })
  await registerOpenApi(app, { routes, version: options.version, publicUrl: root.settings.publicUrl })
  app.after(() => {
    const limits = createLimits(app, options.requestLimits ?? { caller: undefined, address: undefined })
    for (const route of routes) register(app, root, route, { limits, rbac: options.rbac ?? rbac })
  })
  await registerPages(app, options.webDir ?? WEB)
  routeUpgrades(app)
  let isClosing = false
  app.addHook('onSend', async (_request, reply) => {
    // Else its connection would wait for more.
    if (isClosing) void reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    isClosing = true
    endStreams(app.server)
    await endConsoles(app.server)
  })
  return app
}

/** What is signed is signed as it came: those routes get the bytes, all others what the JSON says. */
function keepSignedBytes(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const { signed } = request.routeOptions.config as { signed?: true }
    if (signed) return done(null, body)
    return parse(request, body.toString('utf8'), done)
  })
}

/** The built pages; every address that is no file and no API belongs to the single-page application. */
async function registerPages(app: FastifyInstance, webDir: string): Promise<void> {
  const built = existsSync(webDir)
  if (built) {
    await app.register(fastifyStatic, {
      root: webDir,
      index: false,
      // Files are listed at start: every address of the server is known.
      wildcard: false,
      preCompressed: true,
      cacheControl: false,
      // Names under assets/ carry the hash of their content; everything else may change with a release.
      setHeaders: (reply, path) =>
        void reply.header(
          'cache-control',
          path.startsWith(join(webDir, 'assets')) ? 'public, max-age=31536000, immutable' : 'no-cache',
        ),
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const page = request.method === 'GET' && !/^\/(api|healthz|readyz|metrics)(\/|$)/.test(path)
    // What is searched for, such as the name of a domain, may end like one.
    const file = /\.\w{1,8}$/.test(path)
    if (built && page && !file)
      return reply.header('vary', 'Cookie, Accept-Language').sendFile(pageOf(languageOf(request)), webDir)
    throw nothingAt(request)
  })
}
