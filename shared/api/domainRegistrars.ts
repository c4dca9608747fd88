import { z } from 'zod'
import { currency, id, listQuery, money, page, timestamp } from './common.ts'

const eppConfig = z.object({
  host: z.string().trim().min(1).max(253),
  port: z.number().int().min(1).max(65_535),
  clientId: z.string().trim().min(3).max(16),
  contacts: z.boolean(),
  caPem: z.string().max(20_000).nullable(),
  certPem: z.string().max(20_000).nullable(),
})
const nameSiloConfig = z.object({ url: z.url({ protocol: /^https?$/ }).max(300) })

/** Where domains are registered. Its secrets are never answered. */
export const registrar = z.object({
  id,
  name: z.string(),
  driver: z.enum(['epp', 'namesilo']),
  config: z.union([eppConfig, nameSiloConfig]),
  currency: z.string(),
  simulated: z.boolean(),
  state: z.enum(['active', 'retired']),
  health: z.enum(['unknown', 'ok', 'failing']),
  healthMessage: z.string().nullable(),
  checkedAt: timestamp.nullable(),
  balance: money.nullable(),
  balanceAt: timestamp.nullable(),
  /** Below what the balance is told to be low; null: it never is. */
  lowBalance: money.nullable(),
  /** Below what the registry itself says that it is low; the higher one of both counts. */
  registryLimit: money.nullable(),
  /** Since when there is too little. */
  balanceLowAt: timestamp.nullable(),
  /** Orders that wait until there is more. */
  heldOrders: z.number().int(),
  /** What is added to the registry's price of a premium name; null: such names are not sold. */
  premiumMarginPercent: z.number().int().nullable(),
  domains: z.number().int(),
  prices: z.number().int(),
  version: z.number().int(),
  createdAt: timestamp,
})
export type Registrar = z.infer<typeof registrar>
export const registrarList = page(registrar)
export const registrarQuery = listQuery.omit({ tenantId: true })

const name = z.string().trim().min(1).max(100)
const epp = z.strictObject({
  driver: z.literal('epp'),
  name,
  currency,
  host: eppConfig.shape.host,
  port: eppConfig.shape.port.default(700),
  clientId: eppConfig.shape.clientId,
  password: z.string().min(6).max(64),
  contacts: z.boolean().default(true),
  caPem: eppConfig.shape.caPem.default(null),
  certPem: eppConfig.shape.certPem.default(null),
  keyPem: z.string().max(20_000).nullable().default(null),
})
const nameSilo = z.strictObject({
  driver: z.literal('namesilo'),
  name,
  currency: currency.default('USD'),
  url: nameSiloConfig.shape.url.default('https://www.namesilo.com/api'),
  key: z.string().regex(/^[A-Za-z0-9]{8,100}$/, 'a key as NameSilo shows it'),
})
export const registrarCreate = z.discriminatedUnion('driver', [epp, nameSilo])
/** To change where it is, or as whom, say all of it anew: the secret goes there. */
export const registrarUpdate = z
  .strictObject({
    name,
    state: z.enum(['active', 'retired']),
    /** In the currency of the account. */
    lowBalanceMinor: z
      .string()
      .regex(/^\d{1,15}$/)
      .meta({ examples: ['10000'] })
      .nullable(),
    premiumMarginPercent: z.number().int().min(0).max(1000).nullable(),
    connection: registrarCreate,
  })
  .partial()

export const registrarCheck = z.object({
  problems: z.array(z.string()),
  balance: money.nullable(),
})
export type RegistrarCheck = z.infer<typeof registrarCheck>

const tld = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9-]{2,63}(\.[a-z0-9-]{2,63})*$/, 'a TLD such as com or co.uk, without a dot in front')
  .meta({ examples: ['com'] })
export const tldPrice = z.object({
  id,
  registrarId: id,
  registrarName: z.string(),
  tld: z.string(),
  operation: z.enum(['register', 'renew', 'transferIn', 'restore']),
  years: z.number().int(),
  cost: money,
  margin: money,
  price: money,
  createdAt: timestamp,
})
export type TldPrice = z.infer<typeof tldPrice>
export const tldPriceList = page(tldPrice)
export const tldPriceQuery = listQuery.omit({ tenantId: true }).extend({
  registrarId: id.optional(),
  tld: tld.optional(),
})
const minor = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .meta({ examples: ['499'] })
/** A price that is there is replaced. */
export const tldPriceSet = z.strictObject({
  registrarId: id,
  tld,
  operation: z.enum(['register', 'renew', 'transferIn', 'restore']),
  years: z.number().int().min(1).max(10).default(1),
  currency,
  costMinor: minor,
  marginMinor: minor,
})
