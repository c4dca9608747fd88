import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createTcp } from 'node:net'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeRoot, newKey, signWith } from '../../src/lib/x509/make.ts'

export type Pebble = {
  directoryUrl: string
  /** The CA to trust when it is called. */
  caPem: string
  /** Of its calling side; for whoever stands in front of it. */
  tls: { key: string; cert: string }
  port: number
  /** The root that what it issues leads to. */
  rootPem(): Promise<string>
  /** What it says of a certificate: Valid, Revoked. */
  statusOf(serial: string): Promise<string>
  close(): Promise<void>
}

export const EXTERNAL_ACCOUNT = {
  kid: 'kid-1',
  hmacKey: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W',
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createTcp().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const DAY_MS = 86_400_000

/** A certificate for `localhost`, and the CA that signed it. */
export async function localhostTls(): Promise<{ ca: string; key: string; cert: string }> {
  const [caKey, key] = [await newKey(), await newKey()]
  const [notBefore, notAfter] = [new Date(Date.now() - DAY_MS), new Date(Date.now() + 30 * DAY_MS)]
  const ca = await makeRoot('Test API CA', caKey, notBefore, notAfter)
  const cert = await signWith(
    { pem: ca, keyPem: caKey },
    { names: ['localhost'], keyPem: key, notBefore, notAfter },
  )
  return { ca, key, cert }
}

/** Pebble, the test CA of Let's Encrypt, from Debian: on loopback and free ports, as strict as it can be. */
export async function startPebble(options: {
  /** Where it asks for names. */
  dns: string
  /** Where it fetches proofs by HTTP. */
  httpPort?: number
  /** Where it looks for proofs by TLS. */
  tlsPort?: number
  lifeSeconds?: number
  /** How many nonces of a hundred it refuses by chance. */
  nonceReject?: number
  externalAccount?: boolean
  /** It believes every proof. */
  believes?: boolean
}): Promise<Pebble> {
  const folder = await mkdtemp(join(tmpdir(), 'mpanel-pebble-'))
  const tls = await localhostTls()
  const [port, management] = [await freePort(), await freePort()]
  const path = (name: string): string => join(folder, name)
  await writeFile(path('cert.pem'), tls.cert)
  await writeFile(path('key.pem'), tls.key, { mode: 0o600 })
  await writeFile(
    path('config.json'),
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: path('cert.pem'),
        privateKey: path('key.pem'),
        httpPort: options.httpPort ?? 5002,
        tlsPort: options.tlsPort ?? 5001,
        ocspResponderURL: '',
        externalAccountBindingRequired: options.externalAccount ?? false,
        externalAccountMACKeys: { [EXTERNAL_ACCOUNT.kid]: EXTERNAL_ACCOUNT.hmacKey },
        domainBlocklist: ['blocked.test'],
        certificateValidityPeriod: options.lifeSeconds ?? 7_776_000,
      },
    }),
  )
  const child = spawn('pebble', ['-config', path('config.json'), '-dnsserver', options.dns, '-strict=true'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PEBBLE_VA_NOSLEEP: '1',
      ...(options.believes === true ? { PEBBLE_VA_ALWAYS_VALID: '1' } : {}),
      PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 15),
      PEBBLE_AUTHZREUSE: '0',
      PEBBLE_CHAIN_LENGTH: '2',
      PEBBLE_ALTERNATE_ROOTS: '1',
    },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part: Buffer) => (said = (said + part.toString()).slice(-4_000)))
  let ended = false
  child.once('exit', () => (ended = true))
  const manage = (what: string): Promise<string> => read(`https://localhost:${management}${what}`, tls.ca)
  for (let tries = 0; ; tries++) {
    const up = await read(`https://localhost:${port}/dir`, tls.ca).catch(() => null)
    if (up !== null) break
    if (ended || tries > 300) throw new Error(`Pebble did not start: ${said}`)
    await sleep(50)
  }
  return {
    directoryUrl: `https://localhost:${port}/dir`,
    caPem: tls.ca,
    tls: { key: await readFile(path('key.pem'), 'utf8'), cert: tls.cert },
    port,
    rootPem: () => manage('/roots/0'),
    statusOf: async (serial) =>
      (JSON.parse(await manage(`/cert-status-by-serial/${serial}`)) as { Status: string }).Status,
    close: async () => {
      if (!ended) {
        const gone = once(child, 'exit')
        child.kill()
        await gone
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function read(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (answer) => {
      let text = ''
      answer.on('data', (part: Buffer) => (text += part.toString()))
      answer.on('end', () => resolve(text))
    }).on('error', reject)
  })
}
