import * as commands from '../src/integrations/registrars/eppCommands.ts'
import { availabilities, factsOf, messageOf } from '../src/integrations/registrars/eppAnswers.ts'
import { requestOf, responseOf, type EppAnswer } from '../src/integrations/registrars/eppDocuments.ts'
import { frame, FrameReader } from '../src/integrations/registrars/eppFrames.ts'
import { EppLink } from '../src/integrations/registrars/eppLink.ts'
import { NS, parseXml, type Markup } from '../src/integrations/registrars/eppXml.ts'
import { newId } from '../src/lib/ids.ts'
import { contactOf, contactsOf } from '../test/contracts/registrars.ts'
import { startRecordedRegistry } from '../test/contracts/eppDocuments.ts'
import { SaxesParser } from 'saxes'
import { interleaved, median, table } from './measure.ts'

const ROUNDS = 7
const SECONDS = 1
const AIM = 5_000

const NAME = 'shop.example'
const NAMESERVERS = ['ns1.example.org', 'ns2.example.org']
const contact = contactOf({ company: 'Söhne & Co.', region: 'Lazio' })
const handles = commands.handlesOf(contactsOf(contact))
const ds = [1, 2].map((keyTag) => ({ keyTag, algorithm: 13, digestType: 2, digest: 'AB'.repeat(32) }))
const searched = ['com', 'net', 'org', 'de', 'shop', 'example'].map((tld) => `bench.${tld}`)

type Kind = {
  /** Of 100 messages. */
  share: number
  body: () => Markup
  extension?: () => Markup
  read?: (answer: EppAnswer) => unknown
}
const facts = (answer: EppAnswer) => factsOf(answer, 'mpanel', new Date())

/** A day of a registrar: searches, looks at what it has, and a few deeds. In this order the registry takes them all. */
const KINDS: Kind[] = [
  { share: 3, body: () => commands.createContact(contact, 'aA1-0123456789') },
  { share: 3, body: () => commands.createHost('ns1.example.org', []) },
  { share: 1, body: () => commands.createHost('ns2.example.org', []) },
  {
    share: 5,
    body: () =>
      commands.createDomain({ name: NAME, years: 1, hosts: NAMESERVERS, handles, authCode: 'aA1-0123' }),
  },
  { share: 3, body: () => commands.updateDomain(NAME, {}), extension: () => commands.replaceDs(ds) },
  { share: 3, body: () => commands.updateDomain(NAME, { add: { statuses: ['clientTransferProhibited'] } }) },
  {
    share: 30,
    body: () => commands.checkDomains(searched),
    extension: () => commands.checkFees(['register'], 1, 'USD'),
    read: availabilities,
  },
  { share: 40, body: () => commands.infoDomain(NAME), read: facts },
  { share: 2, body: () => commands.infoHost('ns1.example.org') },
  { share: 10, body: () => commands.pollRequest, read: (answer) => messageOf(answer, 'mpanel') },
]

const write = ({ body, extension }: Kind): Buffer => frame(requestOf(body(), extension?.() ?? null, newId()))

/** Of a core, whoever else uses the machine. What the collector of garbage does beside counts too. */
const secondsSince = (begun: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / 1_000_000
}

/** The answers of the simulated registry, as the bytes that came. */
async function answersOf(): Promise<Buffer[]> {
  const registry = await startRecordedRegistry()
  registry.sim.balance('mpanel', 10_100)
  const link = await EppLink.open(
    {
      kind: 'epp',
      host: '127.0.0.1',
      port: registry.port,
      clientId: 'mpanel',
      password: 'simulated-1',
      currency: 'USD',
      contacts: true,
      ca: registry.sim.caPem,
    },
    5_000,
  )
  const ask = async (body: Markup, extension: Markup | null): Promise<Buffer> => {
    link.send(requestOf(body, extension, newId()))
    const code = responseOf(await link.next(5_000))?.code ?? 0
    if (!(code < 2_000)) throw new Error(`the registry has answered ${code}`)
    return frame(registry.documents.at(-1) ?? '')
  }
  await link.next(5_000)
  const as = { clientId: 'mpanel', password: 'simulated-1' }
  await ask(commands.login(as, [NS.domain, NS.host, NS.contact], [NS.secDns, NS.rgp, NS.fee]), null)
  const answers = []
  for (const { body, extension } of KINDS) answers.push(await ask(body(), extension?.() ?? null))
  link.close()
  await registry.close()
  return answers
}

/** The codec alone, on one core: from a builder to the bytes of a frame, and from bytes to what the answer says. */
export async function epp(): Promise<void> {
  const answers = await answersOf()
  // The kinds are spread evenly over the hundred.
  const mix = KINDS.flatMap((kind, at) =>
    Array.from({ length: kind.share }, (_, time) => ({
      kind,
      answer: answers[at] ?? Buffer.alloc(0),
      place: (time + 0.5) / kind.share,
    })),
  ).toSorted((a, b) => a.place - b.place)
  const bytes = (of: Buffer[]): number => of.reduce((sum, { length }) => sum + length, 0)
  const read = (kind: Kind, answer: Buffer): void => {
    for (const document of new FrameReader().push(answer)) {
      const found = responseOf(parseXml(document))
      if (found?.code === undefined || (kind.read && !kind.read(found)))
        throw new Error('an answer was not read')
    }
  }
  const tokens = (answer: Buffer): void =>
    void new SaxesParser({ xmlns: true }).write(answer.toString('utf8', 4)).close()
  const sides: Record<string, [messages: number, (one: (typeof mix)[number]) => void]> = {
    encode: [1, ({ kind }) => void write(kind)],
    decode: [1, ({ kind, answer }) => read(kind, answer)],
    'both, a command and its answer': [2, ({ kind, answer }) => (write(kind), read(kind, answer))],
    'saxes alone on the answers, no tree': [1, ({ answer }) => tokens(answer)],
  }
  const figures = await interleaved(
    ROUNDS,
    Object.entries(sides).map(([name, [messages, work]]) => ({
      name,
      measure: async () => {
        const begun = process.cpuUsage()
        let done = 0
        while (secondsSince(begun) < SECONDS) {
          for (const one of mix) work(one)
          done += mix.length * messages
        }
        return done / secondsSince(begun)
      },
    })),
  )
  const rate = (value: number): string => Math.round(value).toLocaleString('en')
  console.log(
    `a command has ${Math.round(bytes(mix.map(({ kind }) => write(kind))) / mix.length)} bytes, an answer ${Math.round(bytes(mix.map(({ answer }) => answer)) / mix.length)}, on average`,
  )
  table(
    ['', 'messages a second of a core', 'slowest round'],
    [...figures].map(([name, rates]) => [name, rate(median(rates)), rate(Math.min(...rates))]),
  )
  const slowest = Math.min(...(figures.get('both, a command and its answer') ?? []))
  if (slowest < AIM) throw new Error(`${rate(slowest)} messages a second are fewer than ${rate(AIM)}`)
}
