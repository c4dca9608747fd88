import { z } from 'zod'
import { SETTING_KEYS, SETTINGS, type SettingKey } from '../settings.ts'
import { currency, id, listQuery, timestamp } from './common.ts'

/** Null: without a limit. */
const limitOrNone = z.number().int().min(0).max(10_000_000).nullable().optional()

const quota = z.strictObject({
  maxPods: z.number().int().min(0).max(1_000_000),
  maxCores: z.number().int().min(0).max(10_000_000),
  maxMemoryMb: z.number().int().min(0).max(2_000_000_000),
  maxDiskGb: z.number().int().min(0).max(2_000_000_000),
  maxAddresses: limitOrNone,
  /** Of all pods of the tenant together. */
  maxSnapshots: limitOrNone,
  maxBackups: limitOrNone,
})

const tenantState = z.enum(['active', 'suspended', 'closing', 'closed'])

export const tenant = z.object({
  id,
  name: z.string(),
  slug: z.string(),
  state: tenantState,
  billingTz: z.string(),
  defaultCurrency: z.string(),
  /** Null: none was set, so nothing can be ordered. */
  quota: quota.nullable(),
  version: z.number().int(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type Tenant = z.infer<typeof tenant>

const timeZone = z.string().refine(isTimeZone, 'an IANA time zone such as Europe/Rome')

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== ''
  } catch {
    return false
  }
}

const name = z.string().trim().min(1).max(200)

export const tenantCreate = z.strictObject({
  name,
  slug: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens')
    .refine((slug) => slug !== 'all', 'a name other than "all", which stands for every tenant'),
  billingTz: timeZone.default('UTC'),
  defaultCurrency: currency.default('EUR'),
  quota: quota.optional(),
})
/** Without defaults: what an update does not name stays as it is. */
export const tenantUpdate = z.strictObject({
  name: name.optional(),
  billingTz: timeZone.optional(),
  defaultCurrency: currency.optional(),
  quota: quota.optional(),
})

export const tenantList = listQuery
  .omit({ tenantId: true })
  .extend({ q: z.string().max(200).optional(), state: tenantState.optional() })

/** A setting's effective value, where it comes from, and what a reset would make of it. */
const settingView = z.object({
  key: z.string(),
  words: z.string(),
  unit: z.string().nullable(),
  input: z.enum(['text', 'email', 'colour', 'number', 'choice']),
  /** What may be chosen, for `choice`. */
  choices: z.array(z.string()).nullable(),
  changedBy: z.enum(['platform', 'tenant']),
  value: z.union([z.string(), z.number()]).nullable(),
  origin: z.enum(['default', 'platform', 'tenant']),
  inherited: z.union([z.string(), z.number()]).nullable(),
})
export type SettingView = z.infer<typeof settingView>
export const settingList = z.object({ items: z.array(settingView) })

const settingShape = Object.fromEntries(
  SETTING_KEYS.map((key) => [key, SETTINGS[key].schema.nullable().optional()]),
)
/** Null resets to the inherited value; what is not named stays. */
export const settingsUpdate = z.strictObject(settingShape)
export type SettingsUpdate = Partial<Record<SettingKey, string | number | null>>

const limit = z.object({
  /** Null: without a limit. */
  limit: z.number().int().nullable(),
  used: z.number().int(),
  /** default: what every new tenant may use; platform: somebody decided otherwise. */
  origin: z.enum(['default', 'platform']),
})
/** Null: no quota was set, so nothing can be ordered. */
export const quotaView = z.object({
  limits: z
    .object({
      maxPods: limit,
      maxCores: limit,
      maxMemoryMb: limit,
      maxDiskGb: limit,
      maxAddresses: limit,
      maxSnapshots: limit,
      maxBackups: limit,
    })
    .nullable(),
  /** A limit is below what is in use: existing pods stay, new orders are refused. */
  exceeded: z.boolean(),
  /** Pods with which the use does not agree, counted anew now, twenty at most; none unless mPanel has a fault. */
  miscounted: z.array(
    z.object({
      podId: id,
      hostname: z.string(),
      problem: z.enum(['not_counted', 'counted_though_gone', 'counted_otherwise']),
    }),
  ),
})
export type QuotaView = z.infer<typeof quotaView>
/** Null gives a limit its default again. */
export const quotaUpdate = z.strictObject({
  maxPods: quota.shape.maxPods.nullable().optional(),
  maxCores: quota.shape.maxCores.nullable().optional(),
  maxMemoryMb: quota.shape.maxMemoryMb.nullable().optional(),
  maxDiskGb: quota.shape.maxDiskGb.nullable().optional(),
  maxAddresses: limitOrNone,
  maxSnapshots: limitOrNone,
  maxBackups: limitOrNone,
})

export const tenantSuspend = z.strictObject({ reason: z.string().trim().min(1).max(500) })
/** The present suspension or the last one; at most 200 pods are listed, those not stopped yet first. */
export const suspensionView = z.object({
  suspension: z
    .object({
      id,
      reason: z.string(),
      startedAt: timestamp,
      /** Null: it still holds. */
      endedAt: timestamp.nullable(),
      counts: z.object({ pods: z.number().int(), stopped: z.number().int(), restored: z.number().int() }),
      pods: z.array(
        z.object({
          id,
          hostname: z.string(),
          state: z.string(),
          /** Whether it ran before it was stopped; null: nobody has looked yet. */
          ran: z.boolean().nullable(),
          stoppedAt: timestamp.nullable(),
          restoredAt: timestamp.nullable(),
          jobId: id.nullable(),
          jobState: z.string().nullable(),
          waitingFor: z.string().nullable(),
        }),
      ),
    })
    .nullable(),
})
export type SuspensionView = z.infer<typeof suspensionView>
