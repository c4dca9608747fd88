import type { z } from 'zod'
import type {
  DomainContact,
  DomainContacts,
  domainDefaultContactsSet,
  DomainDefaultContacts,
} from '../../../shared/api/domainContacts.ts'
import type { Ctx } from '../../context.ts'
import * as defaults from '../../db/domainDefaultContacts.ts'
import type { Contact, Contacts } from '../../integrations/registrars/types.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'

/** Whom a registry is told: the holder, and who is asked about administration, technique and bills. */

const ROLES = ['registrant', 'admin', 'tech', 'billing'] as const
const OTHERS = ['admin', 'tech', 'billing'] as const
type Role = (typeof ROLES)[number]
type Words = Omit<Contact, 'id'>
type Known = { role: string; contact_id: string; data: unknown }

const wordsOf = (one: DomainContact): Words => {
  const { name, company, street, city, region, postcode, country, phone, email } = one
  return { name, company, street, city, region, postcode, country, phone, email }
}
const keyOf = (words: unknown): string => JSON.stringify(words)
/** Somebody whose address or number is another one now is the same person; another name or company is another one. */
const isSamePerson = (a: Words, b: Words): boolean => a.name === b.name && a.company === b.company

/**
 * The people of a domain, each with an id of his own; the same words are one person. Who was there before and has moved keeps
 * his id, so that a registry is told other words of a contact (RFC 5733). Another person gets another id, and the domain another
 * contact: for the holder that is a change of holder (RFC 5731).
 * @param before what the registry was told last
 */
function contactsOf(asked: Record<Role, DomainContact>, before: readonly Known[]): Contacts {
  const wanted = ROLES.map((role) => ({ role, words: wordsOf(asked[role]) }))
  const exact = new Map(before.map((row) => [keyOf(row.data), row.contact_id]))
  const ids = new Map<string, string>()
  for (const { words } of wanted) {
    const id = exact.get(keyOf(words))
    if (id !== undefined) ids.set(keyOf(words), id)
  }
  const isFree = (id: string): boolean => ![...ids.values()].includes(id)
  for (const { role, words } of wanted) {
    if (ids.has(keyOf(words))) continue
    const was = before.find((row) => row.role === role)
    const stays = was && isFree(was.contact_id) && isSamePerson(was.data as Words, words)
    ids.set(keyOf(words), stays ? was.contact_id : newId())
  }
  return Object.fromEntries(
    wanted.map(({ role, words }) => [role, { id: ids.get(keyOf(words)) ?? newId(), ...words }]),
  ) as Contacts
}

/** Who is not named is the tenant's default, or the platform's, or the holder. */
export async function contactsFrom(
  ctx: Ctx,
  tenantId: string,
  asked: DomainContacts,
  before: readonly Known[],
): Promise<Contacts> {
  const rows = await defaults.of(ctx.tx, tenantId)
  const standard = (role: (typeof OTHERS)[number]): DomainContact =>
    (rows.find((row) => row.role === role && row.tenant_id !== null)?.data ??
      rows.find((row) => row.role === role)?.data ??
      asked.registrant) as DomainContact
  return contactsOf(
    {
      registrant: asked.registrant,
      admin: asked.admin ?? standard('admin'),
      tech: asked.tech ?? standard('tech'),
      billing: asked.billing ?? standard('billing'),
    },
    before,
  )
}

/** Whether the holder becomes another person. */
export function isOtherHolder(before: readonly Known[], after: Contacts): boolean {
  const was = before.find(({ role }) => role === 'registrant')
  return was !== undefined && was.contact_id !== after.registrant.id
}

const shown = (rows: readonly defaults.DefaultContactRow[], tenantId: string | null) => {
  const of = (role: (typeof OTHERS)[number]) =>
    (rows.find((row) => row.role === role && row.tenant_id === tenantId)?.data ??
      null) as DomainContact | null
  return { admin: of('admin'), tech: of('tech'), billing: of('billing') }
}

/** @param tenantId null: the platform's alone */
export async function defaultContacts(ctx: Ctx, tenantId: string | null): Promise<DomainDefaultContacts> {
  const rows = await defaults.of(ctx.tx, tenantId)
  return { platform: shown(rows, null), tenant: tenantId === null ? null : shown(rows, tenantId) }
}

/** Says whom registries are told where an order says nothing; domains that are there keep whom they have. */
export async function setDefaultContacts(
  ctx: Ctx,
  { tenantId, ...asked }: z.infer<typeof domainDefaultContactsSet>,
): Promise<DomainDefaultContacts> {
  const before = await defaultContacts(ctx, tenantId)
  await defaults.replace(
    ctx.tx,
    tenantId,
    OTHERS.flatMap((role) => {
      const one = asked[role]
      return one === null
        ? []
        : [
            {
              id: newId(),
              tenant_id: tenantId,
              role,
              data: JSON.stringify(wordsOf(one)),
              updated_at: ctx.now(),
            },
          ]
    }),
  )
  const after = await defaultContacts(ctx, tenantId)
  await auditService.record(ctx, {
    action: 'DOMAIN_DEFAULT_CONTACTS_SET',
    tenantId,
    target: { type: tenantId === null ? 'platform' : 'tenant', id: tenantId ?? 'platform' },
    diff: auditService.diffOf<Record<string, unknown>>(
      { ...(before.tenant ?? before.platform) },
      { ...(after.tenant ?? after.platform) },
    ),
  })
  return after
}
