import type { ClusterSeed, ProxmoxSim } from '../../sim/proxmox/server.ts'

/** What the recordings took for granted: the cluster they began with, who asked, and what happened in between. */

export type Auth =
  | 'root'
  | 'none'
  | 'no csrf'
  | 'wrong csrf'
  | 'bad ticket'
  | { token: string; secret?: string }
  | { raw: string }

export type Part = {
  name: string
  seed: ClusterSeed
  /** Who asked; the recordings do not tell. Root where nothing is said. */
  auth?: (index: number) => Auth
  /** What the unsupported calls before this exchange had changed, done by hand. */
  before?: Record<number, (sim: ProxmoxSim) => void>
  leftOut?: Record<number, string>
}

const ENVIRONMENT = 'the recording host could not do it (no loop devices, no LXC monitor, no CRIU)'
const CONSOLE = 'the recording host had neither vncterm nor termproxy'
const HA = 'the recording host had no HA manager'
const SIZE = 'how large a backup is depends on what is in it'

const MEMORY_MB = 25_276_510_208 / 1024 / 1024
const SHARED = ['snippets', 'rootdir', 'backup', 'iso', 'vztmpl', 'images']
const DIRECTORY = [...SHARED, 'import']

const seed = (name: string, nodes: string[]): ClusterSeed => ({
  name,
  nodes: nodes.map((node, index) => ({
    name: node,
    cores: 2,
    memoryMb: MEMORY_MB,
    ip: `10.99.0.${index + 1}`,
  })),
  storages: [
    { name: 'local', type: 'dir', content: DIRECTORY, sizeGb: 252, usedGb: 34 },
    ...(nodes.length > 1
      ? [
          {
            name: 'shared',
            type: 'dir' as const,
            content: SHARED,
            sizeGb: 252,
            shared: true,
            path: '/shared',
          },
        ]
      : []),
  ],
  users: [{ id: 'root@pam', password: 'PASSWORD' }, { id: 'mpanel@pve' }, { id: 'lim@pve' }],
})

const GUEST_ARGS = '-kernel /var/lib/vz/template/guest-vmlinuz -initrd /var/lib/vz/template/guest-initrd.gz'
const templateConfig = { kvm: '0', memory: '256', args: `${GUEST_ARGS} -append "console=ttyS0 quiet"` }

export const PARTS: Part[][] = [
  [
    {
      name: 'part1',
      seed: {
        ...seed('pve1', ['pve1']),
        vmTemplates: [{ vmid: 9000, node: 'pve1', name: 'old', storage: 'local', diskGb: 1 }],
        tokens: [
          { id: 'mpanel@pve!prov', secret: 'x' },
          { id: 'root@pam!full', secret: 'x', privsep: false },
        ],
        pools: [{ id: 'cust1', comment: 'c' }],
      },
      // Without its event daemon the recorded host did not start the machine again after a reboot.
      before: { 82: (sim) => sim.control.changeGuest(101, { power: 'stopped' }) },
    },
    {
      name: 'part2',
      seed: seed('pve1', ['pve1']),
      auth: (index) => {
        if (index <= 6 || index === 43) return 'none'
        if (index === 7) return 'no csrf'
        if (index === 8) return 'wrong csrf'
        if (index === 9) return 'bad ticket'
        if (index === 40) return { token: 'mpanel@pve!prov', secret: 'wrong' }
        if (index === 41) return { token: 'mpanel@pve!nosuch', secret: 'wrong' }
        if (index === 42) return { raw: 'PVEAPIToken=mpanel@pve=wrong' }
        const byToken = (index >= 36 && index <= 39) || (index >= 45 && index <= 53)
        return byToken ? { token: 'mpanel@pve!prov' } : 'root'
      },
      before: {
        // `move_disk` and `unlink` had been called.
        129: (sim) =>
          sim.control.changeGuest(102, {
            config: {
              unused0: 'local:102/vm-102-disk-0.qcow2',
              unused1: 'local:102/vm-102-disk-1.raw',
              boot: 'order=ide2;net0',
            },
            remove: ['scsi0'],
          }),
      },
      leftOut: {
        21: 'the recorded connection was cut by a left-over TLS error',
        22: 'the recorded connection was cut by a left-over TLS error',
        50: CONSOLE,
        105: HA,
        106: HA,
        112: CONSOLE,
        115: CONSOLE,
        116: CONSOLE,
        // It could not send the mail about a backup.
        119: ENVIRONMENT,
        122: ENVIRONMENT,
      },
    },
  ],
  [
    {
      name: 'part3',
      seed: {
        ...seed('mpanel', ['pve1', 'pve2', 'pve3']),
        pools: [{ id: 'mpanel' }],
        vmTemplates: [
          {
            vmid: 9000,
            node: 'pve1',
            name: 'tmpl-local',
            storage: 'local',
            diskGb: 1,
            config: templateConfig,
          },
          {
            vmid: 9001,
            node: 'pve1',
            name: 'tmpl-shared',
            storage: 'shared',
            diskGb: 1,
            config: { ...templateConfig, args: templateConfig.args.replaceAll('/var/lib/vz/', '/shared/') },
            without: ['vga'],
          },
        ],
      },
      before: {
        // The cable was pulled.
        43: (sim) => sim.control.setNode('pve3', 'offline'),
      },
      leftOut: {
        28: 'sent while the migration before it was going on; here each task ends first',
      },
    },
  ],
  [
    {
      name: 'part5',
      seed: {
        ...seed('mpanel', ['pve1', 'pve2', 'pve3']),
        containerTemplates: [
          { storage: 'shared', file: 'alpine-mini_3.22_amd64.tar.gz', sizeMb: 1_072_390 / 1024 / 1024 },
        ],
      },
      leftOut: {
        11: ENVIRONMENT,
        12: ENVIRONMENT,
        13: ENVIRONMENT,
        17: ENVIRONMENT,
        19: ENVIRONMENT,
        43: SIZE,
        55: ENVIRONMENT,
      },
    },
  ],
  [
    {
      name: 'part8',
      seed: { ...seed('mpanel', ['pve1', 'pve2', 'pve3']), pools: [{ id: 'mpanel' }] },
      auth: (index) => (index >= 8 ? { token: 'lim@pve!tok' } : 'root'),
      before: { 4: (sim) => sim.control.createGuest({ vmid: 310, node: 'pve1', name: 'inpool' }) },
    },
  ],
]
