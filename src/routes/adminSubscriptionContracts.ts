import { z } from 'zod'
import { subscription } from '../../shared/api/billing.ts'
import {
  calendarQuery,
  dunningPolicy,
  dunningPolicyCreate,
  dunningPolicyList,
  dunningPolicyUpdate,
  pausePreview,
  pausePreviewQuery,
  subscriptionCalendar,
  subscriptionHold,
  subscriptionPause,
  subscriptionRelease,
  subscriptionResume,
  subscriptionTimeline,
  timelineQuery,
} from '../../shared/api/billingContracts.ts'
import { idParams, page } from '../../shared/api/common.ts'
import * as BillingService from '../services/BillingService.ts'
import { route, type Route } from './define.ts'

const tag = 'billing'
const PATH = '/api/admin/billing/subscriptions/{id}'
const POLICIES = '/api/admin/billing/dunning-policies'
const one = { in: 'object', kind: 'subscription' } as const
const policy = { permission: 'billing:manage', where: { in: 'object', kind: 'dunningPolicy' } } as const

/** How subscriptions go on, and what is done about those that are not paid. */
export const adminSubscriptionContracts: Route[] = [
  route({
    method: 'POST',
    path: `${PATH}/uncancel`,
    operationId: 'uncancelSubscription',
    summary: 'Take a cancellation at the end of the period back',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'subscriptions:write', where: one },
    params: idParams,
    replies: { 200: subscription },
    handler: async (ctx, { params, tenantId }) => {
      const body = await BillingService.uncancel(ctx, tenantId, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/keep`,
    operationId: 'keepSubscription',
    summary: 'Let a subscription go on after its trial',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'subscriptions:write', where: one },
    params: idParams,
    replies: { 200: subscription },
    handler: async (ctx, { params, tenantId }) => {
      const body = await BillingService.keep(ctx, tenantId, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/hold`,
    operationId: 'holdSubscription',
    summary: 'Keep the automation from suspending or ending a subscription for a while',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: one },
    params: idParams,
    body: subscriptionHold,
    replies: { 200: subscription },
    handler: async (ctx, { params, body: asked, tenantId }) => {
      const body = await BillingService.hold(ctx, tenantId, params.id, asked)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/release`,
    operationId: 'releaseSubscription',
    summary: 'End a hold before its time',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'billing:manage', where: one },
    params: idParams,
    body: subscriptionRelease,
    replies: { 200: subscription },
    handler: async (ctx, { params, body: asked, tenantId }) => {
      const body = await BillingService.release(ctx, tenantId, params.id, asked)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/pause-preview`,
    operationId: 'getSubscriptionPausePreview',
    summary: 'Show what a pause of a subscription would do',
    tag,
    access: { permission: 'subscriptions:read', where: one },
    params: idParams,
    query: pausePreviewQuery,
    replies: { 200: pausePreview },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await BillingService.pausePreview(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/pause`,
    operationId: 'pauseSubscription',
    summary: 'Switch a subscription off for a while without billing it',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'subscriptions:write', where: one },
    params: idParams,
    body: subscriptionPause,
    replies: { 200: subscription },
    handler: async (ctx, { params, body: asked, tenantId }) => {
      const body = await BillingService.pause(ctx, tenantId, params.id, asked)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/resume`,
    operationId: 'resumeSubscription',
    summary: 'Let a paused subscription go on',
    tag,
    notWhileImpersonating: true,
    access: { permission: 'subscriptions:write', where: one },
    params: idParams,
    body: subscriptionResume,
    replies: { 200: subscription },
    handler: async (ctx, { params, body: asked, tenantId }) => {
      const body = await BillingService.resume(ctx, tenantId, params.id, asked)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/calendar`,
    operationId: 'getSubscriptionCalendar',
    summary: 'Show what happens to a subscription on which day, if nobody does anything',
    tag,
    access: { permission: 'subscriptions:read', where: one },
    params: idParams,
    query: calendarQuery,
    replies: { 200: subscriptionCalendar },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await BillingService.showCalendar(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/timeline`,
    operationId: 'getSubscriptionTimeline',
    summary: 'Show what happened to a subscription: events, invoices, payments and jobs, newest first',
    tag,
    access: { permission: 'audit:read', where: one },
    params: idParams,
    query: timelineQuery,
    replies: { 200: subscriptionTimeline },
    handler: async (ctx, { params, query, tenantId }) => ({
      body: await BillingService.timeline(ctx, tenantId, params.id, query),
    }),
  }),
  route({
    method: 'GET',
    path: POLICIES,
    operationId: 'listDunningPolicies',
    summary: 'List what is done about unpaid invoices: the platform’s policy and those of tenants',
    tag,
    access: { permission: 'billing:read', where: { in: 'list' } },
    query: dunningPolicyList,
    replies: { 200: page(dunningPolicy) },
    handler: async (ctx, { query }) => ({ body: await BillingService.listPolicies(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: POLICIES,
    operationId: 'createDunningPolicy',
    summary: 'Give a tenant, a plan, or a plan of a tenant a dunning policy of its own',
    tag,
    access: { permission: 'billing:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } },
    body: dunningPolicyCreate,
    replies: { 201: dunningPolicy },
    handler: async (ctx, { body: asked }) => {
      const body = await BillingService.createPolicy(ctx, asked)
      return { status: 201, body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${POLICIES}/{id}`,
    operationId: 'updateDunningPolicy',
    summary: 'Change after how many days is reminded, suspended and ended',
    tag,
    access: policy,
    params: idParams,
    body: dunningPolicyUpdate,
    replies: { 200: dunningPolicy },
    versioned: true,
    handler: async (ctx, { params, body: change, ifMatch }) => {
      const body = await BillingService.updatePolicy(ctx, params.id, change, ifMatch)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${POLICIES}/{id}`,
    operationId: 'removeDunningPolicy',
    summary: 'Let a tenant or plan follow the dunning policy of all others again',
    tag,
    access: policy,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await BillingService.removePolicy(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
]
