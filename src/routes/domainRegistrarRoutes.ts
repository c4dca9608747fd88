import { z } from 'zod'
import { idParams } from '../../shared/api/common.ts'
import {
  registrar,
  registrarCheck,
  registrarCreate,
  registrarList,
  registrarQuery,
  registrarUpdate,
  tldPrice,
  tldPriceList,
  tldPriceQuery,
  tldPriceSet,
} from '../../shared/api/domainRegistrars.ts'
import { originOf } from '../middleware/auth.ts'
import * as domainRegistrarService from '../services/domainRegistrarService.ts'
import { route, type Route } from './define.ts'

const tag = 'domains'
const PATH = '/api/admin/domains/registrars'
const PRICES = '/api/admin/domains/tld-prices'
const see = { permission: 'infrastructure:read', where: { in: 'platform' } } as const
const manage = { permission: 'infrastructure:manage', where: { in: 'platform' } } as const

/** The checks call the registrar while the request waits, outside of any transaction. */
export const domainRegistrarRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listRegistrars',
    summary: 'List the accounts at registries and registrars, with balance and health',
    tag,
    access: see,
    query: registrarQuery,
    replies: { 200: registrarList },
    handler: async (ctx, { query }) => ({ body: await domainRegistrarService.listRegistrars(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createRegistrar',
    summary: 'Add an account at a registry or registrar',
    tag,
    access: manage,
    stepUp: true,
    body: registrarCreate,
    replies: { 201: registrar },
    handler: async (ctx, { body }) => {
      const made = await domainRegistrarService.addRegistrar(ctx, body)
      return { status: 201, body: made, location: `${PATH}/${made.id}` }
    },
  }),
  {
    method: 'POST',
    path: `${PATH}/check`,
    operationId: 'checkRegistrarConnection',
    summary: 'Try a connection to a registry or registrar, and read the balance',
    tag,
    access: manage,
    body: registrarCreate,
    perMinute: 10,
    answersSecret: true,
    replies: { 200: registrarCheck },
    raw: async (root, request, _reply, identity) =>
      domainRegistrarService.checkRegistrarConnection(
        root,
        originOf(request, identity),
        request.body as z.infer<typeof registrarCreate>,
      ),
  },
  {
    method: 'POST',
    path: `${PATH}/{id}/check`,
    operationId: 'checkRegistrar',
    summary: 'Try the connection of a registrar that is known, and read the balance',
    tag,
    access: manage,
    params: idParams,
    body: z.strictObject({}),
    perMinute: 10,
    replies: { 200: registrarCheck },
    raw: async (root, request, _reply, identity) => {
      const { id } = request.params as z.infer<typeof idParams>
      return domainRegistrarService.checkRegistrar(root, originOf(request, identity), id)
    },
  },
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getRegistrar',
    summary: 'Show an account at a registry or registrar',
    tag,
    access: see,
    params: idParams,
    replies: { 200: registrar },
    handler: async (ctx, { params }) => {
      const body = await domainRegistrarService.getRegistrar(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateRegistrar',
    summary: 'Rename an account, retire it, or change how it is reached',
    tag,
    access: manage,
    stepUp: true,
    params: idParams,
    body: registrarUpdate,
    replies: { 200: registrar },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await domainRegistrarService.updateRegistrar(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'GET',
    path: PRICES,
    operationId: 'listTldPrices',
    summary: 'List what registrations, renewals, transfers and restores cost and are sold for',
    tag,
    access: see,
    query: tldPriceQuery,
    replies: { 200: tldPriceList },
    handler: async (ctx, { query }) => ({ body: await domainRegistrarService.listPrices(ctx, query) }),
  }),
  route({
    method: 'PUT',
    path: PRICES,
    operationId: 'setTldPrice',
    summary: 'Set what something about a TLD costs, and what is added',
    tag,
    access: manage,
    body: tldPriceSet,
    replies: { 200: tldPrice },
    handler: async (ctx, { body }) => ({ body: await domainRegistrarService.setPrice(ctx, body) }),
  }),
  route({
    method: 'DELETE',
    path: `${PRICES}/{id}`,
    operationId: 'removeTldPrice',
    summary: 'Take a price away: what has none is not sold',
    tag,
    access: manage,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await domainRegistrarService.removePrice(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
]
