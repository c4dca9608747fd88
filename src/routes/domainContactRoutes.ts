import { idParams } from '../../shared/api/common.ts'
import {
  domainContacts,
  domainDefaultContacts,
  domainDefaultContactsQuery,
  domainDefaultContactsSet,
} from '../../shared/api/domainContacts.ts'
import * as domainRegistrationService from '../services/domainRegistrationService.ts'
import { route, type Route } from './define.ts'
import { accepted, DOMAINS, ordered, update } from './domainOrdered.ts'

const tag = 'domains'

/** Whom registries are told of a domain. */
export const domainContactRoutes: Route[] = [
  route({
    method: 'PUT',
    path: `${DOMAINS}/{id}/contacts`,
    operationId: 'setDomainContacts',
    summary: 'Say to the registry who has a domain',
    tag,
    access: update,
    params: idParams,
    body: domainContacts,
    replies: ordered,
    handler: (ctx, { params, tenantId, body }) =>
      accepted(ctx, tenantId, domainRegistrationService.setContacts(ctx, tenantId, params.id, body)),
  }),
  route({
    method: 'GET',
    path: `${DOMAINS}/default-contacts`,
    operationId: 'getDomainDefaultContacts',
    summary: 'Show whom registries are told where an order says nothing: of the platform, and of a tenant',
    tag,
    access: { permission: 'domains:read', where: { in: 'list' } },
    query: domainDefaultContactsQuery,
    replies: { 200: domainDefaultContacts },
    handler: async (ctx, { query: { tenantId = null } }) => ({
      body: await domainRegistrationService.defaultContacts(ctx, tenantId),
    }),
  }),
  route({
    method: 'PUT',
    path: `${DOMAINS}/default-contacts`,
    operationId: 'setDomainDefaultContacts',
    summary:
      'Say whom registries are told where an order says nothing, of a tenant or (tenantId null) of the platform',
    tag,
    access: { permission: 'domains:update', where: { in: 'body', kind: 'tenant', field: 'tenantId' } },
    body: domainDefaultContactsSet,
    replies: { 200: domainDefaultContacts },
    handler: async (ctx, { body }) => ({
      body: await domainRegistrationService.setDefaultContacts(ctx, body),
    }),
  }),
]
