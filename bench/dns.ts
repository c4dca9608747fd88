import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { readConfig } from '../src/config.ts'
import { systemOrigin, transaction, type Ctx } from '../src/context.ts'
import { createDeps } from '../src/deps.ts'
import { newId } from '../src/lib/ids.ts'
import { createLogger } from '../src/lib/log.ts'
import * as dnsServerService from '../src/services/dnsServerService.ts'
import * as dnsZoneService from '../src/services/dnsZoneService.ts'
import * as domainService from '../src/services/domainService.ts'
import * as tenantService from '../src/services/tenantService.ts'
import { startWorker } from '../src/worker.ts'
import { startPowerDns } from '../test/support/powerdns.ts'
import { openBenchDatabase } from './database.ts'
import { median, medianRatio, ms, table, timed, times } from './measure.ts'

const RECORDS = 10_000
const ROUNDS = 5
/** Between two looks whether it is done: whoever asks without a pause takes the time from those who work. */
const LOOK_MS = 5

const contentOf = (at: number, changed: number): string =>
  `192.0.${at % 200}.${at < changed ? 250 : at % 200}`
const fileOf = (changed: number): string =>
  Array.from({ length: RECORDS }, (_, at) => `host${at} 300 IN A ${contentOf(at, changed)}`).join('\n')

/**
 * A zone of 10,000 records and a real PowerDNS with SQLite: from an edit to the proof that it is served, against the one call that
 * writes what is other.
 */
export async function dns(): Promise<void> {
  const pdns = await startPowerDns()
  const database = await openBenchDatabase()
  const config = readConfig({
    DATABASE_URL: database.url,
    MPANEL_DATA_DIR: database.dataDir,
    MPANEL_OUTGOING_NETWORKS: '127.0.0.0/8',
  })
  const deps = createDeps(config, database.url, { log: createLogger({ level: 'fatal' }) })
  const as = <T>(work: (ctx: Ctx) => Promise<T>): Promise<T> =>
    transaction(deps.root, systemOrigin('bench', newId()), 'platform', work)
  const worker = await startWorker(deps.root, database.url, { timers: [] })
  const looking = new Client({ connectionString: database.ownerUrl })
  await looking.connect()
  await looking.query(`set app.scope = 'platform'`)
  const settled = async (): Promise<void> => {
    for (;;) {
      const { rows } = await looking.query<{ done: boolean }>(
        'select bool_and(applied_revision = desired_revision) as done from dns_zones',
      )
      if (rows[0]?.done) return
      await sleep(LOOK_MS)
    }
  }
  const tenantId = await as(async (ctx) => {
    const tenant = await tenantService.create(ctx, {
      name: 'bench',
      slug: 'bench',
      billingTz: 'UTC',
      defaultCurrency: 'EUR',
    })
    await dnsServerService.addServer(ctx, {
      name: 'bench',
      url: pdns.url,
      apiKey: pdns.apiKey,
      serverId: 'localhost',
      caPem: null,
      nameServers: ['ns1.example.net'],
      queryAddresses: [],
      hostmaster: 'hostmaster@example.net',
      parallel: 1,
      isDefault: true,
    })
    return tenant.id
  })

  type Zone = { tenantId: string; domainId: string; bare: string }
  /** An empty zone that is served, and another beside it that is none of ours. */
  const zoneOf = async (name: string): Promise<Zone> => {
    const made = await as(async (ctx) => {
      const { id } = await domainService.create(ctx, { tenantId, customerId: null, name })
      await domainService.trust(ctx, id, 'bench')
      await dnsZoneService.beginZone(ctx, { tenantId, domainId: id }, { serverId: null })
      return { tenantId, domainId: id, bare: `bare-${name}.` }
    })
    await settled()
    await pdns.call('POST', '/zones', { name: made.bare, kind: 'Master', nameservers: ['ns1.example.net.'] })
    return made
  }

  /** From an import to what was read back from the server. */
  const round = async (of: Zone, changed: number): Promise<[edit: number, served: number]> => {
    const begun = performance.now()
    const edit = await timed(() =>
      as((ctx) =>
        dnsZoneService.importZone(ctx, of, { text: fileOf(changed), mode: 'merge', preview: false }),
      ),
    )
    await settled()
    return [edit.ms, performance.now() - begun]
  }

  /** The same records as they were, in one call that nobody prepares or looks after. */
  const bare = async ({ bare: name }: Zone, changed: number, other: number): Promise<number> => {
    const rrsets = Array.from({ length: other }, (_, at) => ({
      name: `host${at}.${name}`,
      type: 'A',
      ttl: 300,
      changetype: 'REPLACE',
      records: [{ content: contentOf(at, changed), disabled: false }],
    }))
    const { ms: took, result } = await timed(() => pdns.call('PATCH', `/zones/${name}`, { rrsets }))
    if (result.status !== 204) throw new Error(`PowerDNS has answered ${result.status}`)
    return took
  }
  type Round = { edit: number; served: number; bare: number }
  const rows: string[][] = []
  const say = (name: string, rounds: readonly Round[]): void =>
    void rows.push([
      name,
      ...(['edit', 'served', 'bare'] as const).map(
        (side) => `${ms(median(rounds.map((one) => one[side])))} ms`,
      ),
      times(
        medianRatio(
          rounds.map(({ served }) => served),
          rounds.map((one) => one.bare),
        ),
      ),
    ])
  const both = async (of: Zone, changed: number, other: number): Promise<Round> => {
    const [edit, served] = await round(of, changed)
    return { edit, served, bare: await bare(of, changed, other) }
  }
  const first = await both(await zoneOf('first.example.com'), 0, RECORDS)
  const all: Round[] = []
  const few: Round[] = []
  const half: Round[] = []
  for (let at = 1; at <= ROUNDS; at++) {
    const zone = await zoneOf(`zone${at}.example.com`)
    all.push(await both(zone, 0, RECORDS))
    few.push(await both(zone, at, at))
    half.push(await both(zone, 5_000, 5_000))
  }
  say('all 10,000 are new, after every process has just begun (once)', [first])
  say('all 10,000 are new', all)
  say('up to 5 are other', few)
  say('5,000 are other', half)
  table(['of 10,000 records', 'the edit', 'until it was proven to be served', 'bare PATCH', 'ratio'], rows)
  await worker.stop()
  await looking.end()
  await deps.close()
  await database.close()
  await pdns.close()
}
