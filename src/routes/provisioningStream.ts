import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Job } from '../../shared/api/provisioning.ts'
import { asSystem, transaction, type Root, type Scope } from '../context.ts'
import { AppError, notFound } from '../errors.ts'
import { identify, originOf } from '../middleware/auth.ts'
import { permittedScope } from '../middleware/rbac.ts'
import * as provisioningService from '../services/provisioningService.ts'
import * as tenantScopeService from '../services/tenantScopeService.ts'
import type { Identity } from '../services/userService.ts'

const POLL_MS = 1_000
const BEAT_MS = 20_000
const RECHECK_MS = 3_000
const FIGURES_MS = 2_000
const BATCH = 200
/** PostgreSQL counts transactions in 64 bits. */
const MAX_TRANSACTION = 2n ** 64n - 1n

const stopping = new WeakSet<object>()

/** Ends all streams of a server that stops; their clients connect again, to another one or when it is back. */
export const endStreams = (server: object): void => void stopping.add(server)

/** The live view: what changed in the caller's tenants, from where they left off, as server-sent events. */
export async function streamJobs(root: Root, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const viewer = await viewerNow(root, request)
  if (viewer === undefined) throw new AppError('unauthenticated', 'Log in first.')
  const read = reader(root, request)
  const named = snapshotIn(request.headers['last-event-id'])
  const start = await read(viewer.scope, (ctx) => provisioningService.streamStart(ctx, named))
  reply.hijack()
  reply.raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // A server that stops would wait for what else might come after the stream.
    connection: 'close',
    'x-request-id': request.id,
  })
  // The place is told at once: who is cut off before the first change goes on from here.
  reply.raw.write(`retry: 2000\nid: ${start.seen}\n\n`)
  await pump(root, request, reply, viewer, start)
}

/** Sends what is new until the client goes, its session ends, or the server stops. */
async function pump(
  root: Root,
  request: FastifyRequest,
  reply: FastifyReply,
  first: Viewer,
  start: provisioningService.StreamPlace,
): Promise<void> {
  const read = reader(root, request)
  const out = reply.raw
  const { server } = request.server
  let viewer: Viewer | undefined = first
  let place = start
  let checked = Date.now()
  let beat = Date.now()
  let figures = ''
  let counted = 0
  while (!out.destroyed && !out.writableEnded && viewer !== undefined && !stopping.has(server)) {
    try {
      const news = await read(viewer.scope, (ctx) => provisioningService.jobsChangedSince(ctx, place, BATCH))
      for (const job of news.jobs) out.write(format(job))
      // An id of its own closes a page: who is cut off within one is told all of it again.
      if (news.jobs.length > 0 && !news.place.page) out.write(`id: ${news.place.seen}\n\n`)
      place = news.place
      if (viewer.seesQueues && Date.now() - counted > FIGURES_MS) {
        counted = Date.now()
        const now = await queueFigures(root)
        // Without an id: they are as they are now, wherever a client goes on from.
        if (now !== figures) out.write(`event: queues\ndata: ${now}\n\n`)
        figures = now
      }
      if (!place.page) await root.live.changed(POLL_MS)
      if (Date.now() - beat > BEAT_MS) {
        out.write(': beat\n\n')
        beat = Date.now()
      }
      if (Date.now() - checked > RECHECK_MS) {
        viewer = await viewerNow(root, request)
        checked = Date.now()
      }
    } catch (error) {
      request.log.warn({ err: error }, 'a live stream broke; the client connects again')
      break
    }
  }
  out.end()
}

type Viewer = { scope: Scope; seesQueues: boolean }

/** What the caller sees at present; undefined once they are logged out or have lost the permission. */
async function viewerNow(root: Root, request: FastifyRequest): Promise<Viewer | undefined> {
  const identity: Identity | undefined = await identify(root, request, { asActivity: false }).catch(
    () => undefined,
  )
  if (!identity || identity.mustEnrol) return undefined
  const permitted = permittedScope(identity, 'jobs:read')
  const seesQueues = identity.platform.has('infrastructure:read')
  const { tenantId } = request.query as { tenantId?: string }
  if (tenantId === undefined) return { scope: permitted, seesQueues }
  const read = reader(root, request)
  await read(permitted, (ctx) => tenantScopeService.ownerOf(ctx, 'tenant', tenantId))
  if (permitted !== 'platform' && !permitted.includes(tenantId)) throw notFound('tenant')
  return { scope: [tenantId], seesQueues }
}

const figuresOf = new WeakMap<Root, () => Promise<string>>()

/** How the queues are, as text, counted once for everybody who watches. */
function queueFigures(root: Root): Promise<string> {
  const known = figuresOf.get(root) ?? atTimes(() => count(root))
  figuresOf.set(root, known)
  return known()
}

const count = (root: Root): Promise<string> =>
  asSystem(root, 'live view', 'platform', async (ctx) =>
    JSON.stringify(await provisioningService.queueOverview(ctx)),
  )

/** Finds anew only after ten times as long as finding took, so that millions of waiting jobs are not counted all the time. */
function atTimes<T>(find: () => Promise<T>): () => Promise<T> {
  let last: Promise<T> | undefined
  let until = 0
  return () => {
    const begun = Date.now()
    if (last && begun < until) return last
    until = Infinity
    last = find().finally(() => {
      until = Date.now() + Math.max(FIGURES_MS / 2, 10 * (Date.now() - begun))
    })
    return last
  }
}

function reader(root: Root, request: FastifyRequest) {
  return <T>(scope: Scope, work: Parameters<typeof transaction<T>>[3]): Promise<T> =>
    transaction(root, originOf(request, undefined), scope, work)
}

function format(job: Job): string {
  const data = {
    id: job.id,
    kind: job.kind,
    state: job.state,
    tenantId: job.tenantId,
    subjectType: job.subject.type,
    subjectId: job.subject.id,
    progress: job.progress,
    doing: job.doing,
  }
  return `event: job\ndata: ${JSON.stringify(data)}\n\n`
}

/** The snapshot that a header holds, if PostgreSQL would read it: `xmin:xmax:xip,…` in ascending order. */
function snapshotIn(header: string | string[] | undefined): string | undefined {
  if (typeof header !== 'string' || !/^\d{1,20}:\d{1,20}:(\d{1,20}(,\d{1,20})*)?$/.test(header))
    return undefined
  const [xmin = 0n, xmax = 0n, ...running] = header.split(/[:,]/).filter(Boolean).map(BigInt)
  const isOrdered = [xmin, ...running].every((id, index, all) => id >= (all[index - 1] ?? 1n) && id <= xmax)
  return isOrdered && !running.includes(xmax) && xmax <= MAX_TRANSACTION ? header : undefined
}
