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
import { execute, openBenchDatabase } from './database.ts'
import { median, medianRatio, ms, table, timed, times } from './measure.ts'

const RECORDS = 10_000
const ROUNDS = 5

const BARE = 'bare.example.com.'

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
  const of = await as(async (ctx) => {
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
    const claim = { tenantId: tenant.id, customerId: null, name: 'zone.example.com' }
    const { id } = await domainService.create(ctx, claim)
    await domainService.trust(ctx, id, 'bench')
    const made = { tenantId: tenant.id, domainId: id }
    await dnsZoneService.beginZone(ctx, made, { serverId: null })
    return made
  })

  /** From an import to what was read back from the server. */
  const round = async (changed: number): Promise<[edit: number, served: number]> => {
    const begun = performance.now()
    const edit = await timed(() =>
      as((ctx) =>
        dnsZoneService.importZone(ctx, of, { text: fileOf(changed), mode: 'merge', preview: false }),
      ),
    )
    for (;;) {
      const [row] = await execute<{ done: boolean }>(
        database.ownerUrl,
        'select applied_revision = desired_revision as done from dns_zones',
      )
      if (row?.done) return [edit.ms, performance.now() - begun]
    }
  }

  await pdns.call('POST', '/zones', { name: BARE, kind: 'Master', nameservers: ['ns1.example.net.'] })
  /** The same records as they were, in one call that nobody prepares or looks after. */
  const bare = async (changed: number, other: number): Promise<number> => {
    const rrsets = Array.from({ length: other }, (_, at) => ({
      name: `host${at}.${BARE}`,
      type: 'A',
      ttl: 300,
      changetype: 'REPLACE',
      records: [{ content: contentOf(at, changed), disabled: false }],
    }))
    const { ms: took, result } = await timed(() => pdns.call('PATCH', `/zones/${BARE}`, { rrsets }))
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
  const both = async (changed: number, other: number): Promise<Round> => {
    const [edit, served] = await round(changed)
    return { edit, served, bare: await bare(changed, other) }
  }
  const all = [await both(0, RECORDS)]
  const few: Round[] = []
  const half: Round[] = []
  for (let at = 1; at <= ROUNDS; at++) {
    few.push(await both(at, at))
    half.push(await both(5_000, 5_000))
    await both(0, 5_000)
  }
  say('all 10,000 are new (once)', all)
  say('up to 5 are other', few)
  say('5,000 are other', half)
  table(['of 10,000 records', 'the edit', 'until it was proven to be served', 'bare PATCH', 'ratio'], rows)
  await worker.stop()
  await deps.close()
  await database.close()
  await pdns.close()
}
