import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { Identity } from '../services/userService.ts'

/** How many requests a minute are answered to one session or API key, and to one address (an IPv6 /64); 0: any number. */
export type RequestLimits = { caller: number | undefined; address: number | undefined }

/** As many as no page and no patient program sends, unless the operator says otherwise. */
const CALLER = 3_000
const ADDRESS = 6_000

const MINUTE_MS = 60_000
const callers = new WeakMap<FastifyRequest, string>()

/** @throws AppError too_many_requests, after `Retry-After` was set */
type Limit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>
const none: Limit = () => Promise.resolve()

const limit = (
  app: FastifyInstance,
  max: number,
  words: string,
  keyGenerator?: (request: FastifyRequest) => string,
): Limit => {
  const count = app.createRateLimit({
    max,
    timeWindow: MINUTE_MS,
    ...(keyGenerator && { keyGenerator }),
  })
  return async (request, reply) => {
    const counted = await count(request)
    if (counted.isAllowed || !counted.isExceeded) return
    void reply.header('retry-after', counted.ttlInSeconds)
    throw new AppError(
      'too_many_requests',
      `Too many requests: ${max} a minute ${words}. Try again in ${counted.ttlInSeconds} s.`,
      { details: { perMinute: max, retryAfterSeconds: counted.ttlInSeconds } },
    )
  }
}

export type Limits = {
  ofAddress: Limit
  ofCaller(request: FastifyRequest, reply: FastifyReply, identity: Identity): Promise<void>
  /** Calls of one operation by one address, where guessing must be slow. */
  ofOperation(perMinute: number): Limit
}

/** The limits of a server, which needs the plugin for it. They are counted by this process alone. */
export function createLimits(
  app: FastifyInstance,
  { caller = CALLER, address = ADDRESS }: RequestLimits,
): Limits {
  const ofCaller =
    caller === 0
      ? none
      : limit(app, caller, 'from one session or API key', (request) => callers.get(request) ?? '')
  return {
    ofAddress: address === 0 ? none : limit(app, address, 'from one address'),
    ofCaller: (request, reply, { via, sessionId, actor }) => {
      callers.set(request, `${via} ${sessionId ?? actor.id}`)
      return ofCaller(request, reply)
    },
    ofOperation: (perMinute) => limit(app, perMinute, 'of this kind from one address'),
  }
}
