import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  TypedChange,
  Zone,
  ZoneAccepted,
  ZoneEdited,
  zoneImport,
  ZoneImported,
  ZoneRecords,
  ZoneRevision,
  ZoneRevisionDetail,
  ZoneRrset,
  zoneTemplateApply,
  zoneUpdate,
} from '../../../shared/api/dnsZones.ts'
import { ApiError } from './ApiError.ts'
import { download, get, patch, post, remove } from './http.ts'
import { growingQuery } from './lists.ts'

export type { TypedChange, Zone, ZoneEdited, ZoneImported, ZoneRevision, ZoneRrset }

const of = (domainId: string): string => `/api/admin/domains/${domainId}`

/** The zone of a domain; null: it has none here. */
export const zoneQuery = (domainId: string) =>
  queryOptions({
    queryKey: ['zones', 'of', domainId] as const,
    queryFn: async ({ signal }): Promise<Zone | null> => {
      try {
        return await get<Zone>(`${of(domainId)}/zone`, undefined, signal)
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null
        throw error
      }
    },
  })
export const recordsQuery = (domainId: string) =>
  queryOptions({
    queryKey: ['zones', 'records', domainId] as const,
    queryFn: ({ signal }) => get<ZoneRecords>(`${of(domainId)}/records`, undefined, signal),
  })
export const revisionsQuery = (domainId: string) =>
  growingQuery<ZoneRevision>('zones', `${of(domainId)}/revisions`)
export const revisionQuery = (domainId: string, revision: number) =>
  queryOptions({
    queryKey: ['zones', 'revision', domainId, revision] as const,
    queryFn: ({ signal }) => get<ZoneRevisionDetail>(`${of(domainId)}/revision`, { revision }, signal),
  })

export const beginZone = (domainId: string, key: string) =>
  post<ZoneAccepted>(`${of(domainId)}/zone`, {}, key)
export const endZone = (domainId: string) => remove<ZoneAccepted>(`${of(domainId)}/zone`)
export const updateZone = (domainId: string, body: z.input<typeof zoneUpdate>) =>
  patch<Zone>(`${of(domainId)}/zone`, body)
export const applyZone = (domainId: string, everything: boolean, key: string) =>
  post<ZoneAccepted>(`${of(domainId)}/apply`, { everything }, key)
export const lookAtZone = (domainId: string, key: string) =>
  post<ZoneAccepted>(`${of(domainId)}/zone/look`, {}, key)
/** Has a zone signed, or its signing ended. */
export const switchDnssec = (domainId: string, on: boolean, key: string) =>
  post<ZoneAccepted>(`${of(domainId)}/dnssec`, { on }, key)
export const adoptZone = (domainId: string, key: string) =>
  post<ZoneAccepted>(`${of(domainId)}/adopt`, {}, key)
/** Refused when another user has edited the zone since `revision` was read. */
export const editZone = (
  domainId: string,
  body: { changes: TypedChange[]; comment: string },
  revision: number,
  key: string,
) => post<ZoneEdited>(`${of(domainId)}/records`, body, key, revision)
export const importZone = (domainId: string, body: z.input<typeof zoneImport>, key: string) =>
  post<ZoneImported>(`${of(domainId)}/import`, body, key)
export const applyTemplate = (domainId: string, body: z.input<typeof zoneTemplateApply>, key: string) =>
  post<ZoneEdited>(`${of(domainId)}/template`, body, key)
export const rollBackZone = (domainId: string, body: { revision: number; preview?: boolean }, key: string) =>
  post<ZoneEdited>(`${of(domainId)}/rollback`, body, key)
export const saveZoneFile = (domainId: string, name: string) =>
  download(`${of(domainId)}/export`, `${name}zone`)
