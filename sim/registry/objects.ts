import { Refused, type World } from './world.ts'
import { esc, every, iso, part, URI, word, type Element } from './xml.ts'
import type { By } from './domains.ts'

/** Hosts and contacts: each has an owner, and is kept as long as a domain needs it. */
type Done = { code: number; data?: string }

const hostOf = (world: World, name: string) => {
  const found = world.hosts.find((one) => one.name === name)
  if (!found) throw new Refused(2303, `there is no host ${name}`)
  return found
}

const addresses = (of: Element | undefined): string[] =>
  every(of, 'addr').map((one) => word(one).toLowerCase())

export function host(world: World, by: By, verb: string, object: Element): Done {
  const names = every(object, 'name').map((element) => word(element).toLowerCase())
  const name = names[0] ?? ''
  if (verb === 'check') {
    const rows = names.map(
      (one) =>
        `<host:cd><host:name avail="${world.hosts.some((other) => other.name === one) ? 0 : 1}">${esc(one)}</host:name></host:cd>`,
    )
    return { code: 1000, data: `<host:chkData xmlns:host="${URI.host}">${rows.join('')}</host:chkData>` }
  }
  if (verb === 'create') {
    if (world.hosts.some((other) => other.name === name)) throw new Refused(2302, `${name} exists`)
    const above = world.domains.find((domain) => name.endsWith(`.${domain.name}`))
    const isOfUs = Object.keys(world.tlds).some((tld) => name.endsWith(`.${tld}`))
    if (above && above.sponsor !== by.account)
      throw new Refused(2201, `${above.name} is of another registrar`)
    if (isOfUs && addresses(object).length > 0 && !above)
      throw new Refused(2303, `the domain of ${name} is not registered`)
    world.hosts.push({ name, sponsor: by.account, createdAt: by.now, addresses: addresses(object) })
    return {
      code: 1000,
      data: `<host:creData xmlns:host="${URI.host}"><host:name>${esc(name)}</host:name><host:crDate>${iso(by.now)}</host:crDate></host:creData>`,
    }
  }
  const found = hostOf(world, name)
  if (verb === 'info') {
    const rows = found.addresses.map(
      (one) => `<host:addr ip="${one.includes(':') ? 'v6' : 'v4'}">${one}</host:addr>`,
    )
    return {
      code: 1000,
      data: `<host:infData xmlns:host="${URI.host}"><host:name>${esc(name)}</host:name><host:roid>H1-SIM</host:roid><host:status s="ok"/>${rows.join('')}<host:clID>${found.sponsor}</host:clID><host:crID>${found.sponsor}</host:crID><host:crDate>${iso(found.createdAt)}</host:crDate></host:infData>`,
    }
  }
  if (found.sponsor !== by.account) throw new Refused(2201, `${name} is of another registrar`)
  if (verb === 'update') {
    const remove = addresses(part(object, 'rem'))
    found.addresses = [
      ...found.addresses.filter((one) => !remove.includes(one)),
      ...addresses(part(object, 'add')),
    ]
    return { code: 1000 }
  }
  if (verb !== 'delete') throw new Refused(2101, `${verb} of hosts`)
  if (world.domains.some(({ hosts }) => hosts.includes(name)))
    throw new Refused(2305, `${name} serves domains`)
  world.hosts = world.hosts.filter((other) => other !== found)
  return { code: 1000 }
}

const WORDS = ['name', 'org', 'street', 'city', 'sp', 'pc', 'cc', 'voice', 'email']

function wordsOf(object: Element | undefined): Record<string, string> {
  const words: Record<string, string> = {}
  const walk = (element: Element): void => {
    if (WORDS.includes(element.name)) words[element.name] = word(element)
    element.parts.forEach(walk)
  }
  if (object) walk(object)
  return words
}

const optional = (tag: string, text: string | undefined): string =>
  text === undefined ? '' : `<contact:${tag}>${esc(text)}</contact:${tag}>`

export function contact(world: World, by: By, verb: string, object: Element): Done {
  const ids = every(object, 'id').map(word)
  const handle = ids[0] ?? ''
  if (verb === 'check') {
    const rows = ids.map(
      (one) =>
        `<contact:cd><contact:id avail="${world.contacts.some((other) => other.handle === one) ? 0 : 1}">${esc(one)}</contact:id></contact:cd>`,
    )
    return {
      code: 1000,
      data: `<contact:chkData xmlns:contact="${URI.contact}">${rows.join('')}</contact:chkData>`,
    }
  }
  if (verb === 'create') {
    if (handle.length < 3 || handle.length > 16) throw new Refused(2005, 'a handle has 3 to 16 characters')
    if (world.contacts.some((other) => other.handle === handle)) throw new Refused(2302, `${handle} exists`)
    const words = wordsOf(object)
    if (!/^\+\d{1,3}\.\d{1,14}$/.test(words['voice'] ?? '+1.1'))
      throw new Refused(2005, 'voice is no number as +49.301234')
    if (!/^[A-Z]{2}$/.test(words['cc'] ?? '')) throw new Refused(2005, 'cc is no country')
    world.contacts.push({ handle, sponsor: by.account, createdAt: by.now, xml: words })
    return {
      code: 1000,
      data: `<contact:creData xmlns:contact="${URI.contact}"><contact:id>${esc(handle)}</contact:id><contact:crDate>${iso(by.now)}</contact:crDate></contact:creData>`,
    }
  }
  const found = world.contacts.find((other) => other.handle === handle)
  if (!found) throw new Refused(2303, `there is no contact ${handle}`)
  if (found.sponsor !== by.account) throw new Refused(2201, `${handle} is of another registrar`)
  if (verb === 'info') {
    const { name = '', org, street = '', city = '', sp, pc = '', cc = '', voice = '', email = '' } = found.xml
    return {
      code: 1000,
      data: `<contact:infData xmlns:contact="${URI.contact}"><contact:id>${esc(handle)}</contact:id><contact:roid>C1-SIM</contact:roid><contact:status s="ok"/><contact:postalInfo type="int"><contact:name>${esc(name)}</contact:name>${optional('org', org)}<contact:addr><contact:street>${esc(street)}</contact:street><contact:city>${esc(city)}</contact:city>${optional('sp', sp)}<contact:pc>${esc(pc)}</contact:pc><contact:cc>${cc}</contact:cc></contact:addr></contact:postalInfo><contact:voice>${voice}</contact:voice><contact:email>${esc(email)}</contact:email><contact:clID>${found.sponsor}</contact:clID><contact:crID>${found.sponsor}</contact:crID><contact:crDate>${iso(found.createdAt)}</contact:crDate></contact:infData>`,
    }
  }
  if (verb === 'update') {
    found.xml = { ...found.xml, ...wordsOf(part(object, 'chg')) }
    return { code: 1000 }
  }
  if (verb !== 'delete') throw new Refused(2101, `${verb} of contacts`)
  if (world.domains.some((d) => d.registrant === handle || d.contacts.some((one) => one.handle === handle)))
    throw new Refused(2305, `${handle} is a contact of domains`)
  world.contacts = world.contacts.filter((other) => other !== found)
  return { code: 1000 }
}
