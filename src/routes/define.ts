import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Permission } from '../../shared/permissions.ts'
import type { Ctx, Root } from '../context.ts'
import type { Download } from '../lib/download.ts'
import type { TenantThing } from '../services/tenantScopeService.ts'
import type { Identity } from '../services/userService.ts'

/**
 * Where the permission is needed:
 * `platform`  on the platform as a whole
 * `list`      anywhere; the answer is limited to the tenants where the caller has it (and to `?tenantId=`)
 * `any`     anywhere; the transaction is limited to the tenants where the caller has it, and the service looks there
 * `own`       in the one tenant that the caller works in; who works in several says which by `?tenantId=`
 * `object`    in the tenant of the thing whose id is in the path
 * `body`      in the tenant that the body names, directly or by something that belongs to it; null names the platform
 */
type Where =
  | { in: 'platform' }
  | { in: 'list' }
  | { in: 'any' }
  | { in: 'own' }
  | { in: 'object'; kind: TenantThing }
  | { in: 'body'; field: string; kind: TenantThing }

export type Reply<B> = {
  status?: number
  body: B
  location?: string
  version?: number
  /** A browser saves the answer under this name. */
  filename?: string
  /** Sent instead of the body, after the transaction; only of a GET. */
  download?: Download
  /** The session that the caller's browser has from now on. */
  session?: { token: string; expiresAt: Date }
}

export type Call<P, Q, B> = {
  params: P
  query: Q
  body: B
  identity: Identity
  tenantId: string
  ifMatch: number | undefined
}

type Common = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  operationId: string
  summary: string
  tag: string
  params?: z.ZodType
  query?: z.ZodType
  body?: z.ZodType
  replies: Record<number, z.ZodType>
  /** It may change something of a tenant that is suspended or closed; all other changes are refused there. */
  whileSuspended?: true
  /** Calls of one address in a minute, where guessing must be slow. */
  perMinute?: number
  /** It counts for no limit of requests: what watches the installation, and what stays open. */
  uncounted?: true
  /** The type of the body, where it is no JSON: the route reads it as a file. */
  takes?: 'text/csv'
  /** It heeds `If-Match`: refused with 412 when the thing has changed since. */
  versioned?: true
  /** Its sender signs the body, which is handed over as the bytes that came; no cookie counts, so it may come from anywhere. */
  signed?: true
  /** Only for a person in a session: an API key is refused. */
  sessionOnly?: true
  /** A person must have proven who he is within the last ten minutes: 403 step_up_required. API keys are not asked. */
  stepUp?: true
  /** Also for users who must enrol a second factor first. */
  beforeEnrolment?: true
  /** Also for an API key that is limited to named things: it is about the caller alone. */
  forLimitedKeys?: true
  /** Refused to an operator who acts under another name, beside what `requireOwnName` refuses by itself. */
  notWhileImpersonating?: true
  /** Allowed to an operator who acts under another name, whatever `requireOwnName` says: it ends that. */
  whileImpersonating?: true
  /** The answer holds a secret that is shown once: it is not kept for a repeated Idempotency-Key. */
  answersSecret?: true
}

/** An ordinary route: parse, authorise, one service function in one transaction, answer. */
export type TableRoute = Common & {
  access: { permission: Permission; where: Where } | 'authenticated'
  handler(ctx: Ctx, call: Call<unknown, unknown, unknown>): Promise<Reply<unknown>>
}

/**
 * A route that cannot be one transaction (log-in, live streams, files, health) and so looks after itself. `tenantId`
 * is that of the thing in the path, in which the permission was asked for.
 */
type RawRoute = Common & {
  access:
    | 'public'
    | 'authenticated'
    | { permission: Permission; where: { in: 'platform' | 'list' } | { in: 'object'; kind: TenantThing } }
  raw(
    root: Root,
    request: FastifyRequest,
    reply: FastifyReply,
    identity: Identity | undefined,
    tenantId: string,
  ): Promise<unknown>
}

export type Route = TableRoute | RawRoute

/** Whoever repeats such a call with the same Idempotency-Key gets the answer of the first. */
export const keepsAnswers = (row: Route): boolean =>
  row.method === 'POST' && !('raw' in row) && !row.answersSecret

type Out<T> = T extends z.ZodType ? z.output<T> : undefined
type Answer<R extends Record<number, z.ZodType>> = R[keyof R] extends z.ZodType ? z.input<R[keyof R]> : never

/** Ties the types of a route's schemas to its handler. */
export function route<
  R extends Record<number, z.ZodType>,
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  definition: Omit<Common, 'params' | 'query' | 'body' | 'replies'> & {
    params?: P
    query?: Q
    body?: B
    replies: R
    access: TableRoute['access']
    handler(ctx: Ctx, call: Call<Out<P>, Out<Q>, Out<B>>): Promise<Reply<Answer<R>>>
  },
): TableRoute {
  return definition
}
