import { bool, int, num, req, str } from './schema.ts'
import type { Prop, Properties, PropertyFormat, Schema } from './schemaTypes.ts'
import { words } from './words.ts'

/** The options of a virtual machine's configuration and the formats of those that have an inner structure. */

const NET_MODELS = [
  'e1000',
  'e1000-82540em',
  'e1000-82544gc',
  'e1000-82545em',
  'e1000e',
  'i82551',
  'i82557b',
  'i82559er',
  'ne2k_isa',
  'ne2k_pci',
  'pcnet',
  'rtl8139',
  'virtio',
  'vmxnet3',
]

export const NET_FORMAT: PropertyFormat = {
  defaultKey: 'model',
  keys: {
    model: req(str({ enum: NET_MODELS })),
    macaddr: str({ format: 'mac-addr' }),
    bridge: str({ format: 'pve-bridge-id' }),
    firewall: bool(),
    link_down: bool(),
    mtu: int({ min: 1, max: 65_520 }),
    queues: int({ min: 0, max: 64 }),
    rate: num({ min: 0 }),
    tag: int({ min: 1, max: 4094 }),
    trunks: str({ pattern: /\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*/ }),
    ...Object.fromEntries(NET_MODELS.map((model) => [model, str({ format: 'mac-addr' })])),
  },
  normalize: (found: Properties) => {
    const model = NET_MODELS.find((name) => found[name] !== undefined)
    if (model === undefined) return found
    const { [model]: macaddr, ...rest } = found
    return { ...rest, model, macaddr: macaddr ?? '' }
  },
}

const limits = [
  'bps',
  'bps_rd',
  'bps_wr',
  'iops',
  'iops_max',
  'iops_rd',
  'iops_rd_max',
  'iops_wr',
  'iops_wr_max',
]
const rates = ['mbps', 'mbps_max', 'mbps_rd', 'mbps_rd_max', 'mbps_wr', 'mbps_wr_max']
const pick = (names: string[], prop: Prop) => Object.fromEntries(names.map((name) => [name, prop]))

export const DRIVE_FORMAT: PropertyFormat = {
  defaultKey: 'file',
  keys: {
    file: req(str()),
    ...pick(limits, int({ min: 0 })),
    ...pick(rates, num({ min: 0 })),
    ...pick(['backup', 'detect_zeroes', 'iothread', 'replicate', 'ro', 'shared', 'snapshot', 'ssd'], bool()),
    aio: str({ enum: ['native', 'threads', 'io_uring'] }),
    cache: str({ enum: ['none', 'writethrough', 'writeback', 'unsafe', 'directsync'] }),
    discard: str({ enum: ['ignore', 'on'] }),
    format: str({ enum: ['raw', 'qcow', 'qed', 'qcow2', 'vmdk', 'cloop'] }),
    'import-from': str(),
    media: str({ enum: ['cdrom', 'disk'] }),
    model: str({ format: 'urlencoded' }),
    product: str(),
    queues: int({ min: 2 }),
    rerror: str({ enum: ['ignore', 'report', 'stop'] }),
    serial: str({ format: 'urlencoded' }),
    size: str({ format: 'disk-size' }),
    vendor: str(),
    werror: str({ enum: ['enospc', 'ignore', 'report', 'stop'] }),
    wwn: str({ pattern: /0x[0-9a-fA-F]{16}/ }),
    efitype: str({ enum: ['2m', '4m'] }),
    'pre-enrolled-keys': bool(),
    version: str({ enum: ['v1.2', 'v2.0'] }),
  },
}

const AGENT: PropertyFormat = {
  defaultKey: 'enabled',
  keys: {
    enabled: req(bool()),
    fstrim_cloned_disks: bool(),
    'freeze-fs-on-backup': bool(),
    type: str({ enum: ['virtio', 'isa'] }),
  },
}

const MEMORY: PropertyFormat = { defaultKey: 'current', keys: { current: req(int({ min: 16 })) } }

const IP_CONFIG: PropertyFormat = {
  keys: {
    ip: str({ format: 'pve-ipv4-config' }),
    gw: str({ format: 'ipv4' }),
    ip6: str({ format: 'pve-ipv6-config' }),
    gw6: str({ format: 'ipv6' }),
  },
}

export const SMBIOS_FORMAT: PropertyFormat = {
  keys: {
    uuid: str({ pattern: /[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}/ }),
    base64: bool(),
    ...pick(['version', 'serial', 'manufacturer', 'product', 'sku', 'family'], str()),
  },
}

const VGA: PropertyFormat = {
  defaultKey: 'type',
  keys: {
    type: str({
      enum: words(
        `cirrus qxl qxl2 qxl3 qxl4 none serial0 serial1 serial2 serial3 std virtio virtio-gl vmware`,
      ),
    }),
    memory: int({ min: 4, max: 512 }),
    clipboard: str({ enum: ['vnc'] }),
  },
}

