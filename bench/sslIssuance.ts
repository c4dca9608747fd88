import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { axios, Client, crypto as acmeCrypto } from 'acme-client'
import { newId } from '../src/lib/ids.ts'
import makeTemplate from '../test/support/postgres.ts'
import { startSslWorld, type SslWorld } from '../test/ssl/world.ts'
import { openBenchDatabase } from './database.ts'
import { interleaved, median, medianRatio, table, times } from './measure.ts'

const ROUNDS = 3
const EACH = 4
const ZONE = 'bench.test'

type Side = { name: string; issue: (name: string) => Promise<void> }
type Figure = { perSecond: number; requests: number }

/** A certificate for one name by DNS, through a real PowerDNS and a real Pebble: mPanel, and clients that others have made. */
export async function sslIssuance(): Promise<void> {
  // Durable, as in production; the clients beside it keep files.
  const database = await openBenchDatabase()
  process.env['TEST_DATABASE_URL'] = database.ownerUrl
  const dropTemplate = await makeTemplate()
  // No CA refuses nonces for practice, and certbot gives up at the second one.
  const world = await startSslWorld({ nonceReject: 0 })
  const folder = await mkdtemp(join(tmpdir(), 'mpanel-issuance-'))
  await writeFile(join(folder, 'ca.pem'), world.pebble.caPem)
  await world.dns.call('POST', '/zones', { name: `${ZONE}.`, kind: 'Native', nameservers: ['ns1.test.'] })
  const sides = [
    await mpanel(world),
    await acmeClient(world),
    lego(world, folder),
    await certbot(world, folder),
  ]
  const present = sides.filter((side): side is Side => side !== null)
  // Accounts are made before anything is measured.
  for (const { issue } of present) await issue(`first${newId().slice(-8)}`)
  const figures = await interleaved<Figure>(
    ROUNDS,
    present.map(({ name, issue }) => ({ name, measure: () => measure(world, issue) })),
  )
  const ours = (figures.get('mPanel') ?? []).map(({ perSecond }) => perSecond)
  table(
    ['client', 'certificates/s', 'mPanel / it', 'requests each'],
    present.map(({ name }) => {
      const found = figures.get(name) ?? []
      return [
        name,
        median(found.map(({ perSecond }) => perSecond)).toFixed(2),
        times(
          medianRatio(
            ours,
            found.map(({ perSecond }) => perSecond),
          ),
        ),
        median(found.map(({ requests }) => requests)).toFixed(1),
      ]
    }),
  )
  await rm(folder, { recursive: true, force: true })
  await world.close()
  await dropTemplate()
  await database.close()
}

/** One after the other: PowerDNS with SQLite refuses writes at the same time, and only mPanel queues them. */
async function measure(world: SslWorld, issue: Side['issue']): Promise<Figure> {
  const [before, begun] = [world.proxy.seen.length, performance.now()]
  for (let at = 0; at < EACH; at++) await issue(`h${newId().slice(-12)}`)
  const seconds = (performance.now() - begun) / 1000
  return { perSecond: EACH / seconds, requests: (world.proxy.seen.length - before) / EACH }
}

/** The whole of it: request, job, zone, order, proof, key, chain. */
async function mpanel(world: SslWorld): Promise<Side> {
  const tenantId = await world.app.tenant()
  const { name: domain } = await world.domain(tenantId)
  return {
    name: 'mPanel',
    issue: async (host) => {
      const { certificate } = await world.request(tenantId, [`${host}.${domain}`])
      const { state, problem } = await world.settled(certificate.id)
      if (state !== 'issued') throw new Error(JSON.stringify(problem))
    },
  }
}

const replaceTxt = (world: SslWorld, name: string, value: string | null) =>
  world.dns.call('PATCH', `/zones/${ZONE}.`, {
    rrsets: [
      {
        name: `_acme-challenge.${name}.`,
        type: 'TXT',
        ttl: 1,
        changetype: 'REPLACE',
        records: value === null ? [] : [{ content: JSON.stringify(value), disabled: false }],
      },
    ],
  })

