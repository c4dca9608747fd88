import type { Route } from '../route.ts'
import { accessRoutes } from './access.ts'
import { clusterRoutes } from './cluster.ts'
import { consoleRoutes } from './console.ts'
import { firewallRoutes } from './firewall.ts'
import { guestAgentRoutes } from './guestAgent.ts'
import { guestReadRoutes } from './guestRead.ts'
import { haRoutes } from './ha.ts'
import { lxcCloneRoutes } from './lxcClone.ts'
import { lxcConfigRoutes } from './lxcConfig.ts'
import { lxcCreateRoutes } from './lxcCreate.ts'
import { lxcDiskRoutes } from './lxcDisk.ts'
import { lxcPowerRoutes } from './lxcPower.ts'
import { migrateRoutes } from './migrate.ts'
import { nodeRoutes } from './nodes.ts'
import { poolRoutes } from './pools.ts'
import { rrdRoutes } from './rrd.ts'
import { qemuCloneRoutes } from './qemuClone.ts'
import { qemuConfigRoutes } from './qemuConfig.ts'
import { qemuCreateRoutes } from './qemuCreate.ts'
import { qemuDiskRoutes } from './qemuDisk.ts'
import { qemuPowerRoutes } from './qemuPower.ts'
import { snapshotRoutes } from './snapshots.ts'
import { storageRoutes } from './storage.ts'
import { storageVolumeRoutes } from './storageVolume.ts'
import { taskRoutes } from './tasks.ts'
import { vzdumpRoutes } from './vzdump.ts'

export const allRoutes: Route[] = [
  ...accessRoutes,
  ...clusterRoutes,
  ...nodeRoutes,
  ...poolRoutes,
  ...storageRoutes,
  ...storageVolumeRoutes,
  ...taskRoutes,
  ...guestReadRoutes,
  ...guestAgentRoutes,
  ...rrdRoutes,
  ...qemuCreateRoutes,
  ...qemuCloneRoutes,
  ...qemuConfigRoutes,
  ...qemuPowerRoutes,
  ...qemuDiskRoutes,
  ...lxcCreateRoutes,
  ...lxcCloneRoutes,
  ...lxcConfigRoutes,
  ...lxcPowerRoutes,
  ...lxcDiskRoutes,
  ...snapshotRoutes,
  ...consoleRoutes,
  ...vzdumpRoutes,
  ...migrateRoutes,
  ...haRoutes,
  ...firewallRoutes,
]
