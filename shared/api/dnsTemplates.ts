import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'

/** A record of a template: `{{domain}}` is the zone, other words in such brackets are asked for when it is applied. */
const record = z.strictObject({
  name: z.string().trim().min(1).max(254),
  type: z.string().trim().toUpperCase().max(12),
  ttl: z.number().int().min(30).max(604_800),
  content: z.string().trim().min(1).max(8_000),
})
export type TemplateRecord = z.infer<typeof record>

export const dnsTemplate = z.object({
  id,
  /** Null: everybody's. */
  tenantId: id.nullable(),
  name: z.string(),
  description: z.string(),
  records: z.array(record),
  /** What is asked for when it is applied. */
  variables: z.array(z.string()),
  version: z.number().int(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type DnsTemplate = z.infer<typeof dnsTemplate>

const name = z.string().trim().min(1).max(100)
const description = z.string().trim().max(500)
const records = z.array(record).min(1).max(200)

export const dnsTemplateCreate = z.strictObject({
  tenantId: id.nullable(),
  name,
  description: description.default(''),
  records,
})
export const dnsTemplateUpdate = z.strictObject({ name, description, records }).partial()
export const dnsTemplateList = listQuery
