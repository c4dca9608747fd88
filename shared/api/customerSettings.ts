import { z } from 'zod'
import { id, timestamp } from './common.ts'

export const customerGroup = z.object({
  id,
  tenantId: id,
  name: z.string(),
  description: z.string(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type CustomerGroup = z.infer<typeof customerGroup>

const name = z.string().trim().min(1).max(100)
const description = z.string().trim().max(500)
export const customerGroupCreate = z.strictObject({
  tenantId: id,
  name,
  description: description.default(''),
})
export const customerGroupUpdate = z.strictObject({
  name: name.optional(),
  description: description.optional(),
})

export const customerField = z.object({
  id,
  tenantId: id,
  key: z.string(),
  label: z.string(),
  type: z.enum(['text', 'number', 'boolean', 'date', 'choice']),
  choices: z.array(z.string()),
  required: z.boolean(),
  searchable: z.boolean(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type CustomerField = z.infer<typeof customerField>

const choices = z.array(z.string().trim().min(1).max(100)).max(100)
export const customerFieldCreate = z
  .strictObject({
    tenantId: id,
    key: z.string().regex(/^[a-z][a-zA-Z0-9]{0,39}$/, 'letters and digits, a small letter first'),
    label: name,
    type: z.enum(['text', 'number', 'boolean', 'date', 'choice']),
    choices: choices.default([]),
    required: z.boolean().default(false),
    searchable: z.boolean().default(false),
  })
  .refine((field) => (field.type === 'choice') === field.choices.length > 0, {
    path: ['choices'],
    message: 'a choice, and only a choice, has choices',
  })
/** Key, type and searchable are fixed, for the values depend on them; choices may be added. */
export const customerFieldUpdate = z.strictObject({
  label: name.optional(),
  required: z.boolean().optional(),
  choices: choices.optional(),
})
