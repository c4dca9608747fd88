import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nextSerial } from '../../lib/dns/serial.ts'
import { readZoneFile, writeZoneFile, type Soa } from '../../lib/dns/zoneFile.ts'
import { isRecordType } from '../../lib/dns/records.ts'
import { ok, rejected, type Outcome } from '../../lib/outcome.ts'
import { sorted } from './canonical.ts'
import type { DnsServer, NewZone, Rrset, RrsetChange, ServedZone } from './types.ts'

const TTL = 3_600
/** In the name of a file, for that of a reverse zone. */
const SLASH = '=2F'
const TIMERS = { refresh: 10_800, retry: 3_600, expire: 1_209_600, minimum: 3_600 }
const OWNER = /^; owner: (.*)$/m
const SOA_LINE = /\tIN\tSOA\t(\S+) (\S+) (\d+) /

/**
 * Zones as files in a folder, which BIND, NSD or Knot serve from there. Beside them stands `named.conf`, which lists them for
 * BIND. Each file is replaced as a whole, so a server never reads half of one.
 */
export function createZoneFiles(folder: string, now: () => Date): DnsServer {
  const pathOf = (name: string): string => join(folder, `${name.replaceAll('/', SLASH)}zone`)
  const read = async (name: string): Promise<(ServedZone & Pick<Soa, 'primary' | 'contact'>) | null> => {
    const text = await readFile(pathOf(name), 'utf8').catch(missing)
    return text === null ? null : zoneOf(text, name)
  }
  const write = async (zone: NewZone, serial: number): Promise<void> => {
    await mkdir(folder, { recursive: true })
    await replace(pathOf(zone.name), textOf(zone, serial))
    await list(folder)
  }
  return {
    version: async () => attempt(async () => `zone files in ${await made(folder)}`),
    zoneHead: (name) =>
      attempt(async () => {
        const zone = await read(name)
        return zone && { serial: zone.serial, owner: zone.owner, signed: false }
      }),
    heads: () =>
      attempt(async () => {
        const names = (await zoneFilesIn(await made(folder))).map((file) => nameOf(file))
        const heads = await Promise.all(names.map(async (name) => [name, await read(name)] as const))
        return new Map(heads.flatMap(([name, zone]) => (zone ? [[name, zone] as const] : [])))
      }),
    zone: (name) => attempt(() => read(name)),
    // A file is read as a whole, and may be edited without a new serial.
    sets: async () => ok(null),
    createZone: async (zone) => {
      const there = await attempt(() => read(zone.name))
      if (there.outcome !== 'ok') return there
      if (there.value) return rejected('exists', `There is a file of the zone ${zone.name} already.`)
      return attempt(() => write(zone, nextSerial(0, now())).then(() => null))
    },
    changeZone: async (name, changes) => {
      const there = await attempt(() => read(name))
      if (there.outcome !== 'ok') return there
      const zone = there.value
      if (!zone) return rejected('missing', `There is no file of the zone ${name}`)
      if (changes.length === 0) return ok(null)
      const rrsets = changed(zone.rrsets, changes)
      return attempt(() => write({ ...zone, name, rrsets }, nextSerial(zone.serial, now())).then(() => null))
    },
    removeZone: (name) =>
      attempt(async () => {
        await rm(pathOf(name), { force: true })
        await list(folder)
        return null
      }),
    keys: async () => ok([]),
    sign: async () =>
      rejected('unsupported', 'Zone files are not signed here: the program that serves them has to do it.'),
    unsign: async () => ok(null),
    prepareTransfers: async () => noTransfers,
    setTransfers: async (_, transfers) => (transfers === null ? ok(null) : noTransfers),
  }
}

const noTransfers = rejected(
  'unsupported',
  'Zone files are copied by the program that serves them: its configuration names the secondaries.',
)

const missing = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}

/** What the file system refuses is refused as long as nobody mends it: nothing was written. */
async function attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return ok(await work())
  } catch (error) {
    const { code = 'no code' } = error as NodeJS.ErrnoException
    return rejected('unwritable', `The zone file cannot be read or written (${code}).`, { retryable: true })
  }
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  return folder
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

const zoneFilesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((file) => file.endsWith('.zone')).toSorted()

const nameOf = (file: string): string => file.slice(0, -'zone'.length).replaceAll(SLASH, '/')

async function list(folder: string): Promise<void> {
  const lines = (await zoneFilesIn(await made(folder))).map(
    (file) => `zone "${nameOf(file).slice(0, -1)}" { type primary; file "${join(folder, file)}"; };\n`,
  )
  await replace(join(folder, 'named.conf'), lines.join(''))
}

function textOf({ name, owner, primary, contact, rrsets }: NewZone, serial: number): string {
  const records = rrsets.flatMap(({ name: at, type, ttl, contents }) =>
    isRecordType(type) ? contents.map((content) => ({ name: at, type, ttl, content })) : [],
  )
  const soa: Soa = { primary, contact, serial, ...TIMERS }
  return `; Written by mPanel: changes by hand are found, and may be undone.\n; owner: ${owner}\n${writeZoneFile(name, soa, records, TTL)}`
}

function zoneOf(text: string, name: string): ServedZone & Pick<Soa, 'primary' | 'contact'> {
  const [, primary = '.', contact = '.', serial = '0'] = SOA_LINE.exec(text) ?? []
  const records = readZoneFile(text, name, TTL).records
  const sets = Map.groupBy(records, ({ name: at, type }) => `${at} ${type}`)
  const rrsets = [...sets.values()].flatMap((set): Rrset[] => {
    const [first] = set
    return first
      ? [{ name: first.name, type: first.type, ttl: first.ttl, contents: set.map(({ content }) => content) }]
      : []
  })
  const owner = OWNER.exec(text)?.[1] ?? ''
  return { owner, serial: Number(serial), signed: false, primary, contact, rrsets: sorted(rrsets) }
}

function changed(rrsets: readonly Rrset[], changes: readonly RrsetChange[]): Rrset[] {
  const all = new Map(rrsets.map((one) => [`${one.name} ${one.type}`, one]))
  for (const { name, type, after } of changes) {
    if (after) all.set(`${name} ${type}`, { name, type, ...after })
    else all.delete(`${name} ${type}`)
  }
  return sorted([...all.values()])
}
