import { t } from './text.ts'
import { z } from 'zod'

/**
 * Every setting there is. The tenant's value counts before the platform's, and that before the default.
 * `changedBy` tenant: a tenant may choose for itself; platform: only the platform, also for one tenant.
 * `platformOnly`: it is about the platform as a whole, so a tenant has no value of it and does not see it.
 * `fallback` null: there is no value until somebody sets one.
 */
type Setting = {
  schema: z.ZodType<string | number>
  fallback: string | number | null
  words: string
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
const policy = <T extends readonly [string, ...string[]]>(choices: T, fallback: T[number], words: string) =>
  setting({
    schema: z.enum(choices),
    fallback,
    words,
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
    words: t`The name that the pages show to the tenant’s users`,
    unit: null,
    changedBy: 'tenant',
    input: 'text',
  }),
  'branding.colour': setting({
    schema: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, t`a colour such as #1d4ed8`)
      .refine(
        (colour) => contrastWithWhite(colour) >= 4.5,
        t`a darker colour: white text is unreadable on it`,
      ),
    fallback: null,
    words: t`The colour behind that name; white text must be readable on it`,
    unit: null,
    changedBy: 'tenant',
    input: 'colour',
  }),
  'branding.supportAddress': setting({
    schema: z.email().max(320),
    fallback: null,
    words: t`Where the tenant’s users find help; the pages show it`,
    unit: null,
    changedBy: 'tenant',
    input: 'email',
  }),
  'billing.paymentTermDays': setting({
    schema: z.number().int().min(0).max(365),
    fallback: 14,
    words: t`How long an order waits for its payment before it expires`,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'billing.renewalLeadDays': setting({
    schema: z.number().int().min(0).max(60),
    fallback: 7,
    words: t`How long before a period begins its invoice is issued; it is due when the period begins`,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'domains.startOn': setting({
    schema: z.enum(['payment', 'order']),
    fallback: 'payment',
    words: t`When registrations, renewals and transfers of domains begin: with the payment, or at once on credit`,
    unit: null,
    changedBy: 'platform',
    input: 'choice',
    choices: ['payment', 'order'],
  }),
  'billing.handCreditLimit': setting({
    schema: z.number().int().min(0).max(1_000_000_000),
    fallback: 10_000,
    words: t`How much credit a customer may be given by hand within 30 days, in cents or the like; 0: none`,
    unit: null,
    changedBy: 'platform',
    input: 'number',
  }),
  'audit.retentionDays': setting({
    schema: z.number().int().min(32).max(3_660),
    fallback: 400,
    words: t`How long events of all tenants stay in the database before their month is archived`,
    unit: 'days',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'users.maxSessions': setting({
    schema: z.number().int().min(1).max(1_000),
    fallback: 20,
    words: t`How many sessions one user may have at a time; a new log-in ends the oldest beyond that`,
    unit: 'sessions',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'tenants.coolingOffDays': setting({
    schema: z.number().int().min(0).max(90),
    fallback: 7,
    words: t`How long a closing can be cancelled before everything is destroyed; 0: it begins at once`,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.maxSnapshots': setting({
    schema: z.number().int().min(0).max(50),
    fallback: 5,
    words: t`How many snapshots each CloudPod may have; 0: none`,
    unit: 'snapshots',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.spread': setting({
    schema: z.enum(['off', 'on']),
    fallback: 'off',
    words: t`Whether new CloudPods of a tenant go to the nodes that have the fewest of its own`,
    unit: null,
    changedBy: 'platform',
    input: 'choice',
    choices: ['off', 'on'],
  }),
  'cloudPods.consoleIdleMinutes': setting({
    schema: z.number().int().min(1).max(1_440),
    fallback: 15,
    words: t`How long a console stays open in which nothing is typed`,
    unit: 'minutes',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.consoleMaxMinutes': setting({
    schema: z.number().int().min(1).max(1_440),
    fallback: 480,
    words: t`How long a console stays open in any case`,
    unit: 'minutes',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.maxBackups': setting({
    schema: z.number().int().min(0).max(200),
    fallback: 10,
    words: t`How many backups each CloudPod may have; 0: none`,
    unit: 'backups',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.backupsKeptDaysAfterDelete': setting({
    schema: z.number().int().min(0).max(3_660),
    fallback: 14,
    words: t`How long the backups of a destroyed CloudPod are kept, unless they are protected`,
    unit: 'days',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.rebuildKeepHours': setting({
    schema: z.number().int().min(0).max(8_760),
    fallback: 24,
    words: t`How long the guest that a rebuild replaced is kept, so that one can go back to it; 0: not at all`,
    unit: 'hours',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.undeleteHours': setting({
    schema: z.number().int().min(0).max(8_760),
    fallback: 24,
    words: t`How long a deleted CloudPod is kept, so that it can be undeleted; 0: it is destroyed at once`,
    unit: 'hours',
    changedBy: 'platform',
    input: 'number',
  }),
  'cloudPods.throttleMbps': setting({
    schema: z.number().int().min(1).max(100_000),
    fallback: 10,
    words: t`How fast the network of a CloudPod is whose traffic is used up, where its plan slows it down`,
    unit: t`Mbit/s`,
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
    words: t`The servers that answer for the zones that mPanel writes, the primary one first, with a blank between`,
    unit: null,
    changedBy: 'platform',
    platformOnly: true,
    input: 'text',
  }),
  'dns.contact': setting({
    schema: z.email().max(200),
    fallback: null,
    words: t`Whom those zones name for questions about them`,
    unit: null,
    changedBy: 'platform',
    platformOnly: true,
    input: 'email',
  }),
  'automation.brakePercent': setting({
    schema: z.number().int().min(1).max(100),
    fallback: 10,
    words: t`Of how many subscriptions or pods automation may end, suspend or destroy within an hour`,
    unit: 'percent',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'automation.brakeMinimum': setting({
    schema: z.number().int().min(0).max(1_000_000),
    fallback: 20,
    words: t`So many it may in any case; more waits for a confirmation`,
    unit: 'things',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'automation.stalledMinutes': setting({
    schema: z.number().int().min(1).max(1_440),
    fallback: 15,
    words: t`How long a job may be ready without being run before an alert is raised`,
    unit: 'minutes',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'automation.waitingMinutes': setting({
    schema: z.number().int().min(1).max(10_080),
    fallback: 60,
    words: t`How long a job may wait for something outside before an alert is raised`,
    unit: 'minutes',
    changedBy: 'platform',
    platformOnly: true,
    input: 'number',
  }),
  'reconcile.moved': policy(
    ['adopt', 'report'],
    'adopt',
    t`What is done when a guest was moved to another node: adopt (the pod counts there), or report`,
  ),
  'reconcile.stopped': policy(
    ['adopt', 'report', 'repair'],
    'adopt',
    t`What is done when a guest that ran was stopped: adopt (it is shown as stopped), report, or repair (start it)`,
  ),
  'reconcile.resized': policy(
    ['report', 'adopt', 'repair'],
    'report',
    t`What is done when a guest’s size was changed on the cluster: report, adopt, or repair (set it back)`,
  ),
  'reconcile.network': policy(
    ['report', 'repair'],
    'report',
    t`What is done when a guest’s network card or address was changed on the cluster: report, or repair`,
  ),
  'reconcile.renamed': policy(
    ['report', 'repair'],
    'report',
    t`What is done when a guest was renamed or lost its tag: report, or repair`,
  ),
} as const

export type SettingKey = keyof typeof SETTINGS
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[]
export const isPlatformOnly = (key: SettingKey): boolean => 'platformOnly' in SETTINGS[key]
