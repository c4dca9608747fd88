import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { cloudPodConsoleTicket } from '../../shared/api/cloudPodConsole.ts'
import { idParams } from '../../shared/api/common.ts'
import { CONSOLE_PROTOCOL, TICKET_PREFIX } from '../../shared/states/cloudPodConsole.ts'
import { transaction, type Root } from '../context.ts'
import { AppError } from '../errors.ts'
import { identifyAgain, originOf, requireOwnOrigin } from '../middleware/auth.ts'
import { requireEnrolled, requirePermission } from '../middleware/rbac.ts'
import * as cloudPodConsoleService from '../services/cloudPodConsoleService.ts'
import * as userService from '../services/userService.ts'
import type { Identity } from '../services/userService.ts'
import { runConsole } from './cloudPodConsoleSession.ts'
import { route, type Route } from './define.ts'
import { accept, requireUpgrade } from '../middleware/upgrades.ts'

const tag = 'cloudpods'
const PATH = '/api/admin/hosting/cloudpods/{id}/console'
const PERMISSION = 'cloudpods:console'
const where = { in: 'object', kind: 'cloudPod' } as const

export const cloudPodConsole: Route[] = [
  route({
    method: 'POST',
    path: PATH,
    operationId: 'issueCloudPodConsoleTicket',
    summary: 'A ticket that opens the console of a pod once, within half a minute',
    tag,
    access: { permission: PERMISSION, where },
    params: idParams,
    replies: { 201: cloudPodConsoleTicket },
    answersSecret: true,
    handler: async (ctx, { params, tenantId, identity }) => ({
      status: 201,
      body: await cloudPodConsoleService.issue(ctx, tenantId, params.id, identity),
    }),
  }),
  {
    method: 'GET',
    path: PATH,
    operationId: 'openCloudPodConsole',
    summary: 'The console of a pod as a WebSocket, for the ticket that is named as a subprotocol',
    tag,
    access: { permission: PERMISSION, where },
    params: idParams,
    replies: { 200: z.string().describe('Never: it becomes a WebSocket (101), or is refused') },
    notWhileImpersonating: true,
    raw: openConsole,
  },
]

async function openConsole(
  root: Root,
  request: FastifyRequest,
  reply: FastifyReply,
  identity: Identity | undefined,
  tenantId: string,
): Promise<void> {
  requireUpgrade(request)
  if (!identity) throw new AppError('unauthenticated', 'Log in first.')
  requireOwnOrigin(request, identity)
  const { id } = request.params as { id: string }
  const origin = originOf(request, identity)
  const begun = await transaction(root, origin, [tenantId], (ctx) =>
    cloudPodConsoleService.begin(ctx, tenantId, id, { identity, ticket: ticketIn(request) }),
  )
  const socket = await accept(request, reply, CONSOLE_PROTOCOL)
  await runConsole({
    root,
    request,
    origin,
    begun,
    socket,
    isAllowed: (active) => isAllowed(root, request, { identity, tenantId, podId: id, active }),
  })
}

/**
 * The ticket comes as a subprotocol: addresses are written into logs and histories, and a first message would mean to
 * accept connections from anybody. @throws AppError ticket_refused
 */
function ticketIn({ headers }: FastifyRequest): string {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim())
  const named = offered.find((name) => name.startsWith(TICKET_PREFIX))
  if (named === undefined || !offered.includes(CONSOLE_PROTOCOL))
    throw new AppError(
      'ticket_refused',
      `Name the subprotocols ${CONSOLE_PROTOCOL} and ${TICKET_PREFIX} with the ticket behind it.`,
    )
  return named.slice(TICKET_PREFIX.length)
}

/** Whether the same session or key may still use the console; the page that is only open does not keep it alive. */
async function isAllowed(
  root: Root,
  request: FastifyRequest,
  of: { identity: Identity; tenantId: string; podId: string; active: boolean },
): Promise<boolean> {
  try {
    const now = await identifyAgain(root, request, of.identity, { asActivity: of.active })
    if (!now || now.actor.id !== of.identity.actor.id || now.impersonation) return false
    requireEnrolled(now)
    requirePermission(now, PERMISSION, of.tenantId)
    await transaction(root, originOf(request, now), [of.tenantId], (ctx) =>
      userService.requireNamed(ctx, now, { type: 'cloudPod', id: of.podId }),
    )
    return true
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}
