import { expect, test } from 'vitest'
import type { Contact, Contacts, DomainFacts, Registrar } from '../../src/integrations/registrars/types.ts'
import { newId } from '../../src/lib/ids.ts'
import type { Outcome } from '../../src/lib/outcome.ts'

/** A registrar and what a test may do behind it. */
export type Place = {
  registrar: Registrar
  /** The next command that changes a domain in this way is cut off after it was done. */
  cutAfter(deed: 'register' | 'renew' | 'setNameservers'): void
  /** The account has this much. */
  funds(minor: number): void
  /** A domain of another registrar, with this code. */
  foreign(name: string, authCode: string): void
  /** The other side agrees to the transfer. */
  agree(name: string): void
  /** Makes a name premium, at this price of everything. */
  premium(name: string, minor: number): void
  /** How often something was bought. */
  bought(deed: 'register' | 'renew'): number
}

export const contactOf = (more: Partial<Contact> = {}): Contact => ({
  id: newId(),
  name: 'Ada Example',
  company: null,
  street: 'Example Street 1',
  city: 'Berlin',
  region: null,
  postcode: '10115',
  country: 'DE',
  phone: '+49.301234567',
  email: 'ada@example.com',
  ...more,
})
export const contactsOf = (contact: Contact): Contacts => ({
  registrant: contact,
  admin: contact,
  tech: contact,
  billing: contact,
})

export function valueOf<T>(outcome: Outcome<T>): T {
  expect(outcome).toMatchObject({ outcome: 'ok' })
  return (outcome as { value: T }).value
}

const NAMESERVERS = ['ns1.example.org', 'ns2.example.org']
let made = 0
export const newName = (): string => `shop-${(made += 1)}.example`

export const register = (registrar: Registrar, name: string, more: { years?: number } = {}) =>
  registrar.register(newId(), {
    name,
    years: more.years ?? 1,
    nameservers: NAMESERVERS,
    contacts: contactsOf(contactOf()),
    privacy: false,
    agreed: null,
  })
const factsOf = async (registrar: Registrar, name: string): Promise<DomainFacts> => {
  const facts = valueOf(await registrar.info(name))
  if (!facts) throw new Error(`${name} is not there`)
  return facts
}

