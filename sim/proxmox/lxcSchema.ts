import { bool, int, num, req, str } from './schema.ts'
import type { PropertyFormat, Schema } from './schemaTypes.ts'
import { words } from './words.ts'

/** The options of a container's configuration. */

export const CT_NET_FORMAT: PropertyFormat = {
  keys: {
    name: req(str({ pattern: /[-_.\w\d]+/ })),
    bridge: str({ pattern: /[-_.\w\d]+/ }),
    firewall: bool(),
    gw: str({ format: 'ipv4' }),
    gw6: str({ format: 'ipv6' }),
    'host-managed': bool(),
    hwaddr: str({ format: 'mac-addr' }),
    ip: str({ format: 'pve-ipv4-config' }),
    ip6: str({ format: 'pve-ipv6-config' }),
    link_down: bool(),
    mtu: int({ min: 64, max: 65_535 }),
    rate: num({ min: 0 }),
    tag: int({ min: 1, max: 4094 }),
    trunks: str({ pattern: /\d+(?:;\d+)*/ }),
    type: str({ enum: ['veth'] }),
  },
}

export const ROOTFS_FORMAT: PropertyFormat = {
  defaultKey: 'volume',
  keys: {
    volume: req(str()),
    acl: bool(),
    mountoptions: str(),
    quota: bool(),
    replicate: bool(),
    ro: bool(),
    shared: bool(),
    size: str({ format: 'disk-size' }),
  },
}

const MOUNT_POINT: PropertyFormat = {
  defaultKey: 'volume',
  keys: { ...ROOTFS_FORMAT.keys, backup: bool(), keepattrs: bool(), mp: req(str()) },
}

const FEATURES: PropertyFormat = {
  keys: {
    force_rw_sys: bool(),
    fuse: bool(),
    keyctl: bool(),
    mknod: bool(),
    mount: str({ pattern: /[a-zA-Z0-9_; ]+/ }),
    nesting: bool(),
  },
}

const LXC_LOCKS = words(
  `backup create destroyed disk fstrim migrate mounted rollback snapshot snapshot-delete`,
)
const OS_TYPES = words(`debian devuan ubuntu centos fedora opensuse archlinux alpine gentoo nixos unmanaged`)

export const LXC_OPTIONS: Schema = {
  arch: str({ enum: ['amd64', 'i386', 'arm64', 'armhf', 'riscv32', 'riscv64'] }),
  cmode: str({ enum: ['shell', 'console', 'tty'] }),
  console: bool(),
  cores: int({ min: 1, max: 8192 }),
  cpulimit: num({ min: 0, max: 8192 }),
  cpuunits: int({ min: 0, max: 500_000 }),
  debug: bool(),
  description: str({ maxLength: 8192 }),
  'dev[256]': str(),
  entrypoint: str(),
  env: str(),
  features: str({ format: FEATURES }),
  hookscript: str({ format: 'pve-volume-id' }),
  hostname: str({ format: 'dns-name', maxLength: 255 }),
  lock: str({ enum: LXC_LOCKS }),
  memory: int({ min: 16 }),
  'mp[256]': str({ format: MOUNT_POINT }),
  nameserver: str({ format: 'address-list' }),
  'net[32]': str({ format: CT_NET_FORMAT }),
  onboot: bool(),
  ostype: str({ enum: OS_TYPES }),
  protection: bool(),
  rootfs: str({ format: ROOTFS_FORMAT }),
  searchdomain: str({ format: 'dns-name-list' }),
  startup: str({ format: 'pve-startup-order' }),
  swap: int({ min: 0 }),
  tags: str({ format: 'pve-tag-list' }),
  template: bool(),
  timezone: str(),
  tty: int({ min: 0, max: 6 }),
  unprivileged: bool(),
  'unused[256]': str(),
}
