import { rootCertificates } from 'node:tls'
import { createProxmox } from '../../../src/integrations/proxmox/client.ts'
import type { ProxmoxConnection } from '../../../src/integrations/proxmox/types.ts'
import { expectOk, expectRejected, expectThat } from './expect.ts'
import type { Check, World } from './world.ts'

const wrongFingerprint = Array.from({ length: 32 }, () => 'A5').join(':')

const other = (world: World, change: Partial<ProxmoxConnection>) =>
  createProxmox({ ...world.connection, ...change })

/** The same user, with a secret or password that is certainly not his. */
const wrongSecret = ({ token, ticket }: ProxmoxConnection): Partial<ProxmoxConnection> => ({
  token: token && { ...token, secret: '00000000-0000-4000-8000-000000000000' },
  ticket: ticket && { ...ticket, password: 'certainly not this' },
})

export const accessChecks: Check[] = [
  {
    name: 'version says version and release',
    async run(world) {
      const { version, release } = expectOk('version', await world.proxmox.version())
      expectThat(
        'version',
        version.startsWith(release) && /^\d+\.\d+/.test(release),
        'release 9.1, version 9.1.2',
        {
          version,
          release,
        },
      )
    },
  },
  {
    name: 'a wrong secret is unauthorized',
    async run(world) {
      const proxmox = other(world, wrongSecret(world.connection))
      expectRejected('version', await proxmox.version(), ['unauthorized'])
    },
  },
  {
    name: 'a token that does not exist is unauthorized, for writes too',
    async run(world) {
      const user = (world.connection.token?.id ?? world.connection.ticket?.username ?? '').split('!')[0]
      const token = { id: `${user}!no-such-token`, secret: '00000000-0000-4000-8000-000000000000' }
      const proxmox = other(world, { token, ticket: undefined })
      const guest = { node: world.node, kind: 'vm' as const, vmid: world.vmids.from }
      expectRejected('start', await proxmox.start(guest), ['unauthorized'])
    },
  },
  {
    name: 'another fingerprint than the expected one is unreachable',
    async run(world) {
      const proxmox = other(world, { fingerprint: wrongFingerprint })
      expectRejected('version', await proxmox.version(), ['unreachable'])
    },
  },
  {
    name: 'a certificate of another CA is unreachable',
    async run(world) {
      const proxmox = other(world, { ca: rootCertificates[0], fingerprint: undefined })
      expectRejected('version', await proxmox.version(), ['unreachable'])
    },
  },
  {
    name: 'a port on which nobody listens is unreachable',
    async run(world) {
      const url = new URL(world.connection.url)
      url.port = '1'
      const proxmox = other(world, { url: url.href, timeoutMs: 3000 })
      expectRejected('version', await proxmox.version(), ['unreachable'])
    },
  },
  {
    name: 'a write that was given up before it was sent is not sent',
    async run(world) {
      const guest = { node: world.node, kind: 'vm' as const, vmid: world.vmids.from }
      const outcome = await world.proxmox.start(guest, { signal: AbortSignal.abort() })
      expectRejected('start', outcome, ['unreachable'])
    },
  },
]