/** What holds for every registrar. */
export function registrarContract(name: string, place: () => Place): void {
  test(`${name}: many names are asked about at once, and a name is had once`, async () => {
    const { registrar } = place()
    const mine = newName()
    const [free, premium, reserved] = valueOf(
      await registrar.check([mine, 'gold.example', 'registry.example']),
    )
    expect(free).toMatchObject({
      name: mine,
      available: true,
      premium: false,
      prices: { register: { amountMinor: 1_000n }, renew: { amountMinor: 1_000n } },
    })
    expect(premium).toMatchObject({
      available: true,
      premium: true,
      prices: { register: { amountMinor: 250_000n }, renew: { amountMinor: 120_000n } },
    })
    expect(reserved).toMatchObject({ available: false })
    expect(valueOf(await registrar.quote('renew', mine, 2))).toMatchObject({ price: { amountMinor: 2_000n } })
    expect(valueOf(await registrar.info(mine))).toBeNull()
    valueOf(await register(registrar, mine, { years: 2 }))
    const facts = await factsOf(registrar, mine)
    expect(facts).toMatchObject({ ours: true, phase: 'active', nameservers: NAMESERVERS, locked: false })
    const years = facts.expiresAt!.getTime() - facts.createdAt!.getTime()
    expect(Math.round(years / 86_400_000 / 365)).toBe(2)
    expect(await register(registrar, mine)).toMatchObject({ outcome: 'rejected', code: 'taken' })
  })

  test(`${name}: whoever lost the answer finds what was done, and a renewal is from one expiry only`, async () => {
    const at = place()
    const { registrar } = at
    const mine = newName()
    at.cutAfter('register')
    expect(await register(registrar, mine)).toMatchObject({ outcome: 'unknown' })
    const before = await factsOf(registrar, mine)
    expect(before.ours).toBe(true)
    const expiresAt = before.expiresAt!
    at.cutAfter('renew')
    const renew = () => registrar.renew(newId(), { name: mine, years: 1, expiresAt, agreed: null })
    expect(await renew()).toMatchObject({ outcome: 'unknown' })
    const renewed = (await factsOf(registrar, mine)).expiresAt!
    expect(renewed.getUTCFullYear()).toBe(expiresAt.getUTCFullYear() + 1)
    expect(await renew()).toMatchObject({ outcome: 'rejected', code: 'policy' })
    expect((await factsOf(registrar, mine)).expiresAt).toEqual(renewed)
    expect([at.bought('register'), at.bought('renew')]).toEqual([1, 1])
  })

  test(`${name}: what is set may be set again, and is read back`, async () => {
    const at = place()
    const { registrar } = at
    const mine = newName()
    valueOf(await register(registrar, mine))
    const servers = [
      { host: `ns.${mine}`, addresses: ['192.0.2.1', '2001:db8::1'] },
      { host: 'ns3.example.org', addresses: [] },
    ]
    at.cutAfter('setNameservers')
    expect(await registrar.setNameservers(newId(), mine, servers)).toMatchObject({ outcome: 'unknown' })
    for (let time = 0; time < 2; time += 1) {
      valueOf(await registrar.setNameservers(newId(), mine, servers))
      valueOf(await registrar.setLock(newId(), mine, true))
      valueOf(
        await registrar.setDs(newId(), mine, [
          { keyTag: 1, algorithm: 13, digestType: 2, digest: 'AB'.repeat(32) },
        ]),
      )
      valueOf(await registrar.setContacts(newId(), mine, contactsOf(contactOf({ name: 'Grace Example' }))))
    }
    const facts = await factsOf(registrar, mine)
    expect(facts.nameservers.toSorted()).toEqual([`ns.${mine}`, 'ns3.example.org'].toSorted())
    expect(facts.locked).toBe(true)
    valueOf(await registrar.setHost(newId(), `ns.${mine}`, ['192.0.2.2']))
    valueOf(await registrar.setLock(newId(), mine, false))
    expect((await factsOf(registrar, mine)).locked).toBe(false)
    expect((await registrar.authCode(newId(), mine)).outcome).toBe('ok')
  })

  test(`${name}: a domain comes from another registrar with its code and the other's consent`, async () => {
    const at = place()
    const { registrar } = at
    const mine = newName()
    at.foreign(mine, 'Right-Code-1')
    const asked = { name: mine, years: 1, contacts: contactsOf(contactOf()), agreed: null }
    expect(await registrar.transferIn(newId(), { ...asked, authCode: 'wrong' })).toMatchObject({
      outcome: 'rejected',
      code: 'wrong_auth_code',
    })
    expect(await registrar.transferIn(newId(), { ...asked, authCode: 'Right-Code-1' })).toMatchObject({
      outcome: 'pending',
    })
    expect(valueOf(await registrar.transfer(mine))).toMatchObject({ status: 'pending', direction: 'in' })
    at.agree(mine)
    expect(valueOf(await registrar.transfer(mine))).toMatchObject({ status: 'completed' })
    expect((await factsOf(registrar, mine)).ours).toBe(true)
  })

  test(`${name}: a premium name is bought at the price that was agreed, and at no other`, async () => {
    const at = place()
    const { registrar } = at
    const mine = newName()
    at.premium(mine, 50_000)
    const before = valueOf(await registrar.balance()).amountMinor
    const buy = (minor: bigint | null) =>
      registrar.register(newId(), {
        name: mine,
        years: 1,
        nameservers: NAMESERVERS,
        contacts: contactsOf(contactOf()),
        privacy: false,
        agreed: minor === null ? null : { amountMinor: minor, currency: 'USD' },
      })
    const changed = { outcome: 'rejected', code: 'price_changed', retryable: false }
    for (const minor of [null, 49_999n, 50_001n]) expect(await buy(minor)).toMatchObject(changed)
    at.premium(mine, 60_000)
    expect(await buy(50_000n)).toMatchObject(changed)
    expect(valueOf(await registrar.info(mine))).toBeNull()
    expect(valueOf(await registrar.balance()).amountMinor).toBe(before)
    valueOf(await buy(60_000n))
    expect(valueOf(await registrar.balance()).amountMinor).toBe(before - 60_000n)
  })

  test(`${name}: an empty account is told as such, and nothing was registered`, async () => {
    const at = place()
    const { registrar } = at
    expect(valueOf(await registrar.balance()).amountMinor).toBeGreaterThan(0n)
    at.funds(1)
    const mine = newName()
    expect(await register(registrar, mine)).toMatchObject({ outcome: 'rejected', code: 'no_funds' })
    expect(valueOf(await registrar.info(mine))).toBeNull()
    at.funds(1_000_000)
  })
}
