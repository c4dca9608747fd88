import { z } from 'zod'
import {
  cloudPodFirewall,
  cloudPodFirewallUpdate,
  firewallAccepted,
  securityGroup,
  securityGroupChanged,
  securityGroupCreate,
  securityGroupList,
  securityGroupUpdate,
} from '../../shared/api/cloudPodFirewall.ts'
import { idParams, page } from '../../shared/api/common.ts'
import * as cloudPodFirewallService from '../services/cloudPodFirewallService.ts'
import { route, type Route } from './define.ts'

const tag = 'cloudpods'
const PATH = '/api/admin/hosting/security-groups'
const POD = '/api/admin/hosting/cloudpods/{id}/firewall'
const ofPod = { in: 'object', kind: 'cloudPod' } as const
const one = { in: 'object', kind: 'securityGroup' } as const

export const securityGroups: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listSecurityGroups',
    summary: 'List security groups: those of the platform, and of the tenants that the caller sees',
    tag,
    access: { permission: 'cloudpods:read', where: { in: 'list' } },
    query: securityGroupList,
    replies: { 200: page(securityGroup) },
    handler: async (ctx, { query }) => ({ body: await cloudPodFirewallService.list(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createSecurityGroup',
    summary: 'Add a security group, of a tenant or (tenantId null) of the platform for every tenant',
    tag,
    access: {
      permission: 'cloudpods:firewall',
      where: { in: 'body', field: 'tenantId', kind: 'tenant' },
    },
    body: securityGroupCreate,
    replies: { 201: securityGroup },
    handler: async (ctx, { body: asked }) => {
      const body = await cloudPodFirewallService.create(ctx, asked)
      return { status: 201, body, location: `${PATH}/${body.id}`, version: body.version }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getSecurityGroup',
    summary: 'Show a security group with its rules',
    tag,
    access: { permission: 'cloudpods:read', where: { in: 'any' } },
    params: idParams,
    replies: { 200: securityGroup },
    handler: async (ctx, { params }) => {
      const body = await cloudPodFirewallService.get(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateSecurityGroup',
    summary: 'Change a security group, and the firewalls of the pods under it',
    tag,
    access: { permission: 'cloudpods:firewall', where: one },
    params: idParams,
    body: securityGroupUpdate,
    replies: { 200: securityGroupChanged },
    versioned: true,
    handler: async (ctx, { params, body: change, ifMatch }) => {
      const body = await cloudPodFirewallService.update(ctx, params.id, change, ifMatch)
      return { body, version: body.group.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'deleteSecurityGroup',
    summary: 'Remove a security group that no pod is under',
    tag,
    access: { permission: 'cloudpods:firewall', where: one },
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await cloudPodFirewallService.remove(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: POD,
    operationId: 'getCloudPodFirewall',
    summary: 'Show the firewall of a pod: its security groups, and whether it was read back so',
    tag,
    access: { permission: 'cloudpods:read', where: ofPod },
    params: idParams,
    replies: { 200: cloudPodFirewall },
    handler: async (ctx, { params, tenantId }) => ({
      body: await cloudPodFirewallService.ofPod(ctx, tenantId, params.id),
    }),
  }),
  route({
    method: 'PATCH',
    path: POD,
    operationId: 'setCloudPodFirewall',
    summary: 'Put a pod under security groups, in this order, and have its guest told',
    tag,
    access: { permission: 'cloudpods:firewall', where: ofPod },
    params: idParams,
    body: cloudPodFirewallUpdate,
    replies: { 202: firewallAccepted },
    handler: async (ctx, { params, tenantId, body: { groupIds } }) => {
      const body = await cloudPodFirewallService.assign(ctx, tenantId, params.id, groupIds)
      return { status: 202, body, location: `/api/admin/provisioning/jobs/${body.job.id}` }
    },
  }),
]
