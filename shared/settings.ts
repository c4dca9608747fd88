import { z } from 'zod'
import { LANGUAGES } from './languages.ts'

/**
 * Every setting there is, without its words, which the pages need alone (`settingWords.ts`). The tenant's value counts
 * before the platform's, and that before the default.
 * `changedBy` tenant: a tenant may choose for itself; platform: only the platform, also for one tenant.
 * `platformOnly`: it is about the platform as a whole, so a tenant has no value of it and does not see it.
 * `fallback` null: there is no value until somebody sets one.
 */
type Setting = {
  schema: z.ZodType<string | number>
  fallback: string | number | null
  unit: string | null
  changedBy: 'platform' | 'tenant'
  platformOnly?: true
  input: 'text' | 'email' | 'colour' | 'number' | 'choice'
  choices?: readonly string[]
}

/** How well white text can be read on a colour `#rrggbb`: WCAG's contrast ratio, 1 to 21. */
export function contrastWithWhite(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}

const setting = <T extends Setting>(one: T): T => one

/** What is done without asking about a kind of difference between a cluster and mPanel. */
const policy = <T extends readonly [string, ...string[]]>(choices: T, fallback: T[number]) =>
  setting({
    schema: z.enum(choices),
    fallback,
    unit: null,
    changedBy: 'platform',
    platformOnly: true,
    input: 'choice',
    choices,
  })

export const SETTINGS = {
  'branding.name': setting({
    schema: z.string().trim().min(1).max(40),
    fallback: 'mPanel',
    unit: null,
    changedBy: 'tenant',
    input: 'text',
  }),
  'branding.colour': setting({
    schema: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'a colour such as #1d4ed8')
      .refine(
        (colour) => contrastWithWhite(colour) >= 4.5,
        'a darker colour: white text is unreadable on it',
      ),
    fallback: null,
    unit: null,
    changedBy: 'tenant',
    input: 'colour',
  }),
  'branding.supportAddress': setting({
    schema: z.email().max(320),
    fallback: null,
    unit: null,
    changedBy: 'tenant',
    input: 'email',
  }),
  'branding.language': setting({
    schema: z.enum(LANGUAGES),
    fallback: LANGUAGES[0],
    unit: null,
    changedBy: 'tenant',
    input: 'choice',
    choices: LANGUAGES,
  }),
  'billing.paymentTermDays': setting({
    schema: z.number().int().min(0).max(365),
    fallback: 14,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'billing.renewalLeadDays': setting({
    schema: z.number().int().min(0).max(60),
    fallback: 7,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'domains.startOn': setting({
    schema: z.enum(['payment', 'order']),
    fallback: 'payment',
    unit: null,
    changedBy: 'platform',
    input: 'choice',
    choices: ['payment', 'order'],
  }),
  'billing.handCreditLimit': setting({
    schema: z.number().int().min(0).max(1_000_000_000),
    fallback: 10_000,
    unit: null,
    changedBy: 'platform',
    input: 'number',
  }),
  'audit.retentionDays': setting({
    schema: z.number().int().min(32).max(3_660),
    fallback: 400,
    unit: 'days',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'users.maxSessions': setting({
    schema: z.number().int().min(1).max(1_000),
    fallback: 20,
    unit: 'sessions',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'tenants.coolingOffDays': setting({
    schema: z.number().int().min(0).max(90),
    fallback: 7,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.maxSnapshots': setting({
    schema: z.number().int().min(0).max(50),
    fallback: 5,
    unit: 'snapshots',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.spread': setting({
    schema: z.enum(['off', 'on']),
    fallback: 'off',
    unit: null,
    changedBy: 'platform',
    input: 'choice',
    choices: ['off', 'on'],
  }),
  'cloudPods.consoleIdleMinutes': setting({
    schema: z.number().int().min(1).max(1_440),
    fallback: 15,
    unit: 'minutes',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.consoleMaxMinutes': setting({
    schema: z.number().int().min(1).max(1_440),
    fallback: 480,
    unit: 'minutes',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.maxBackups': setting({
    schema: z.number().int().min(0).max(200),
    fallback: 10,
    unit: 'backups',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.backupsKeptDaysAfterDelete': setting({
    schema: z.number().int().min(0).max(3_660),
    fallback: 14,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.rebuildKeepHours': setting({
    schema: z.number().int().min(0).max(8_760),
    fallback: 24,
    unit: 'hours',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.undeleteHours': setting({
    schema: z.number().int().min(0).max(8_760),
    fallback: 24,
    unit: 'hours',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.throttleMbps': setting({
    schema: z.number().int().min(1).max(100_000),
    fallback: 10,
    unit: 'Mbit/s',
    changedBy: 'platform',
    input: 'number',
  }),
  'dns.nameServers': setting({
    schema: z
      .string()
      .trim()
      .toLowerCase()
      .max(1_000)
      .regex(
        /^[a-z0-9-]+(?:\.[a-z0-9-]+)+(?: [a-z0-9-]+(?:\.[a-z0-9-]+)+)*$/,
        'names such as ns1.example.com ns2.example.com, with a blank between',
      ),
    fallback: null,
    unit: null,
    changedBy: 'platform',
    platformOnly: true,
    input: 'text',
  }),
  'dns.contact': setting({
    schema: z.email().max(200),
    fallback: null,
    unit: null,
    changedBy: 'platform',
    platformOnly: true,
    input: 'email',
  }),
  'automation.brakePercent': setting({
    schema: z.number().int().min(1).max(100),
    fallback: 10,
    unit: 'percent',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'automation.brakeMinimum': setting({
    schema: z.number().int().min(0).max(1_000_000),
    fallback: 20,
    unit: 'things',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'automation.stalledMinutes': setting({
    schema: z.number().int().min(1).max(1_440),
    fallback: 15,
    unit: 'minutes',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'automation.waitingMinutes': setting({
    schema: z.number().int().min(1).max(10_080),
    fallback: 60,
    unit: 'minutes',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'reconcile.moved': policy(['adopt', 'report'], 'adopt'),
  'reconcile.stopped': policy(['adopt', 'report', 'repair'], 'adopt'),
  'reconcile.resized': policy(['report', 'adopt', 'repair'], 'report'),
  'reconcile.network': policy(['report', 'repair'], 'report'),
  'reconcile.renamed': policy(['report', 'repair'], 'report'),
} as const

export type SettingKey = keyof typeof SETTINGS
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[]
export const isPlatformOnly = (key: SettingKey): boolean => 'platformOnly' in SETTINGS[key]
