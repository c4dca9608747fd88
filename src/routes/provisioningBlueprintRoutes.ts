import { z } from 'zod'
import { idParams, listQuery, page } from '../../shared/api/common.ts'
import { blueprint, blueprintCreate, blueprintUpdate } from '../../shared/api/provisioning.ts'
import * as provisioningService from '../services/provisioningService.ts'
import { route, type Route } from './define.ts'

const tag = 'provisioning'
const PATH = '/api/admin/provisioning/blueprints'
const change = { permission: 'blueprints:update', where: { in: 'platform' } } as const

export const provisioningBlueprintRoutes: Route[] = [
  route({
    method: 'GET',
    path: PATH,
    operationId: 'listBlueprints',
    summary: 'List blueprints: what a pod can be made of',
    tag,
    access: { permission: 'blueprints:read', where: { in: 'list' } },
    query: listQuery,
    replies: { 200: page(blueprint) },
    handler: async (ctx, { query }) => ({ body: await provisioningService.listBlueprints(ctx, query) }),
  }),
  route({
    method: 'POST',
    path: PATH,
    operationId: 'createBlueprint',
    summary: 'Add a blueprint with the templates it is made of',
    tag,
    access: { permission: 'blueprints:create', where: { in: 'platform' } },
    body: blueprintCreate,
    replies: { 201: blueprint },
    handler: async (ctx, { body }) => ({
      status: 201,
      body: await provisioningService.addBlueprint(ctx, body),
    }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/{id}`,
    operationId: 'getBlueprint',
    summary: 'Show a blueprint with the templates it is made of',
    tag,
    access: change,
    params: idParams,
    replies: { 200: blueprint },
    handler: async (ctx, { params }) => {
      const body = await provisioningService.getBlueprint(ctx, params.id)
      return { body, version: body.version }
    },
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/{id}`,
    operationId: 'updateBlueprint',
    summary: 'Change name, limits, images and state of a blueprint; pods that are there stay as they are',
    tag,
    access: change,
    params: idParams,
    body: blueprintUpdate,
    replies: { 200: blueprint },
    versioned: true,
    handler: async (ctx, { params, body, ifMatch }) => {
      const changed = await provisioningService.updateBlueprint(ctx, params.id, body, ifMatch)
      return { body: changed, version: changed.version }
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/{id}`,
    operationId: 'removeBlueprint',
    summary: 'Remove a blueprint of which no pod was ever made',
    tag,
    access: change,
    params: idParams,
    replies: { 204: z.null() },
    handler: async (ctx, { params }) => {
      await provisioningService.removeBlueprint(ctx, params.id)
      return { status: 204, body: null }
    },
  }),
]
