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
import { median, ms, table, timed } from './measure.ts'

const RECORDS = 10_000
const ROUNDS = 5

const fileOf = (changed: number): string =>
  Array.from(
    { length: RECORDS },
    (_, at) => `host${at} 300 IN A 192.0.${at % 200}.${at < changed ? 250 : at % 200}`,
  ).join('\n')

/** A zone of 10,000 records and a real PowerDNS with SQLite: from an edit to the proof that it is served. */
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
        database.url,
        'select applied_revision = desired_revision as done from dns_zones',
      )
      if (row?.done) return [edit.ms, performance.now() - begun]
    }
  }
  const rows: string[][] = []
  const say = (name: string, rounds: readonly (readonly [number, number])[]): void =>
    void rows.push([
      name,
      `${ms(median(rounds.map(([edit]) => edit)))} ms`,
      `${ms(median(rounds.map(([, served]) => served)))} ms`,
    ])
  say('all 10,000 are new (once)', [await round(0)])
  const few: [number, number][] = []
  const half: [number, number][] = []
  for (let at = 1; at <= ROUNDS; at++) {
    few.push(await round(at))
    half.push(await round(5_000))
    await round(0)
  }
  say('up to 5 are other', few)
  say('5,000 are other', half)
  table(['of 10,000 records', 'the edit', 'until it was proven to be served'], rows)
  await worker.stop()
  await deps.close()
  await database.close()
  await pdns.close()
}
