import type { z } from 'zod'
import type {
  DnsTemplate,
  dnsTemplateCreate,
  dnsTemplateUpdate,
  TemplateRecord,
} from '../../../shared/api/dnsTemplates.ts'
import { patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type { DnsTemplate, TemplateRecord }

const PATH = '/api/admin/domains/templates'

export const dnsTemplatesQuery = (filter: ListFilter) =>
  listQuery<DnsTemplate, ListFilter>('dnsTemplates', PATH, filter)
export const dnsTemplateQuery = (id: string) => detailQuery<DnsTemplate>('dnsTemplates', PATH, id)
export const createDnsTemplate = (body: z.input<typeof dnsTemplateCreate>, key: string) =>
  post<DnsTemplate>(PATH, body, key)
export const updateDnsTemplate = ({ id, version }: DnsTemplate, body: z.input<typeof dnsTemplateUpdate>) =>
  patch<DnsTemplate>(`${PATH}/${id}`, body, version)
export const removeDnsTemplate = (id: string) => remove<null>(`${PATH}/${id}`)
