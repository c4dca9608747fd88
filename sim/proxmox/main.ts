import { parseArgs } from 'node:util'
import { randomBytes, randomUUID } from 'node:crypto'
import { exampleCluster, startProxmoxSim } from './server.ts'

/**
 * The example cluster as a program. Prints one line of JSON: address, fingerprint and the secrets in use.
 * Secrets that are not given are made up, and printed.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    state: { type: 'string' },
    'cert-dir': { type: 'string' },
    'token-id': { type: 'string', default: 'mpanel@pve!panel' },
    'token-secret': { type: 'string' },
    'root-password': { type: 'string' },
    'control-token': { type: 'string' },
    'clone-ms': { type: 'string', default: '3000' },
    'clone-ms-per-gib': { type: 'string', default: '200' },
    'stale-ms': { type: 'string', default: '0' },
  },
})

const tokenId = values['token-id']
const tokenSecret = values['token-secret'] ?? randomUUID()
const rootPassword = values['root-password'] ?? randomBytes(12).toString('base64url')
const controlToken = values['control-token'] ?? randomBytes(24).toString('base64url')

const sim = await startProxmoxSim({
  port: Number(values.port),
  host: values.host,
  seed: exampleCluster({ rootPassword, tokenSecret, tokenId }),
  controlToken,
  staleMs: Number(values['stale-ms']),
  speed: {
    cloneMs: Number(values['clone-ms']),
    cloneMsPerGib: Number(values['clone-ms-per-gib']),
    secondMs: 1000,
  },
  ...(values.state !== undefined && { stateFile: values.state }),
  ...(values['cert-dir'] !== undefined && { certDir: values['cert-dir'] }),
})

const token = { id: tokenId, secret: tokenSecret }
console.log(
  JSON.stringify({
    url: sim.url,
    fingerprint: sim.fingerprint,
    token,
    rootPassword,
    controlToken,
    caPem: sim.caPem,
  }),
)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sim.close().then(() => process.exit(0)))
}
