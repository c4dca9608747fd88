import { idParams, page } from '../../shared/api/common.ts'
import * as api from '../../shared/api/dnsZones.ts'
import * as dnsTemplateService from '../services/dnsTemplateService.ts'
import * as dnsWatchService from '../services/dnsWatchService.ts'
import * as dnsZoneService from '../services/dnsZoneService.ts'
import { route, type Route } from './define.ts'

const tag = 'domains'
const PATH = '/api/admin/domains/{id}'
const where = { in: 'object', kind: 'domain' } as const
const see = { permission: 'domains:read', where } as const
const edit = { permission: 'domains:update', where } as const
const params = idParams

/** Of a call: whose domain it is, and which. */
const of = ({ tenantId, params: { id } }: { tenantId: string; params: { id: string } }) => ({
  tenantId,
  domainId: id,
})

/** Where the work of a zone can be followed. */
const accepted = <B extends { job: { id: string } | null }>(body: B) => ({
  status: 202,
  body,
  ...(body.job && { location: `/api/admin/provisioning/jobs/${body.job.id}` }),
})

/** An edit is answered with the revision that it has made, and one that would only be tried with what would come of it. */
const edited = <B extends { revision: number }>(body: B) => ({ body, version: body.revision })

export const dnsZoneRoutes: Route[] = [
  route({
    method: 'GET',
    path: `${PATH}/zone`,
    operationId: 'getZone',
    summary: 'Show how far the zone of a domain is, and what differs on its server',
    tag,
    access: see,
    params,
    replies: { 200: api.zone },
    handler: async (ctx, call) => ({ body: await dnsZoneService.getZone(ctx, of(call)) }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/zone`,
    operationId: 'beginZone',
    summary: 'Begin the zone of a domain whose ownership is proven',
    tag,
    access: edit,
    params,
    body: api.zoneBegin,
    replies: { 202: api.zoneAccepted },
    handler: async (ctx, call) => accepted(await dnsZoneService.beginZone(ctx, of(call), call.body)),
  }),
  route({
    method: 'PATCH',
    path: `${PATH}/zone`,
    operationId: 'updateZone',
    summary: 'Change the default TTL of a zone, or what follows when others change it on its server',
    tag,
    access: edit,
    params,
    body: api.zoneUpdate,
    replies: { 200: api.zone },
    handler: async (ctx, call) => ({ body: await dnsZoneService.updateZone(ctx, of(call), call.body) }),
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/zone`,
    operationId: 'endZone',
    summary: 'End the zone of a domain: it is taken off its server',
    tag,
    access: edit,
    params,
    replies: { 202: api.zoneAccepted },
    handler: async (ctx, call) => accepted(await dnsZoneService.endZone(ctx, of(call))),
  }),
  route({
    method: 'POST',
    path: `${PATH}/dnssec`,
    operationId: 'switchZoneDnssec',
    summary: 'Have a zone signed, or its signing ended, in the order that keeps the domain found',
    tag,
    access: edit,
    params,
    body: api.zoneDnssec,
    replies: { 202: api.zoneAccepted },
    handler: async (ctx, call) => accepted(await dnsWatchService.switchDnssec(ctx, of(call), call.body.on)),
  }),
  route({
    method: 'POST',
    path: `${PATH}/zone/look`,
    operationId: 'lookAtZone',
    summary: 'Look now what a zone is delegated to and what its name servers say',
    tag,
    access: edit,
    params,
    replies: { 202: api.zoneAccepted },
    handler: async (ctx, call) => accepted(await dnsWatchService.lookNow(ctx, of(call))),
  }),
  route({
    method: 'GET',
    path: `${PATH}/records`,
    operationId: 'getZoneRecords',
    summary: 'Show all records of a zone, and what is probably not meant in them',
    tag,
    access: see,
    params,
    replies: { 200: api.zoneRecords },
    handler: async (ctx, call) => edited(await dnsZoneService.recordsOf(ctx, of(call))),
  }),
  route({
    method: 'POST',
    path: `${PATH}/records`,
    operationId: 'editZone',
    summary: 'Change many sets of records of a zone at once, as one revision',
    tag,
    access: edit,
    params,
    body: api.zoneEdit,
    replies: { 200: api.zoneEdited },
    versioned: true,
    handler: async (ctx, call) =>
      edited(
        await dnsZoneService.change(
          ctx,
          of(call),
          (zone) => dnsZoneService.editsOf(zone.name, call.body.changes),
          { cause: 'edit', comment: call.body.comment, ifMatch: call.ifMatch },
        ),
      ),
  }),
  route({
    method: 'PUT',
    path: `${PATH}/records`,
    operationId: 'putZoneRrset',
    summary: 'Say what the records of one name and type are',
    tag,
    access: edit,
    params,
    body: api.zoneRrsetPut,
    replies: { 200: api.zoneEdited },
    versioned: true,
    handler: async (ctx, call) => {
      const { name, type, ...value } = call.body
      return edited(
        await dnsZoneService.change(
          ctx,
          of(call),
          (zone) => dnsZoneService.editsOf(zone.name, [{ name, type, value }]),
          { cause: 'edit', ifMatch: call.ifMatch },
        ),
      )
    },
  }),
  route({
    method: 'DELETE',
    path: `${PATH}/records`,
    operationId: 'removeZoneRrset',
    summary: 'Remove the records of one name and type',
    tag,
    access: edit,
    params,
    query: api.zoneRrsetKey,
    replies: { 200: api.zoneEdited },
    versioned: true,
    handler: async (ctx, call) =>
      edited(
        await dnsZoneService.change(
          ctx,
          of(call),
          (zone) => dnsZoneService.editsOf(zone.name, [{ ...call.query, value: null }]),
          { cause: 'edit', ifMatch: call.ifMatch },
        ),
      ),
  }),
  route({
    method: 'POST',
    path: `${PATH}/import`,
    operationId: 'importZone',
    summary: 'Take over the records of a zone file, or show what would come of it',
    tag,
    access: edit,
    params,
    body: api.zoneImport,
    replies: { 200: api.zoneImported },
    handler: async (ctx, call) => edited(await dnsZoneService.importZone(ctx, of(call), call.body)),
  }),
  route({
    method: 'GET',
    path: `${PATH}/export`,
    operationId: 'exportZone',
    summary: 'Download a zone as a zone file',
    tag,
    access: see,
    params,
    replies: { 200: api.zoneFile },
    handler: async (ctx, call) => ({
      body: '',
      download: await dnsZoneService.exportZone(ctx, of(call)),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/template`,
    operationId: 'applyDnsTemplate',
    summary: 'Put the records of a template into a zone, or show what would come of it',
    tag,
    access: edit,
    params,
    body: api.zoneTemplateApply,
    replies: { 200: api.zoneEdited },
    handler: async (ctx, call) => edited(await dnsTemplateService.apply(ctx, of(call), call.body)),
  }),
  route({
    method: 'GET',
    path: `${PATH}/revisions`,
    operationId: 'getZoneRevisions',
    summary: 'Show the edits of a zone, page by page',
    tag,
    access: see,
    params,
    query: api.zoneRevisionsQuery,
    replies: { 200: page(api.zoneRevision) },
    handler: async (ctx, call) => ({ body: await dnsZoneService.listRevisions(ctx, of(call), call.query) }),
  }),
  route({
    method: 'GET',
    path: `${PATH}/revision`,
    operationId: 'getZoneRevision',
    summary: 'Show what an edit of a zone has changed',
    tag,
    access: see,
    params,
    query: api.zoneRevisionQuery,
    replies: { 200: api.zoneRevisionDetail },
    handler: async (ctx, call) => ({
      body: await dnsZoneService.getRevision(ctx, of(call), call.query.revision),
    }),
  }),
  route({
    method: 'POST',
    path: `${PATH}/rollback`,
    operationId: 'rollBackZone',
    summary: "Make the user's records of a zone what they were after a revision",
    tag,
    access: edit,
    params,
    body: api.zoneRollback,
    replies: { 200: api.zoneEdited },
    versioned: true,
    handler: async (ctx, call) =>
      edited(await dnsZoneService.rollBack(ctx, of(call), call.body, call.ifMatch)),
  }),
  route({
    method: 'POST',
    path: `${PATH}/apply`,
    operationId: 'applyZone',
    summary: 'Bring a zone to its server again, also over what others have changed there',
    tag,
    access: edit,
    params,
    body: api.zoneApply,
    replies: { 202: api.zoneAccepted },
    handler: async (ctx, call) => accepted(await dnsZoneService.applyZone(ctx, of(call), call.body)),
  }),
  route({
    method: 'POST',
    path: `${PATH}/adopt`,
    operationId: 'adoptZone',
    summary: 'Take over what others have changed in a zone on its server',
    tag,
    access: edit,
    params,
    replies: { 202: api.zoneAccepted },
    handler: async (ctx, call) => accepted(await dnsZoneService.adoptZone(ctx, of(call))),
  }),
]
