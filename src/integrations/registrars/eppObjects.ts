import { randomBytes } from 'node:crypto'
import { ok, unknown, type Outcome } from '../../lib/outcome.ts'
import * as commands from './eppCommands.ts'
import type { EppAnswer } from './eppDocuments.ts'
import type { EppSession } from './eppSession.ts'
import { all, NS, one, textOf } from './eppXml.ts'
import type { Contacts, NameServer } from './types.ts'

/** Hosts and contacts are objects of their own at a registry, and what a domain has of them is changed by differences. */

const isBelow = (host: string, name: string): boolean => host === name || host.endsWith(`.${name}`)

/** Hosts must exist before a domain can name them. Those that somebody else has made serve as well. */
export async function ensureHosts(
  session: EppSession,
  id: string,
  hosts: readonly string[],
): Promise<Outcome<null>> {
  for (const [at, host] of hosts.entries()) {
    const made = await session.command({
      body: commands.createHost(host, []),
      id: `${id}.h${at}`,
      changes: true,
    })
    if (made.outcome === 'ok' || (made.outcome === 'rejected' && made.code === 'taken')) continue
    return made
  }
  return ok(null)
}

/** What a host's addresses are, whether it was there or not. */
export async function setHost(
  session: EppSession,
  id: string,
  host: string,
  addresses: readonly string[],
): Promise<Outcome<null>> {
  const answer = await session.command({ body: commands.infoHost(host), changes: false })
  if (answer.outcome === 'rejected' && answer.code === 'not_found')
    return nothing(await session.command({ body: commands.createHost(host, addresses), id, changes: true }))
  if (answer.outcome !== 'ok') return answer
  const has = all(one(answer.value.data, NS.host, 'infData'), NS.host, 'addr').map(({ text }) =>
    text.trim().toLowerCase(),
  )
  const add = addresses.filter((address) => !has.includes(address))
  const remove = has.filter((address) => !addresses.includes(address))
  if (add.length + remove.length === 0) return ok(null)
  return nothing(await session.command({ body: commands.updateHost(host, add, remove), id, changes: true }))
}

const nothing = (outcome: Outcome<EppAnswer>): Outcome<null> =>
  outcome.outcome === 'ok' ? ok(null) : outcome

async function infoOf(session: EppSession, name: string): Promise<Outcome<NonNullable<EppAnswer['data']>>> {
  const answer = await session.command({ body: commands.infoDomain(name), changes: false })
  if (answer.outcome !== 'ok') return answer
  const data = one(answer.value.data, NS.domain, 'infData')
  return data ? ok(data) : unknown('The registry has answered something else than was asked.')
}

/** Hosts below the domain get their addresses first. */
export async function setNameservers(
  session: EppSession,
  id: string,
  name: string,
  to: readonly NameServer[],
): Promise<Outcome<null>> {
  const before = await infoOf(session, name)
  if (before.outcome !== 'ok') return before
  for (const [at, { host, addresses }] of to.entries()) {
    const made = isBelow(host, name)
      ? await setHost(session, `${id}.g${at}`, host, addresses)
      : await ensureHosts(session, `${id}.${at}`, [host])
    if (made.outcome !== 'ok') return made
  }
  const has = all(one(before.value, NS.domain, 'ns'), NS.domain, 'hostObj').map(({ text }) =>
    text.trim().toLowerCase(),
  )
  const wanted = to.map(({ host }) => host)
  const add = { hosts: wanted.filter((host) => !has.includes(host)) }
  const remove = { hosts: has.filter((host) => !wanted.includes(host)) }
  if (add.hosts.length + remove.hosts.length === 0) return ok(null)
  const body = commands.updateDomain(name, {
    ...(add.hosts.length > 0 && { add }),
    ...(remove.hosts.length > 0 && { remove }),
  })
  return nothing(await session.command({ body, id, changes: true }))
}

/** Makes the contacts, or gives those that are there the words that they have with us. */
export async function ensureContacts(
  session: EppSession,
  id: string,
  contacts: Contacts,
): Promise<Outcome<null>> {
  const different = new Map(Object.values(contacts).map((contact) => [contact.id, contact]))
  for (const [at, contact] of [...different.values()].entries()) {
    const authCode = randomBytes(12).toString('base64url')
    const made = await session.command({
      body: commands.createContact(contact, authCode),
      id: `${id}.c${at}`,
      changes: true,
    })
    if (made.outcome === 'ok') continue
    if (made.outcome !== 'rejected' || made.code !== 'taken') return made
    const changed = await session.command({
      body: commands.updateContact(contact),
      id: `${id}.u${at}`,
      changes: true,
    })
    if (changed.outcome !== 'ok') return changed
  }
  return ok(null)
}

const key = ({ role, handle }: { role: string; handle: string }): string => `${role}:${handle}`

export async function setContacts(
  session: EppSession,
  id: string,
  name: string,
  to: Contacts,
): Promise<Outcome<null>> {
  const ready = await ensureContacts(session, id, to)
  if (ready.outcome !== 'ok') return ready
  const before = await infoOf(session, name)
  if (before.outcome !== 'ok') return before
  const wanted = commands.handlesOf(to)
  const has = all(before.value, NS.domain, 'contact').flatMap((node) => {
    const role = node.attrs['type']
    if (role !== 'admin' && role !== 'tech' && role !== 'billing') return []
    return [{ role, handle: node.text.trim() } as const]
  })
  const add = { handles: wanted.others.filter((mine) => !has.some((other) => key(mine) === key(other))) }
  const remove = { handles: has.filter((there) => !wanted.others.some((other) => key(there) === key(other))) }
  const registrant =
    textOf(one(before.value, NS.domain, 'registrant')) === wanted.registrant ? undefined : wanted.registrant
  if (registrant === undefined && add.handles.length + remove.handles.length === 0) return ok(null)
  const body = commands.updateDomain(name, {
    ...(add.handles.length > 0 && { add }),
    ...(remove.handles.length > 0 && { remove }),
    ...(registrant !== undefined && { registrant }),
  })
  return nothing(await session.command({ body, id, changes: true }))
}
