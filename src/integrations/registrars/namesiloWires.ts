import { ok, unknown, type Outcome } from '../../lib/outcome.ts'
import { minorOf } from './eppAnswers.ts'
import {
  listOf,
  namesiloCaller,
  record,
  text,
  type Call,
  type NameSiloConnection,
  type Params,
  type Send,
} from './namesiloHttp.ts'
import { contactParams, factsOf, sameContact } from './namesiloShapes.ts'
import type { Contact, Contacts, Registrar } from './types.ts'

/** What the calls to NameSilo share. */
export type Wired = ReturnType<typeof wiredTo>

export function wiredTo(send: Send, to: NameSiloConnection, now: () => Date) {
  const call = namesiloCaller(send, to)
  const price = (value: unknown) => {
    const amountMinor = minorOf(text(value))
    return amountMinor === null ? null : { amountMinor, currency: to.currency }
  }
  const tell = async (operation: string, params: Params): Promise<Outcome<null>> => {
    const answer = await call(operation, params)
    return answer.outcome === 'ok' ? ok(null) : answer
  }

  const info: Registrar['info'] = async (name) => {
    const answer = await call('getDomainInfo', { domain: name })
    if (answer.outcome === 'rejected' && answer.code === 'not_found') return ok(null)
    if (answer.outcome !== 'ok') return answer
    const facts = factsOf(name, answer.value, now())
    return facts ? ok(facts) : unknown('NameSilo has answered something else than was asked.')
  }

  return { call, price, tell, info, ensureContacts: contactsAt(call) }
}

function contactsAt(call: Call) {
  /** Contacts have numbers there; ours is written into the field for a nickname, by which it is found again. */
  const ensureContact = async (contact: Contact): Promise<Outcome<string>> => {
    const listed = await call('contactList')
    if (listed.outcome !== 'ok') return listed
    const there = listOf(listed.value['contact'])
      .map(record)
      .find((row) => text(row['nickname']) === contact.id)
    const id = text(there?.['contact_id'])
    if (there && id !== '') {
      if (sameContact(there, contact)) return ok(id)
      const changed = await call('contactUpdate', { contact_id: id, ...contactParams(contact) })
      return changed.outcome === 'ok' ? ok(id) : changed
    }
    const made = await call('contactAdd', contactParams(contact))
    if (made.outcome !== 'ok') return made
    const given = text(made.value['contact_id'])
    return given === '' ? unknown('NameSilo has not said which contact it made.') : ok(given)
  }
  const ensureContacts = async (contacts: Contacts): Promise<Outcome<Record<string, string>>> => {
    const ids: Record<string, string> = {}
    for (const [role, contact] of Object.entries(contacts)) {
      const same = Object.entries(contacts).find(([other, { id }]) => id === contact.id && ids[other])
      const made = same ? ok(ids[same[0]] ?? '') : await ensureContact(contact)
      if (made.outcome !== 'ok') return made
      ids[role] = made.value
    }
    return ok(ids)
  }
  return ensureContacts
}
