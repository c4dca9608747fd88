import { die } from './errors.ts'
import { checkGuest } from './permissions.ts'
import { CLOUD_INIT_OPTIONS, isDriveKey } from './qemuSchema.ts'
import type { World } from './world.ts'
import { words } from './words.ts'

/** Which privilege each option of a configuration asks for; `root@pam` may set everything. */

const CPU = ['cores', 'cpu', 'cpulimit', 'cpuunits', 'numa', 'smp', 'sockets', 'vcpus']
const MEMORY = ['memory', 'balloon', 'shares', 'allow-ksm']
const HARDWARE = [
  'acpi',
  'hotplug',
  'kvm',
  'machine',
  'scsihw',
  'smbios1',
  'tablet',
  'vga',
  'watchdog',
  'audio0',
  'rng0',
]
const GENERAL =
  words(`agent autostart bios description keyboard localtime migrate_downtime migrate_speed name onboot
  ostype protection reboot startdate startup tdf template tags`)
const DISK = ['boot', 'bootdisk', 'vmstatestorage']

const QEMU_RIGHTS = new Map<string, string>([
  ...CPU.map((key) => [key, 'VM.Config.CPU'] as const),
  ...MEMORY.map((key) => [key, 'VM.Config.Memory'] as const),
  ...HARDWARE.map((key) => [key, 'VM.Config.HWType'] as const),
  ...GENERAL.map((key) => [key, 'VM.Config.Options'] as const),
  ...DISK.map((key) => [key, 'VM.Config.Disk'] as const),
  ['freeze', 'VM.PowerMgmt'],
])

type Asking = { world: World; userid: string; vmid: number; pool?: string | undefined }

export function checkQemuOptions({ world, userid, vmid, pool }: Asking, keys: string[]): void {
  if (userid === 'root@pam') return
  const guest = { vmid, pool }
  for (const key of keys) {
    if (isDriveKey(key) || /^unused\d+$/.test(key)) checkGuest(world, userid, guest, ['VM.Config.Disk'])
    else if (CLOUD_INIT_OPTIONS.has(key) || /^ipconfig\d+$/.test(key)) {
      checkGuest(world, userid, guest, ['VM.Config.Cloudinit', 'VM.Config.Network'], true)
    } else if (/^net\d+$/.test(key)) checkGuest(world, userid, guest, ['VM.Config.Network'])
    else if (/^serial\d+$/.test(key)) checkGuest(world, userid, guest, ['VM.Config.HWType'])
    else if (/^numa\d+$/.test(key)) checkGuest(world, userid, guest, ['VM.Config.CPU'])
    else checkGuest(world, userid, guest, [QEMU_RIGHTS.get(key) ?? die(`only root can set '${key}' config`)])
  }
}

export function checkLxcOptions({ world, userid, vmid, pool }: Asking, keys: string[]): void {
  if (userid === 'root@pam') return
  for (const key of keys) {
    if (/^dev\d+$/.test(key)) die(`only root can set '${key}' config`)
    checkGuest(world, userid, { vmid, pool }, [lxcRight(key)])
  }
}

function lxcRight(key: string): string {
  if (/^(cores|cpuunits|cpulimit)$/.test(key)) return 'VM.Config.CPU'
  if (/^(rootfs|mp\d+|unused\d+)$/.test(key)) return 'VM.Config.Disk'
  if (/^(memory|swap)$/.test(key)) return 'VM.Config.Memory'
  if (/^(net\d+|nameserver|searchdomain|hostname)$/.test(key)) return 'VM.Config.Network'
  return 'VM.Config.Options'
}
