import type { Call, Route } from '../route.ts'
import { usedMemoryMb } from '../status.ts'
import { MiB } from '../units.ts'
import { findNode, now } from '../world.ts'
import { nodeRow, ROOT_DISK, VERSION } from './cluster.ts'

export const nodeRoutes: Route[] = [
  { method: 'GET', path: '/nodes', allow: 'all', run: nodes },
  {
    method: 'GET',
    path: '/nodes/{node}/status',
    allow: { path: '/nodes/{node}', privileges: ['Sys.Audit'] },
    run: nodeStatus,
  },
  { method: 'GET', path: '/nodes/{node}/version', allow: 'all', run: () => VERSION },
  {
    method: 'GET',
    path: '/nodes/{node}/time',
    allow: { path: '/nodes/{node}', privileges: ['Sys.Audit'] },
    run: () => ({ timezone: 'UTC', time: now(), localtime: now() }),
  },
]

function nodes({ world, caller }: Call): unknown[] {
  return world.state.nodes.map((node) => ({
    ...nodeRow(world, node, caller.userid),
    ssl_fingerprint: world.fingerprint,
  }))
}

function nodeStatus({ world, node }: Call): unknown {
  const host = findNode(world, node)
  const total = (host?.memoryMb ?? 0) * MiB
  const used = Math.min(usedMemoryMb(world, node) * MiB, total)
  const cpus = host?.cores ?? 1
  const kernel = {
    sysname: 'Linux',
    release: '6.17.4-1-pve',
    version: '#1 SMP PREEMPT_DYNAMIC',
    machine: 'x86_64',
  }
  const { total: disk, used: diskUsed } = ROOT_DISK
  return {
    uptime: now() - (host?.bootedAt ?? now()),
    cpu: 0.02,
    wait: 0,
    idle: 0,
    loadavg: ['0.10', '0.08', '0.05'],
    memory: { total, used, free: total - used, available: total - used },
    swap: { total: 0, used: 0, free: 0 },
    rootfs: { total: disk, used: diskUsed, free: disk - diskUsed, avail: disk - diskUsed },
    cpuinfo: {
      cpus,
      cores: cpus,
      sockets: 1,
      model: 'Simulated CPU',
      mhz: '2400.000',
      flags: host?.cpuFlags ?? 'fpu',
      hvm: '1',
      user_hz: 100,
    },
    ksm: { shared: 0 },
    'boot-info': { mode: 'legacy-bios' },
    'current-kernel': kernel,
    kversion: `${kernel.sysname} ${kernel.release} ${kernel.version}`,
    pveversion: `pve-manager/${VERSION.version}/${VERSION.repoid}`,
  }
}