async function acmeClient(world: SslWorld): Promise<Side> {
  axios.defaults.httpsAgent = new Agent({ ca: world.pebble.caPem })
  const client = new Client({
    directoryUrl: world.proxy.directoryUrl,
    accountKey: await acmeCrypto.createPrivateEcdsaKey(),
  })
  await client.createAccount({ termsOfServiceAgreed: true })
  return {
    name: 'acme-client',
    issue: async (host) => {
      const name = `${host}.${ZONE}`
      const [, csr] = await acmeCrypto.createCsr(
        { commonName: name },
        await acmeCrypto.createPrivateEcdsaKey(),
      )
      await client.auto({
        csr,
        termsOfServiceAgreed: true,
        skipChallengeVerification: true,
        challengePriority: ['dns-01'],
        challengeCreateFn: async (_, __, value) => void (await replaceTxt(world, name, value)),
        challengeRemoveFn: async () => void (await replaceTxt(world, name, null)),
      })
    },
  }
}

const isThere = (program: string): boolean => spawnSync('which', [program]).status === 0

/** @throws Error with what it has said, when it fails */
function run(program: string, args: string[], env: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env } })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (part: Buffer) => (said += part.toString()))
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${program}: ${said}`))))
  })
}

function lego(world: SslWorld, folder: string): Side | null {
  if (!isThere('lego')) return null
  const shared = [
    `--server=${world.proxy.directoryUrl}`,
    '--accept-tos',
    '--email=bench@example.com',
    '--dns=pdns',
    '--dns.disable-cp',
    `--dns.resolvers=${world.dns.address}`,
    `--path=${join(folder, 'lego')}`,
  ]
  const env = {
    LEGO_CA_CERTIFICATES: join(folder, 'ca.pem'),
    PDNS_API_URL: world.dns.url,
    PDNS_API_KEY: world.dns.apiKey,
  }
  return {
    name: 'lego (Debian)',
    issue: (host) => run('lego', [...shared, `--domains=${host}.${ZONE}`, 'run'], env),
  }
}

async function certbot(world: SslWorld, folder: string): Promise<Side | null> {
  if (!isThere('certbot')) return null
  const hook = async (name: string, records: string): Promise<string> => {
    const path = join(folder, name)
    const body = `{"rrsets":[{"name":"_acme-challenge.$CERTBOT_DOMAIN.","type":"TXT","ttl":1,"changetype":"REPLACE","records":[${records}]}]}`
    const call = `curl -fsS -X PATCH -H 'X-API-Key: ${world.dns.apiKey}' ${world.dns.url}/api/v1/servers/localhost/zones/${ZONE}.`
    await writeFile(path, `#!/bin/sh\n${call} -d "${body.replaceAll('"', '\\"')}"\n`, { mode: 0o700 })
    return path
  }
  const [show, hide] = [
    await hook('show', '{"content":"\\\\"$CERTBOT_VALIDATION\\\\"","disabled":false}'),
    await hook('hide', ''),
  ]
  return {
    name: 'certbot (Debian)',
    // Each has a folder of its own: it runs once at a time in one.
    issue: (host) => {
      const own = join(folder, host)
      const options = [
        'certonly --non-interactive --agree-tos --register-unsafely-without-email --manual',
        `--preferred-challenges=dns --key-type=ecdsa --server=${world.proxy.directoryUrl}`,
        `--manual-auth-hook=${show} --manual-cleanup-hook=${hide} --domain=${host}.${ZONE}`,
        `--config-dir=${own}/config --work-dir=${own}/work --logs-dir=${own}/logs`,
      ]
      return run('certbot', options.join(' ').split(' '), { REQUESTS_CA_BUNDLE: join(folder, 'ca.pem') })
    },
  }
}
