import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRegistrar } from '../../src/integrations/registrars/client.ts'
import * as commands from '../../src/integrations/registrars/eppCommands.ts'
import { hello, requestOf, responseOf } from '../../src/integrations/registrars/eppDocuments.ts'
import { EppLink } from '../../src/integrations/registrars/eppLink.ts'
import { Markup, NS, parseXml, xml, type Node } from '../../src/integrations/registrars/eppXml.ts'
import type { Registrar } from '../../src/integrations/registrars/types.ts'
import { newId } from '../../src/lib/ids.ts'
import { networks, sendOutgoing } from '../../src/lib/outgoing.ts'
import { faultsOf, startRecordedRegistry, type RecordedRegistry } from './eppDocuments.ts'
import { contactOf, contactsOf, newName, register, valueOf } from './registrars.ts'

let registry: RecordedRegistry
let epp: Registrar
const connection = (more: { clientId?: string; password?: string } = {}) => ({
  kind: 'epp' as const,
  host: '127.0.0.1',
  port: registry.port,
  clientId: 'mpanel',
  password: 'simulated-1',
  currency: 'USD',
  contacts: true,
  ca: registry.sim.caPem,
  timeoutMs: 5_000,
  ...more,
})
const clientOf = (more: { clientId?: string; password?: string } = {}): Registrar =>
  createRegistrar((request) => sendOutgoing(networks(['127.0.0.0/8']), request), connection(more))

beforeAll(async () => {
  registry = await startRecordedRegistry()
  epp = clientOf()
})
afterAll(async () => {
  await epp.close()
  await registry.close()
})

/** Those that are wrong, with what is. */
const wrongOf = async (documents: readonly string[]): Promise<string[]> =>
  (await faultsOf(documents)).flatMap((fault, at) => (fault === '' ? [] : [`${fault}\n${documents[at]}`]))

const AWKWARD = 'Zoë <& "Söhne"> \u0000\u0008\uD800\uFFFE 日本 🙂'
const contact = contactOf({ name: AWKWARD, company: AWKWARD, region: AWKWARD, email: 'ada+x@example.com' })
const handles = commands.handlesOf(contactsOf(contact))
const records = [{ keyTag: 65_535, algorithm: 13, digestType: 2, digest: 'aB'.repeat(32) }]
const at = new Date('2026-02-28T23:59:59.999Z')
const price = { amountMinor: 5n, currency: 'USD' }
const plain = commands.updateDomain('shop.example', {})
const login = (password: string) =>
  commands.login({ clientId: 'mpanel', password }, [NS.domain], [NS.loginSec])

type Request = Markup | [body: Markup, extension: Markup | null]
/** Every builder, with the least and the most that it writes. */
const WRITTEN: Record<Exclude<keyof typeof commands, 'handlesOf'>, Request[]> = {
  login: [login('simulated-1'), commands.login({ clientId: 'mpanel', password: 'a&b<c>' }, [NS.domain], [])],
  longPassword: [[login('long '.repeat(9)), commands.longPassword('long '.repeat(9))]],
  checkDomains: [
    commands.checkDomains(['a.example']),
    commands.checkDomains(['a.example', 'xn--b-1ga.example']),
  ],
  infoDomain: [commands.infoDomain('a.example')],
  deleteDomain: [commands.deleteDomain('a.example')],
  createDomain: [
    commands.createDomain({ name: 'a.example', years: 1, hosts: [], handles: null, authCode: AWKWARD }),
    commands.createDomain({
      name: 'a.example',
      years: 10,
      hosts: ['ns1.example.org'],
      handles,
      authCode: 'aA1-',
    }),
  ],
  renewDomain: [commands.renewDomain('a.example', 10, at)],
  transferDomain: [
    ...(['query', 'approve', 'reject', 'cancel'] as const).map((op) =>
      commands.transferDomain(op, 'a.example'),
    ),
    commands.transferDomain('request', 'a.example', { years: 1, authCode: AWKWARD }),
  ],
  updateDomain: [
    plain,
    commands.updateDomain('a.example', {
      add: { hosts: ['ns1.example.org'], handles: handles.others, statuses: ['clientHold'] },
      remove: { hosts: ['ns2.example.org'], handles: handles.others, statuses: ['clientTransferProhibited'] },
      registrant: handles.registrant,
      authCode: AWKWARD,
    }),
    commands.updateDomain('a.example', { add: {}, authCode: '' }),
  ],
  replaceDs: [
    [plain, commands.replaceDs([])],
    [plain, commands.replaceDs([...records, ...records])],
  ],
  restoreRequest: [[plain, commands.restoreRequest]],
  restoreReport: [[plain, commands.restoreReport('a.example', at, at)]],
  checkFees: (['register', 'renew', 'transferIn', 'restore'] as const).map((operation): Request => [
    commands.checkDomains(['a.example']),
    commands.checkFees([operation], 1, 'USD'),
  ]),
  agreedFee: [
    [
      commands.createDomain({ name: 'a.example', years: 1, hosts: [], handles: null, authCode: '' }),
      commands.agreedFee('register', price),
    ],
    [commands.renewDomain('a.example', 1, at), commands.agreedFee('renew', price)],
    [commands.transferDomain('request', 'a.example', { years: 1 }), commands.agreedFee('transferIn', price)],
    [plain, xml`${commands.restoreRequest}${commands.agreedFee('restore', price)}`],
  ],
  infoHost: [commands.infoHost('ns1.example.org')],
  createHost: [
    commands.createHost('ns1.example.org', []),
    commands.createHost('ns1.a.example', ['192.0.2.1', '2001:db8::1']),
  ],
  updateHost: [
    commands.updateHost('ns1.a.example', ['192.0.2.1'], ['2001:db8::1']),
    commands.updateHost('ns1.a.example', [], []),
  ],
  deleteHost: [commands.deleteHost('ns1.example.org')],
  createContact: [commands.createContact(contact, AWKWARD), commands.createContact(contactOf(), '')],
  updateContact: [commands.updateContact(contact)],
  pollRequest: [commands.pollRequest],
  pollAck: [commands.pollAck('4711')],
  infoBalance: [commands.infoBalance],
}
const documentOf = (request: Request): string =>
  request instanceof Markup ? requestOf(request, null, newId()) : requestOf(...request, newId())

