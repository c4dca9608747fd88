import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { dirname, join } from 'node:path'
import type { Duplex } from 'node:stream'
import { loadCertificate } from './certificate.ts'
import { makeControl } from './control.ts'
import type { SimControl } from './control.ts'
import { CONTROL_PREFIX, handleControl } from './controlHttp.ts'
import { look } from './haManager.ts'
import { handleApi } from './http.ts'
import { makeRouter } from './route.ts'
import { allRoutes } from './routes/index.ts'
import { emptyState, plantTemplates } from './seed.ts'
import type { ClusterSeed } from './seed.ts'
import { openStore, readState } from './store.ts'
import { abandonTasks } from './tasks.ts'
import { handleUpgrade } from './upgrade.ts'
import { DEFAULT_SPEED, findNode } from './world.ts'
import type { Speed, World } from './world.ts'

export type ProxmoxSimOptions = {
  /** 0 or omitted: a free one. */
  port?: number
  host?: string
  /** Keeps the cluster over a restart; then `seed` only counts the first time. */
  stateFile?: string
  seed: ClusterSeed
  speed?: Partial<Speed>
  /** Lets running guests do something: so many bytes a second are received by each, and figures go up and down. */
  activityBps?: number
  /** How old the figures in `cluster/resources` may be; up to ten seconds on a real cluster. */
  staleMs?: number
  /** Keeps the certificate; without it, it lies beside the state file. */
  certDir?: string
  /** Opens `/sim/control/…` to whoever has it. */
  controlToken?: string
}

export type ProxmoxSim = {
  url: string
  /** SHA-256 of the server certificate, `AA:BB:…`. */
  fingerprint: string
  caPem: string
  control: SimControl
  close: () => Promise<void>
}

export type { ClusterSeed } from './seed.ts'
export { exampleCluster } from './seed.ts'
export type { Speed }

const KEEP_ALIVE_MS = 5000

export async function startProxmoxSim(options: ProxmoxSimOptions): Promise<ProxmoxSim> {
  const host = options.host ?? '127.0.0.1'
  const certDir =
    options.certDir ?? (options.stateFile === undefined ? undefined : dirname(options.stateFile))
  const certificate = loadCertificate(
    certDir === undefined ? undefined : join(certDir, 'proxmox-sim-tls.json'),
    host,
  )
  const world = openWorld(options, certificate.fingerprint)
  const control = makeControl(world)
  const router = makeRouter(allRoutes)

  const server = createServer({ key: certificate.keyPem, cert: certificate.certPem }, (req, res) => {
    // The node that would answer is gone, and with it the address.
    if (!findNode(world, world.entryNode)?.online && !req.url?.startsWith(CONTROL_PREFIX)) {
      req.socket.destroy()
      return
    }
    const handled = req.url?.startsWith(CONTROL_PREFIX)
      ? handleControl(control, options.controlToken, req, res)
      : handleApi(world, router, req, res)
    handled.catch(() => req.socket.destroy())
  })
  server.on('upgrade', (req, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (findNode(world, world.entryNode)?.online) void handleUpgrade(world, router, req, socket, head)
    else socket.destroy()
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  // Node would grant a second more than announced; the real server closes on the dot.
  Object.assign(server, { keepAliveTimeoutBuffer: 0 })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => {})
  const { port } = await listen(server, options.port ?? 0, host)
  await world.saved()
  return {
    url: `https://${host}:${port}`,
    fingerprint: certificate.fingerprint,
    caPem: certificate.caPem,
    control,
    close: () => close(world, server, sockets),
  }
}

function openWorld(options: ProxmoxSimOptions, fingerprint: string): World {
  const kept = options.stateFile === undefined ? null : readState(options.stateFile)
  const state = kept ?? emptyState(options.seed)
  state.ha ??= {}
  if (kept) abandonTasks(kept)
  const store = openStore(options.stateFile, () => world.state)
  const world: World = {
    state,
    entryNode: state.nodes[0]?.name ?? 'pve',
    fingerprint,
    speed: { ...DEFAULT_SPEED, ...options.speed },
    activityBps: options.activityBps ?? 0,
    staleMs: options.staleMs ?? 0,
    statusView: null,
    running: new Map(),
    locks: new Map(),
    ports: new Map(),
    faults: [],
    taskFaults: [],
    paused: new Set(),
    haOrders: new Set(),
    haLook: (sid) => look(world, sid),
    held: [],
    requests: [],
    requestCount: 0,
    closed: false,
    version: 0,
    changed: () => {
      world.version += 1
      store.changed()
    },
    saved: store.saved,
  }
  if (!kept) plantTemplates(world, options.seed)
  world.changed()
  return world
}

async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return server.address() as AddressInfo
}

async function close(world: World, server: Server, sockets: Set<Socket>): Promise<void> {
  world.closed = true
  for (const task of world.running.values()) task.stop('kill')
  for (const order of world.haOrders) clearTimeout(order)
  for (const socket of sockets) socket.destroy()
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  await world.saved()
}
