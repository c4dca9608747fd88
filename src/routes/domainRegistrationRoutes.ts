import type { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  domainAutoRenew,
  domainOperationList,
  domainOperationQuery,
  domainRegister,
  domainRegistration,
  domainRenew,
  domainRestore,
  domainSearch,
  domainSearchRequest,
  domainTransferIn,
} from '../../shared/api/domainRegistrations.ts'
import { originOf } from '../middleware/auth.ts'
import * as domainRegistrationService from '../services/domainRegistrationService.ts'
import { route, type Route } from './define.ts'
import { accepted, DOMAINS, one, ordered, update } from './domainOrdered.ts'

const tag = 'domains'

export const domainRegistrationRoutes: Route[] = [
  {
    method: 'GET',
    path: `${DOMAINS}/search`,
    operationId: 'searchDomains',
    summary: 'Look which names are free, and what they cost, in all TLDs that are sold',
    tag,
    access: { permission: 'domains:read', where: { in: 'list' } },
    query: domainSearchRequest,
    perMinute: 60,
    replies: { 200: domainSearch },
    raw: async (root, request, _reply, identity) =>
      domainRegistrationService.search(
        root,
        originOf(request, identity),
        request.query as z.infer<typeof domainSearchRequest>,
      ),
  },
  route({
    method: 'POST',
    path: `${DOMAINS}/register`,
    operationId: 'registerDomain',
    summary: 'Order the registration of a domain; it begins with the payment',
    tag,
    access: { permission: 'domains:create', where: { in: 'body', kind: 'tenant', field: 'tenantId' } },
    body: domainRegister,
    replies: ordered,
    handler: (ctx, { body, tenantId }) =>
      accepted(ctx, tenantId, domainRegistrationService.register(ctx, body)),
  }),
  route({
    method: 'POST',
    path: `${DOMAINS}/transfer`,
    operationId: 'transferDomain',
    summary: 'Order the transfer of a domain from another registrar; it begins with the payment',
    tag,
    access: { permission: 'domains:create', where: { in: 'body', kind: 'tenant', field: 'tenantId' } },
    body: domainTransferIn,
    replies: ordered,
    handler: (ctx, { body, tenantId }) =>
      accepted(ctx, tenantId, domainRegistrationService.transferIn(ctx, body)),
  }),
  route({
    method: 'GET',
    path: `${DOMAINS}/{id}/registration`,
    operationId: 'getDomainRegistration',
    summary: 'Show what is known of a domain’s registration',
    tag,
    access: { permission: 'domains:read', where: one },
    params: idParams,
    replies: { 200: domainRegistration },
    handler: async (ctx, { params, tenantId }) => ({
      body: await domainRegistrationService.getRegistration(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'GET',
    path: `${DOMAINS}/{id}/timeline`,
    operationId: 'getDomainOperations',
    summary: 'List what was asked of a domain’s registry, newest first',
    tag,
    access: { permission: 'domains:read', where: one },
    params: idParams,
    query: domainOperationQuery,
    replies: { 200: domainOperationList },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await domainRegistrationService.listOperations(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'POST',
    path: `${DOMAINS}/{id}/renew`,
    operationId: 'renewDomain',
    summary: 'Order the renewal of a domain; it begins with the payment',
    tag,
    access: update,
    params: idParams,
    body: domainRenew,
    replies: ordered,
    handler: (ctx, { params, tenantId, body }) =>
      accepted(
        ctx,
        tenantId,
        domainRegistrationService.renew(
          ctx,
          tenantId,
          params.id,
          body.years,
          domainRegistrationService.agreedOf(body),
        ),
      ),
  }),
  route({
    method: 'POST',
    path: `${DOMAINS}/{id}/restore`,
    operationId: 'restoreDomain',
    summary: 'Order that a domain is brought back out of its redemption',
    tag,
    access: update,
    params: idParams,
    body: domainRestore,
    replies: ordered,
    handler: (ctx, { params, tenantId, body }) =>
      accepted(
        ctx,
        tenantId,
        domainRegistrationService.restore(ctx, tenantId, params.id, domainRegistrationService.agreedOf(body)),
      ),
  }),
  route({
    method: 'DELETE',
    path: `${DOMAINS}/{id}/registration`,
    operationId: 'deleteDomainRegistration',
    summary: 'Delete a domain at its registry',
    tag,
    access: { permission: 'domains:delete', where: one },
    stepUp: true,
    params: idParams,
    replies: ordered,
    handler: (ctx, { params, tenantId }) =>
      accepted(ctx, tenantId, domainRegistrationService.remove(ctx, tenantId, params.id)),
  }),
  route({
    method: 'PUT',
    path: `${DOMAINS}/{id}/auto-renew`,
    operationId: 'setDomainAutoRenew',
    summary: 'Order renewals of a domain in time by itself, or not',
    tag,
    access: update,
    params: idParams,
    body: domainAutoRenew,
    replies: { 200: domainRegistration },
    handler: async (ctx, { params, tenantId, body: { autoRenew } }) => {
      await domainRegistrationService.setAutoRenew(ctx, tenantId, params.id, autoRenew)
      return { body: await domainRegistrationService.getRegistration(ctx, tenantId, params.id) }
    },
  }),
]