test('whatever is asked of us, a command is valid EPP', async () => {
  const logout = requestOf(xml`<logout/>`, null, `${newId()}.c12`)
  expect(await wrongOf([hello, logout, ...Object.values(WRITTEN).flat().map(documentOf)])).toEqual([])
})

/** What a document says in which words: `info > domain:infData`. */
function kindsOf(text: string): string[] {
  const prefix = (node: Node) => Object.entries(NS).find(([, uri]) => uri === node.ns)?.[0] ?? ''
  const inside = parseXml(text).children[0]
  if (inside?.name !== 'response') return []
  return inside.children
    .filter(({ name }) => name === 'resData' || name === 'extension')
    .flatMap((node) => node.children.map((child) => `${prefix(child)}:${child.name}`))
}

test('whatever happens between our client and the simulated registry, every document is valid EPP', async () => {
  const { sim, documents } = registry
  const other = clientOf({ clientId: 'other', password: 'simulated-2' })
  const mine = newName()
  valueOf(await epp.check([mine, 'gold.example', 'registry.example', 'a.unknown-and-long-top-level-domain']))
  for (const operation of ['register', 'renew', 'transferIn', 'restore'] as const)
    valueOf(await epp.quote(operation, mine, 1))
  valueOf(await epp.quote('register', 'a.invalid', 1))
  valueOf(await register(epp, mine, { years: 2 }))
  const company = contactsOf(contactOf({ name: AWKWARD, company: 'A & B', region: 'Lazio' }))
  const gold = { name: 'gold.example', years: 1, nameservers: [], contacts: company, privacy: false }
  const usd = (amountMinor: bigint) => ({ amountMinor, currency: 'USD' })
  valueOf(await epp.register(newId(), { ...gold, agreed: usd(250_000n) }))
  const { expiresAt } = valueOf(await epp.info('gold.example'))!
  valueOf(
    await epp.renew(newId(), {
      name: 'gold.example',
      years: 1,
      expiresAt: expiresAt!,
      agreed: usd(120_000n),
    }),
  )
  valueOf(
    await epp.setNameservers(newId(), mine, [
      { host: `ns.${mine}`, addresses: ['192.0.2.1', '2001:db8::1'] },
    ]),
  )
  valueOf(await epp.setHost(newId(), `ns.${mine}`, ['192.0.2.2']))
  expect(await epp.removeHost(newId(), `ns.${mine}`)).toMatchObject({ code: 'in_use' })
  valueOf(await epp.setDs(newId(), mine, records))
  for (const locked of [true, false]) valueOf(await epp.setLock(newId(), mine, locked))
  valueOf(await epp.setContacts(newId(), mine, company))
  const authCode = valueOf(await epp.authCode(newId(), mine))!
  valueOf(await epp.info(mine))
  valueOf(await other.info(mine))
  valueOf(
    await epp.renew(newId(), {
      name: mine,
      years: 1,
      expiresAt: valueOf(await epp.info(mine))!.expiresAt!,
      agreed: null,
    }),
  )
  const move = { name: mine, years: 1, authCode, contacts: company, agreed: null }
  for (const answer of ['reject', 'approve'] as const) {
    expect(await other.transferIn(newId(), move)).toMatchObject({ outcome: 'pending' })
    valueOf(await other.transfer(mine))
    valueOf(await epp.answerTransferOut(newId(), mine, answer))
  }
  valueOf(await other.setNameservers(newId(), mine, []))
  sim.advanceDays(6)
  expect(await other.remove(newId(), mine)).toMatchObject({ outcome: 'pending' })
  sim.world.premium[mine] = { ...sim.world.premium['gold.example']! }
  valueOf(await other.restore(newId(), mine, usd(130_000n)))
  await register(epp, `pending-${mine}`)
  sim.decide(`pending-${mine}`, false)
  sim.balance('mpanel', 10_100)
  await register(epp, newName())
  valueOf(await epp.balance())
  for (let message; (message = valueOf(await epp.poll()));) valueOf(await epp.acknowledge(message.id))
  for (const code of [2400, 2502, 2308]) {
    sim.fault({ verb: 'info', code })
    await epp.info(mine)
  }
  const long = 'a password of more than sixteen characters'
  sim.world.accounts[0]!.password = long
  valueOf(await clientOf({ password: long }).check([mine]))
  const link = await EppLink.open(connection({ password: long }), 5_000)
  for (const request of [
    hello,
    'words',
    requestOf(
      xml`<check><host:check xmlns:host="${NS.host}"><host:name>ns1.example.org</host:name></host:check></check>`,
      null,
      'cl1',
    ),
    requestOf(login(long), commands.longPassword(long), newId()),
    requestOf(
      xml`<check><host:check xmlns:host="${NS.host}"><host:name>ns1.example.org</host:name></host:check></check>`,
      null,
      newId(),
    ),
    requestOf(
      xml`<check><contact:check xmlns:contact="${NS.contact}"><contact:id>MP1</contact:id></contact:check></check>`,
      null,
      newId(),
    ),
    requestOf(
      xml`<info><contact:info xmlns:contact="${NS.contact}"><contact:id>${commands.handlesOf(company).registrant}</contact:id></contact:info></info>`,
      null,
      newId(),
    ),
  ]) {
    link.send(request)
    await link.next(5_000)
  }
  link.close()
  await other.close()
  sim.world.aheadMs = 0
  const sent = documents.filter((text) => text !== 'words')
  expect(await wrongOf(sent)).toEqual([])
  const said = [...new Set(sent.flatMap(kindsOf))].toSorted()
  expect(said).toEqual([
    'balance:infData',
    'contact:chkData',
    'contact:creData',
    'contact:infData',
    'domain:chkData',
    'domain:creData',
    'domain:infData',
    'domain:panData',
    'domain:renData',
    'domain:trnData',
    'fee:chkData',
    'host:chkData',
    'host:creData',
    'host:infData',
    'lowBalance:pollData',
    'rgp:infData',
    'rgp:upData',
    'secDns:infData',
  ])
})

