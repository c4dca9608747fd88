import { z } from 'zod'
import { OPERATION_KINDS, OPERATION_STATES, REGISTRATIONS } from '../states/domain.ts'
import { domainContacts, shownContacts } from './domainContacts.ts'
import { id, listQuery, money, page, timestamp } from './common.ts'
import { job } from './provisioning.ts'

const host = z.string().trim().min(4).max(253)
const nameServer = z.strictObject({
  host,
  /** Its addresses, where it is below the domain itself. */
  addresses: z
    .array(z.union([z.ipv4(), z.ipv6()]))
    .max(13)
    .default([]),
})
export type NameServer = z.infer<typeof nameServer>
const nameservers = z
  .array(nameServer)
  .min(2, 'at least two name servers')
  .max(13)
  .refine((all) => new Set(all.map((one) => one.host)).size === all.length, 'each name server once')
  .meta({ examples: [[{ host: 'ns1.example.com' }, { host: 'ns2.example.com' }]] })
const years = z.number().int().min(1).max(10)

const dsRecord = z.strictObject({
  keyTag: z.number().int().min(0).max(65_535),
  algorithm: z.number().int().min(1).max(255),
  digestType: z.number().int().min(1).max(255),
  digest: z
    .string()
    .regex(/^([0-9a-fA-F]{2}){20,64}$/, 'a digest in hexadecimal')
    .meta({ examples: ['2BB183AF5F22588179A53B0A98631FAD1A292118'] }),
})

export const domainSearchRequest = z.strictObject({
  /** Such as example, or example.com; other scripts in their own letters. */
  words: z.string().trim().min(1).max(253),
  /** In which currency it is sold. */
  currency: z.string().regex(/^[A-Z]{3}$/),
})
export const domainSearch = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      unicodeName: z.string(),
      tld: z.string(),
      /** Null: nobody could say. */
      available: z.boolean().nullable(),
      reason: z.string().nullable(),
      premium: z.boolean(),
      /** Of the first year; null: it is not sold in this currency. A premium name has the registry's price and our margin. */
      price: money.nullable(),
      renewal: money.nullable(),
      /** To us, with a year. */
      transfer: money.nullable(),
      restore: money.nullable(),
    }),
  ),
})
export type DomainSearch = z.infer<typeof domainSearch>

/** The price that was shown, in minor units of the customer's currency: at another one nothing is ordered. */
const agreedMinor = z
  .string()
  .regex(/^\d{1,15}$/)
  .meta({ examples: ['1200'] })
  .optional()

export const domainRegister = z.strictObject({
  tenantId: id,
  customerId: id,
  name: z.string().trim().min(1).max(253),
  years,
  contacts: domainContacts,
  /** Not said: those of the DNS server that zones are begun on. */
  nameservers: nameservers.optional(),
  privacy: z.boolean().default(false),
  autoRenew: z.boolean().default(true),
  /** A premium name is not ordered without it. */
  agreedMinor,
})
export const domainTransferIn = z.strictObject({
  tenantId: id,
  customerId: id,
  name: z.string().trim().min(1).max(253),
  /** From the present registrar. It is kept sealed until the transfer ends. */
  authCode: z.string().min(1).max(255),
  contacts: domainContacts,
  autoRenew: z.boolean().default(true),
  agreedMinor,
})
export const domainRenew = z.strictObject({ years, agreedMinor })
export const domainRestore = z.strictObject({ agreedMinor })
export const domainLock = z.strictObject({ locked: z.boolean() })
export const domainPrivacy = z.strictObject({ privacy: z.boolean() })
export const domainAutoRenew = z.strictObject({ autoRenew: z.boolean() })
export const domainNameservers = z.strictObject({ nameservers })
export const domainDs = z.strictObject({ records: z.array(dsRecord).max(10) })
/** `approve`, `reject`: another registrar has asked for it. `cancel`: we have asked for it. */
export const domainTransferAnswer = z.strictObject({ answer: z.enum(['approve', 'reject', 'cancel']) })
export const domainAuthCode = z.object({
  /** Null: the registrar mails it to the holder. */
  authCode: z.string().nullable(),
})

const domainOperation = z.object({
  id,
  kind: z.enum(OPERATION_KINDS),
  state: z.enum(OPERATION_STATES),
  /** In a sentence: what was asked for. */
  words: z.string(),
  /** What it waits for, or why it was refused. */
  message: z.string().nullable(),
  price: money.nullable(),
  invoiceId: id.nullable(),
  by: z.string(),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
})
export type DomainOperation = z.infer<typeof domainOperation>
export const domainOperationList = page(domainOperation)
export const domainOperationQuery = listQuery.omit({ tenantId: true })

export const domainRegistration = z.object({
  id,
  tenantId: id,
  name: z.string(),
  registration: z.enum(REGISTRATIONS),
  /** Whether it is at a registrar that is simulated. */
  simulated: z.boolean(),
  registrar: z.string().nullable(),
  registeredAt: timestamp.nullable(),
  expiresAt: timestamp.nullable(),
  autoRenew: z.boolean(),
  locked: z.boolean(),
  /** Null: the registrar does not hide holders. */
  privacy: z.boolean().nullable(),
  statuses: z.array(z.string()),
  /** Where the registry and mPanel differ. */
  finding: z.string().nullable(),
  syncedAt: timestamp.nullable(),
  contacts: shownContacts.nullable(),
  /** Its registry is told of them; else they are kept here alone. */
  keepsContacts: z.boolean(),
  nameservers: z.array(nameServer),
  ds: z.array(dsRecord),
  /** What is going on, or waits for its payment. */
  operation: domainOperation.nullable(),
  /** It has a price of its own at its registry. */
  premium: z.boolean(),
  renewal: money.nullable(),
  /** What renewing a premium name cost when somebody last agreed to it: for more it is not renewed by itself. */
  renewalSeen: money.nullable(),
  restore: money.nullable(),
})
export type DomainRegistration = z.infer<typeof domainRegistration>

export const domainOrdered = z.object({
  domain: domainRegistration,
  operation: domainOperation,
  /** Null: it waits for the payment. */
  job: job.nullable(),
})
export type DomainOrdered = z.infer<typeof domainOrdered>
