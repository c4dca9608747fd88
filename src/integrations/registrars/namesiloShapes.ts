import { isYes, listOf, record, text, type Params, type Reply } from './namesiloHttp.ts'
import type { Contact, DomainFacts, Phase } from './types.ts'

/** A day, as NameSilo writes it: `2027-03-31`, at times with a time. */
function dayOf(value: unknown): Date | null {
  const found = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}))?/.exec(text(value))
  return found ? new Date(`${found[1]}T${found[2] ?? '00:00:00'}Z`) : null
}

/** https://www.namesilo.com/api-reference#domains/get-domain-info: `Active`, `Expired (grace period)`, … */
const PHASES: [RegExp, Phase][] = [
  [/^pending delet/i, 'pending_delete'],
  [/redemption|restor/i, 'redemption'],
  [/grace|expired/i, 'expired_grace'],
  [/transfer(?:red|ring)?[ _-]{0,2}out|outbound/i, 'transfer_out_pending'],
  [/hold|suspend|locked by registry|verification/i, 'suspended'],
  [/^pending/i, 'pending_registry'],
  [/^active/i, 'active'],
]

/** Null: the answer has no state, or no expiry, that can be read. */
export function factsOf(name: string, reply: Reply, now: Date): DomainFacts | null {
  const status = text(reply['status'])
  const found = PHASES.find(([pattern]) => pattern.test(status))?.[1]
  const expiresAt = dayOf(reply['expires'])
  if (found === undefined || expiresAt === null) return null
  const phase = found === 'active' && expiresAt <= now ? 'expired_grace' : found
  return {
    name,
    ours: true,
    phase,
    createdAt: dayOf(reply['created']),
    expiresAt,
    nameservers: listOf(reply['nameservers'])
      .map((row) => (typeof row === 'string' ? row : text(record(row)['nameserver'])).toLowerCase())
      .filter((host) => host !== ''),
    ds: [],
    locked: isYes(reply['locked']),
    privacy: isYes(reply['private']),
    statuses: [status],
  }
}

/** NameSilo keeps two names and a phone without punctuation. */
export function contactParams(contact: Contact): Params {
  const words = contact.name.trim().split(/\s+/)
  const last = words.length > 1 ? (words.at(-1) ?? '') : contact.name
  return {
    nn: contact.id,
    fn: words.length > 1 ? words.slice(0, -1).join(' ') : contact.name,
    ln: last,
    cp: contact.company ?? '',
    ad: contact.street,
    cy: contact.city,
    st: contact.region ?? 'NA',
    zp: contact.postcode,
    ct: contact.country,
    ph: contact.phone.replace(/[^\d+]/g, ''),
    em: contact.email,
  }
}

const FIELDS: Record<string, string> = {
  fn: 'first_name',
  ln: 'last_name',
  cp: 'company',
  ad: 'address',
  cy: 'city',
  st: 'state',
  zp: 'zip',
  ct: 'country',
  ph: 'phone',
  em: 'email',
}
export function sameContact(row: Reply, contact: Contact): boolean {
  const wanted = contactParams(contact)
  return Object.entries(FIELDS).every(([param, field]) => text(row[field]) === String(wanted[param]))
}