test('what is not EPP is seen as such', async () => {
  const good = documentOf(WRITTEN.createDomain[1]!)
  const answer = registry.documents.find((text) => text.includes('domain:infData') && text.includes('ns1.'))!
  expect(responseOf(parseXml(answer))).toMatchObject({ code: 1000 })
  const changed = (text: string, from: string | RegExp, to: string): string => {
    expect(text).toMatch(from)
    return text.replace(from, to)
  }
  const bad = [
    changed(good, /<domain:authInfo>.*<\/domain:authInfo>/, ''),
    changed(good, /(<domain:period.*<\/domain:period>)(<domain:ns>.*<\/domain:ns>)/, '$2$1'),
    changed(good, 'unit="y"', 'unit="d"'),
    changed(good, 'type="tech"', 'type="owner"'),
    changed(good, '>10<', '>100<'),
    changed(good, NS.domain, 'urn:ietf:params:xml:ns:domain-1.1'),
    changed(good, /<clTRID>[^<]*/, '<clTRID>ab'),
    changed(answer, 'code="1000"', 'code="1002"'),
    changed(answer, 's="ok"', 's="fine"'),
    changed(answer, /<domain:roid>[^<]*<\/domain:roid>/, ''),
    changed(answer, /<svTRID>.*<\/svTRID>/, ''),
    documentOf(commands.createContact(contactOf({ postcode: '1'.repeat(17) }), '')),
    documentOf(commands.createContact(contactOf({ phone: '030 1234567' }), '')),
    documentOf(commands.updateDomain('a.example', { add: { statuses: ['hold'] } })),
    documentOf(commands.createHost('', [])),
    documentOf(commands.login({ clientId: 'mpanel', password: 'short' }, [NS.domain], [])),
    documentOf(xml`<info/>`),
  ]
  expect((await faultsOf(bad)).flatMap((fault, index) => (fault === '' ? [bad[index]] : []))).toEqual([])
})
