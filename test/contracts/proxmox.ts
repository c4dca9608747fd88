import { accessChecks } from './proxmox/access.ts'
import { backupChecks } from './proxmox/backup.ts'
import { clusterChecks } from './proxmox/cluster.ts'
import { consoleChecks } from './proxmox/console.ts'
import { containerChecks } from './proxmox/container.ts'
import { migrationChecks } from './proxmox/migration.ts'
import { metricChecks } from './proxmox/metrics.ts'
import { snapshotChecks } from './proxmox/snapshot.ts'
import { templateChecks } from './proxmox/template.ts'
import { vmCloneChecks } from './proxmox/vmClone.ts'
import { vmConfigChecks } from './proxmox/vmConfig.ts'
import { vmPowerChecks } from './proxmox/vmPower.ts'
import type { Check } from './proxmox/world.ts'

export { Differs } from './proxmox/expect.ts'
export { createWorld, sweep } from './proxmox/world.ts'
export type { Check, Settings, World } from './proxmox/world.ts'

/**
 * Everything the Proxmox client relies on, as named checks for any cluster: the simulator in every test run, a
 * genuine one by `npm run contract:proxmox`. Where the two differ, the genuine one is right.
 *
 * They run one after the other and share one VM and one container, which the first check that needs them makes.
 */
export const proxmoxChecks: Check[] = [
  ...accessChecks,
  ...clusterChecks,
  ...vmCloneChecks,
  ...vmConfigChecks,
  ...vmPowerChecks,
  ...containerChecks,
  ...snapshotChecks,
  ...templateChecks,
  ...metricChecks,
  ...consoleChecks,
  ...backupChecks,
  ...migrationChecks,
]
