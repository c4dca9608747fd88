import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  domainContacts,
  domainDefaultContacts,
  domainDefaultContactsQuery,
  domainDefaultContactsSet,
} from '../../shared/api/domainContacts.ts'
import {
  domainAuthCode,
  domainAutoRenew,
  domainDs,
  domainLock,
  domainNameservers,
  domainOperationList,
  domainOperationQuery,
  domainOrdered,
  domainPrivacy,
  domainRegister,
  domainRegistration,
  domainRenew,
  domainRestore,
  domainSearch,
  domainSearchRequest,
  domainTransferAnswer,
  domainTransferIn,
} from '../../shared/api/domainRegistrations.ts'
import type { Ctx } from '../context.ts'
import { originOf } from '../middleware/auth.ts'
import * as domainRegistrationService from '../services/domainRegistrationService.ts'
import { route, type Route } from './define.ts'

const tag = 'domains'
const PATH = '/api/admin/domains'
const one = { in: 'object', kind: 'domain' } as const
const update = { permission: 'domains:update', where: one } as const
const ordered = { 202: domainOrdered }

type Ordered = Awaited<ReturnType<typeof domainRegistrationService.renew>>
/** What was ordered: with the job, if it does not wait for its payment. */
async function accepted(ctx: Ctx, tenantId: string, order: Promise<Ordered>) {
  const body = await domainRegistrationService.present(ctx, tenantId, await order)
  const location =
    body.job === null ? `${PATH}/${body.domain.id}` : `/api/admin/provisioning/jobs/${body.job.id}`
  return { status: 202, body, location }
}

export const domainRegistrationRoutes: Route[] = [
  {
    method: 'GET',
    path: `${PATH}/search`,
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
    path: `${PATH}/register`,
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
    path: `${PATH}/transfer`,
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
    path: `${PATH}/{id}/registration`,
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
    path: `${PATH}/{id}/timeline`,
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
    path: `${PATH}/{id}/renew`,
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
    path: `${PATH}/{id}/restore`,
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
    path: `${PATH}/{id}/registration`,
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
    method: 'POST',
    path: `${PATH}/{id}/transfer`,
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
    path: `${PATH}/{id}/lock`,
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
    path: `${PATH}/{id}/auth-code`,
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
    path: `${PATH}/{id}/contacts`,
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
    path: `${PATH}/default-contacts`,
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
    path: `${PATH}/default-contacts`,
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
  route({
    method: 'PUT',
    path: `${PATH}/{id}/nameservers`,
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
    path: `${PATH}/{id}/ds`,
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
    path: `${PATH}/{id}/privacy`,
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
  route({
    method: 'PUT',
    path: `${PATH}/{id}/auto-renew`,
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