const BOOT: PropertyFormat = {
  defaultKey: 'legacy',
  keys: { legacy: str({ pattern: /[acdn]{1,4}/ }), order: str() },
}

const KEYBOARDS =
  words(`de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl
  tr`)

const OS_TYPES = words(`other wxp w2k w2k3 w2k8 wvista win7 win8 win10 win11 l24 l26 solaris`)
const QEMU_LOCKS = words(`backup clone create migrate rollback snapshot snapshot-delete suspending suspended`)
const UUID_OR_FLAG = /(?:[a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])/

const DEVICES: Schema = {
  'audio[1]': str(),
  cdrom: str(),
  'efidisk[1]': str({ format: DRIVE_FORMAT }),
  'hostpci[16]': str(),
  'ide[4]': str({ format: DRIVE_FORMAT }),
  'ipconfig[32]': str({ format: IP_CONFIG }),
  ivshmem: str(),
  'net[32]': str({ format: NET_FORMAT }),
  'numa[8]': str(),
  'parallel[3]': str({ pattern: /\/dev\/parport\d+|\/dev\/usb\/lp\d+/ }),
  'rng[1]': str(),
  'sata[6]': str({ format: DRIVE_FORMAT }),
  'scsi[31]': str({ format: DRIVE_FORMAT }),
  'serial[4]': str({ pattern: /(\/dev\/.+|socket)/ }),
  'tpmstate[1]': str({ format: DRIVE_FORMAT }),
  'unused[256]': str(),
  'usb[14]': str(),
  'virtio[16]': str({ format: DRIVE_FORMAT }),
  'virtiofs[10]': str(),
}

const CLOUD_INIT: Schema = {
  cicustom: str(),
  cipassword: str(),
  citype: str({ enum: ['configdrive2', 'nocloud', 'opennebula'] }),
  ciupgrade: bool(),
  ciuser: str(),
  nameserver: str({ format: 'address-list' }),
  searchdomain: str(),
  sshkeys: str({ format: 'urlencoded' }),
}

export const QEMU_OPTIONS: Schema = {
  ...DEVICES,
  ...CLOUD_INIT,
  ...pick(['acpi', 'allow-ksm', 'autostart', 'freeze', 'keephugepages', 'kvm', 'localtime', 'numa'], bool()),
  ...pick(['onboot', 'protection', 'reboot', 'tablet', 'tdf', 'template'], bool()),
  ...pick(['affinity', 'amd-sev', 'args', 'cpu', 'hookscript', 'hotplug', 'intel-tdx', 'machine'], str()),
  ...pick(['spice_enhancements', 'watchdog'], str()),
  keyboard: str({ enum: KEYBOARDS }),
  agent: str({ format: AGENT }),
  arch: str({ enum: ['x86_64', 'aarch64'] }),
  balloon: int({ min: 0 }),
  bios: str({ enum: ['seabios', 'ovmf'] }),
  boot: str({ format: BOOT }),
  bootdisk: str({ pattern: /(ide|sata|scsi|virtio)\d+/ }),
  cores: int({ min: 1 }),
  cpulimit: num({ min: 0, max: 128 }),
  cpuunits: int({ min: 1, max: 262_144 }),
  description: str({ maxLength: 8192 }),
  hugepages: str({ enum: ['any', '2', '1024'] }),
  lock: str({ enum: QEMU_LOCKS }),
  memory: str({ format: MEMORY }),
  migrate_downtime: num({ min: 0 }),
  migrate_speed: int({ min: 0 }),
  name: str({ format: 'dns-name' }),
  ostype: str({ enum: OS_TYPES }),
  scsihw: str({
    enum: ['lsi', 'lsi53c810', 'virtio-scsi-pci', 'virtio-scsi-single', 'megasas', 'pvscsi'],
  }),
  shares: int({ min: 0, max: 50_000 }),
  smbios1: str({ maxLength: 512, format: SMBIOS_FORMAT }),
  smp: int({ min: 1 }),
  sockets: int({ min: 1 }),
  startdate: str({ pattern: /(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)/ }),
  startup: str({ format: 'pve-startup-order' }),
  tags: str({ format: 'pve-tag-list' }),
  vcpus: int({ min: 1 }),
  vga: str({ format: VGA }),
  vmgenid: str({ pattern: UUID_OR_FLAG }),
  vmstatestorage: str({ format: 'pve-storage-id' }),
}

export const CLOUD_INIT_OPTIONS = new Set(Object.keys(CLOUD_INIT))

export const isDriveKey = (key: string): boolean => /^(ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/.test(key)
