import { z } from 'zod'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import {
  invitation,
  invitationCreate,
  memberList,
  memberRemove,
  members,
} from '../../shared/api/invitations.ts'
import * as userAdminService from '../services/userAdminService.ts'
import { route, type Route } from './define.ts'

const tag = 'users'
const ofTenant = { in: 'object', kind: 'tenant' } as const
const ofInvitation = { permission: 'users:manage', where: { in: 'object', kind: 'invitation' } } as const

/** Who belongs to a tenant or to the platform, and who is asked to. */
export const adminInvitations: Route[] = [
  route({
    method: 'GET',
    path: '/api/admin/tenants/{id}/members',
    operationId: 'getTenantMembers',
    summary: 'The users of a tenant with their roles in it, and open invitations',
    tag,
    access: { permission: 'users:read', where: ofTenant },
    params: idParams,
    query: memberList,
    replies: { 200: members },
    handler: async (ctx, { tenantId, query }) => ({
      body: await userAdminService.listMembers(ctx, tenantId, query),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/members/remove',
    operationId: 'removeTenantMember',
    summary: 'Take all roles that a user has in the tenant',
    tag,
    access: { permission: 'users:manage', where: ofTenant },
    stepUp: true,
    params: idParams,
    body: memberRemove,
    replies: { 204: z.null() },
    handler: async (ctx, { tenantId, identity, body }) => {
      await userAdminService.removeMember(ctx, identity, tenantId, body.userId)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/tenants/{id}/invitations',
    operationId: 'inviteToTenant',
    summary: 'Invite somebody to a role in the tenant, by mail',
    tag,
    access: { permission: 'users:manage', where: ofTenant },
    stepUp: true,
    params: idParams,
    body: invitationCreate,
    perMinute: 30,
    replies: { 201: invitation },
    handler: async (ctx, { tenantId, identity, body }) => ({
      status: 201,
      body: await userAdminService.invite(ctx, identity, tenantId, body),
    }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/users/invitations',
    operationId: 'listInvitations',
    summary: 'Open invitations to the platform',
    tag,
    access: { permission: 'users:read', where: { in: 'platform' } },
    query: listQuery.omit({ tenantId: true }),
    replies: { 200: page(invitation) },
    handler: async (ctx, { query }) => ({ body: await userAdminService.listInvitations(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/invitations',
    operationId: 'inviteToPlatform',
    summary: 'Invite somebody to a role of the platform, by mail',
    tag,
    access: { permission: 'users:manage', where: { in: 'platform' } },
    stepUp: true,
    body: invitationCreate,
    perMinute: 30,
    replies: { 201: invitation },
    handler: async (ctx, { identity, body }) => ({
      status: 201,
      body: await userAdminService.invite(ctx, identity, null, body),
    }),
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/invitations/{id}/resend',
    operationId: 'resendInvitation',
    summary: 'Send an invitation again; the earlier link ends',
    tag,
    access: ofInvitation,
    stepUp: true,
    params: idParams,
    perMinute: 30,
    replies: { 200: invitation },
    handler: async (ctx, { params, identity }) => ({
      body: await userAdminService.resendInvitation(ctx, identity, params.id),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/invitations/{id}',
    operationId: 'revokeInvitation',
    summary: 'Take an invitation back; its link ends',
    tag,
    access: ofInvitation,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params, identity }) => {
      await userAdminService.revokeInvitation(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/users/{id}/password-reset',
    operationId: 'sendPasswordReset',
    summary: 'Send a user the link to set a new password',
    tag,
    access: { permission: 'users:manage', where: { in: 'platform' } },
    stepUp: true,
    params: idParams,
    perMinute: 30,
    replies: { 204: z.null() },
    handler: async (ctx, { params, identity }) => {
      await userAdminService.sendPasswordReset(ctx, identity, params.id)
      return { status: 204, body: null }
    },
  }),
]
