import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  domainAuthCode,
  domainDs,
  domainLock,
  domainNameservers,
  domainPrivacy,
  domainTransferAnswer,
} from '../../shared/api/domainRegistrations.ts'
import { originOf } from '../middleware/auth.ts'
import * as domainRegistrationService from '../services/domainRegistrationService.ts'
import { route, type Route } from './define.ts'
import { accepted, DOMAINS, one, ordered, update } from './domainOrdered.ts'

const tag = 'domains'

/** What else is asked of the registry of a domain that is registered through us. */
export const domainRegistryRoutes: Route[] = [
  route({
    method: 'POST',
    path: `${DOMAINS}/{id}/transfer`,
    operationId: 'answerDomainTransfer',
    summary: 'Agree to a transfer to another registrar, reject it, or take back one to us',
    tag,
    access: { permission: 'domains:transfer', where: one },
    params: idParams,
    body: domainTransferAnswer,
    replies: ordered,
    handler: (ctx, { params, tenantId, body: { answer } }) =>
      accepted(ctx, tenantId, domainRegistrationService.answerTransfer(ctx, tenantId, params.id, answer)),
  }),
  route({
    method: 'PUT',
    path: `${DOMAINS}/{id}/lock`,
    operationId: 'lockDomain',
    summary: 'Keep a domain from being moved and deleted, or let it',
    tag,
    access: { permission: 'domains:transfer', where: one },
    params: idParams,
    body: domainLock,
    replies: ordered,
    handler: (ctx, { params, tenantId, body: { locked } }) =>
      accepted(ctx, tenantId, domainRegistrationService.setLock(ctx, tenantId, params.id, locked)),
  }),
  {
    method: 'POST',
    path: `${DOMAINS}/{id}/auth-code`,
    operationId: 'askDomainAuthCode',
    summary: 'Get the code by which a domain moves to another registrar; it is shown once',
    tag,
    access: { permission: 'domains:transfer', where: one },
    params: idParams,
    body: z.strictObject({}),
    perMinute: 10,
    answersSecret: true,
    stepUp: true,
    notWhileImpersonating: true,
    replies: { 200: domainAuthCode },
    raw: async (root, request, _reply, identity, tenantId) => {
      const { id } = request.params as z.infer<typeof idParams>
      return domainRegistrationService.authCode(root, originOf(request, identity), tenantId, id)
    },
  },
  route({
    method: 'PUT',
    path: `${DOMAINS}/{id}/nameservers`,
    operationId: 'setDomainNameservers',
    summary: 'Say to the registry which name servers serve a domain',
    tag,
    access: update,
    params: idParams,
    body: domainNameservers,
    replies: ordered,
    handler: (ctx, { params, tenantId, body }) =>
      accepted(ctx, tenantId, domainRegistrationService.setNameservers(ctx, tenantId, params.id, body)),
  }),
  route({
    method: 'PUT',
    path: `${DOMAINS}/{id}/ds`,
    operationId: 'setDomainDs',
    summary: 'Say to the registry which keys sign a domain’s zone',
    tag,
    access: update,
    params: idParams,
    body: domainDs,
    replies: ordered,
    handler: (ctx, { params, tenantId, body }) =>
      accepted(ctx, tenantId, domainRegistrationService.setDs(ctx, tenantId, params.id, body)),
  }),
  route({
    method: 'PUT',
    path: `${DOMAINS}/{id}/privacy`,
    operationId: 'setDomainPrivacy',
    summary: 'Hide the holder of a domain from the public, or show him',
    tag,
    access: update,
    params: idParams,
    body: domainPrivacy,
    replies: ordered,
    handler: (ctx, { params, tenantId, body: { privacy } }) =>
      accepted(ctx, tenantId, domainRegistrationService.setPrivacy(ctx, tenantId, params.id, privacy)),
  }),
]
