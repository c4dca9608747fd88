import { z } from 'zod'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import {
  sslAccepted,
  sslCertificate,
  sslCertificateCreate,
  sslCertificateDetail,
  sslCertificateList,
  sslCertificateReplace,
  sslCertificateUpload,
  sslChain,
  sslDeployment,
  sslKey,
  sslOrders,
  sslRevoke,
} from '../../shared/api/ssl.ts'
import * as sslService from '../services/sslService.ts'
import { route, type Route } from './define.ts'

const tag = 'ssl'
const PATH = '/api/admin/ssl/certificates'
const see = { permission: 'ssl:read', where: { in: 'object', kind: 'sslCertificate' } } as const
const manage = { permission: 'ssl:manage', where: { in: 'object', kind: 'sslCertificate' } } as const
const ask = { permission: 'ssl:manage', where: { in: 'body', field: 'tenantId', kind: 'tenant' } } as const

const accepted = (body: z.input<typeof sslAccepted>) => ({
  status: 202,
  body,
  location: `/api/admin/provisioning/jobs/${body.job.id}`,
})

export const sslRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'findSslCertificates',
    summary: 'List certificates, those that end first before the others',
    tag,
    access: { permission: 'ssl:read', where: { in: 'list' } },
    query: sslCertificateList,
    replies: { 200: page(sslCertificate) },
    handler: async (ctx, { query }) => ({ body: await sslService.list(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createSslCertificate',
    summary: 'Have a certificate issued for names of the tenant’s verified domains',
    tag,
    access: ask,
    body: sslCertificateCreate,
    replies: { 202: sslAccepted },
    handler: async (ctx, { body }) => accepted(await sslService.create(ctx, body)),
  }),
  route({
    method: 'POST',
    path: `${PATH}/upload`,
    operationId: 'uploadSslCertificate',
    summary: 'Keep a certificate that is from elsewhere, with its chain and key',
    tag,
    access: ask,
    answersSecret: true,
    body: sslCertificateUpload,
    replies: { 201: sslCertificate },
    handler: async (ctx, { body }) => {
      const made = await sslService.upload(ctx, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}` }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getSslCertificate',
    summary: 'Show a certificate with its versions and its chain',
    tag,
    access: see,
    params: idParams,
    replies: { 200: sslCertificateDetail },
    handler: async (ctx, { params }) => ({ body: await sslService.get(ctx, params.id) }),
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'removeSslCertificate',
    summary: 'Renew and watch a certificate no more; what is installed somewhere goes on',
    tag,
    access: manage,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await sslService.remove(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/renew`,
    operationId: 'renewSslCertificate',
    summary: 'Have it issued anew now',
    tag,
    access: manage,
    params: idParams,
    replies: { 202: sslAccepted },
    handler: async (ctx, { params }) => accepted(await sslService.renew(ctx, params.id)),
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/revoke`,
    operationId: 'revokeSslCertificate',
    summary: 'Revoke the current version at the CA that has issued it',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: sslRevoke,
    replies: { 202: sslAccepted },
    handler: async (ctx, { params, body }) => accepted(await sslService.revoke(ctx, params.id, body.reason)),
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/upload`,
    operationId: 'replaceSslCertificate',
    summary: 'Upload the successor of a certificate that was uploaded',
    tag,
    access: manage,
    answersSecret: true,
    params: idParams,
    body: sslCertificateReplace,
    replies: { 200: sslCertificate },
    handler: async (ctx, { params, body }) => ({ body: await sslService.replace(ctx, params.id, body) }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkSslCertificate',
    summary: 'Look within a minute what its servers serve',
    tag,
    access: manage,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await sslService.requestCheck(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}/chain`,
    operationId: 'getSslChain',
    summary: 'The current version with its chain, in PEM form',
    tag,
    access: see,
    params: idParams,
    replies: { 200: sslChain },
    handler: async (ctx, { params }) => ({ body: await sslService.chainOf(ctx, params.id) }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/{id}/key`,
    operationId: 'takeSslKey',
    summary: 'The current version with its private key; who takes it is written down',
    tag,
    access: manage,
    stepUp: true,
    notWhileImpersonating: true,
    answersSecret: true,
    params: idParams,
    replies: { 200: sslKey },
    handler: async (ctx, { params }) => ({ body: await sslService.takeKey(ctx, params.id) }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}/orders`,
    operationId: 'getSslOrders',
    summary: 'What was asked of CAs for a certificate, the latest first',
    tag,
    access: see,
    params: idParams,
    replies: { 200: sslOrders },
    handler: async (ctx, { params }) => ({ body: await sslService.ordersOf(ctx, params.id) }),
  }),
  route({
    method: 'GET',
    path: '/api/admin/ssl/findings',
    operationId: 'listSslFindings',
    summary: 'List names that serve something else than what was issued for them',
    tag,
    access: { permission: 'ssl:read', where: { in: 'list' } },
    query: listQuery,
    replies: { 200: page(sslDeployment) },
    handler: async (ctx, { query }) => ({ body: await sslService.findings(ctx, query) }),
  }),
]
