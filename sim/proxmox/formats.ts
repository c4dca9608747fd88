import { isIPv4, isIPv6 } from 'node:net'

/** A message that already carries Perl's newline, so that nesting prints as the real server prints it. */
export class FormatError extends Error {}

/** The named formats of Proxmox's JSON schema that the supported routes use. */
type Check = (value: string, path: string) => void

const fail = (message: string): never => {
  throw new FormatError(`${message}\n`)
}

const matches = (pattern: RegExp, message: (value: string) => string): Check => {
  return (value) => {
    if (!pattern.test(value)) fail(message(value))
  }
}

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?'

function cidr(value: string, isAddress: (address: string) => boolean, maxBits: number): boolean {
  const match = /^([^/]+)\/(\d+)$/.exec(value)
  return match !== null && isAddress(match[1] ?? '') && Number(match[2]) <= maxBits && Number(match[2]) >= 1
}

function id(kind: string): Check {
  return (value) => {
    if (value.length < 2) fail(`${kind} ID '${value}' cannot be shorter than 2 characters`)
    if (!/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(value))
      fail(`${kind} ID '${value}' contains illegal characters`)
  }
}

const dnsName = matches(
  new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`),
  () => 'value does not look like a valid DNS name',
)

const address: Check = (value) => {
  if (isIPv4(value) || isIPv6(value)) return
  try {
    dnsName(value, '')
  } catch {
    fail(`value does not look like a valid address: ${value}`)
  }
}

const isAddressOrNetwork = (value: string): boolean =>
  isIPv4(value) || isIPv6(value) || cidr(value, isIPv4, 32) || cidr(value, isIPv6, 128)

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) <= 65_535

const FORMATS: Record<string, Check> = {
  IPorCIDRorAlias: (value) => {
    if (!isAddressOrNetwork(value) && !/^[A-Za-z][A-Za-z0-9\-_]+$/.test(value))
      fail('value does not look like a valid IP address or CIDR network')
  },
  'pve-fw-addr-spec': (value) => {
    for (const part of value.split(','))
      if (!isAddressOrNetwork(part) && !/^\+?[A-Za-z][A-Za-z0-9\-_]+$/.test(part))
        fail(`invalid IP address or network '${part}'`)
  },
  'pve-fw-dport-spec': (value) => {
    for (const part of value.split(',')) {
      const [first = '', last = first, ...more] = part.split(':')
      const isName = more.length === 0 && first === last && /^[a-z][a-z0-9-]+$/.test(first)
      if (isName) continue
      if (more.length > 0 || !isPort(first) || !isPort(last)) fail(`invalid port '${part}'`)
      if (Number(first) > Number(last)) fail(`Error: port range start ${first} is larger than end ${last}`)
    }
  },
  'pve-fw-protocol-spec': matches(
    /^(?:tcp|udp|udplite|icmp|icmpv6|ipv6-icmp|sctp|dccp|esp|ah|gre|\d{1,3})$/,
    () => 'unknown protocol',
  ),
  string: () => {},
  urlencoded: matches(/^[-%a-zA-Z0-9_.!~*'()]*$/, (value) => `invalid urlencoded string: ${value}`),
  'pve-configid': matches(/^[a-z][a-z0-9_-]+$/i, (value) => `invalid configuration ID '${value}'`),
  'pve-vmid': matches(/^[1-9][0-9]{2,8}$/, () => 'value does not look like a valid VM ID'),
  'pve-node': matches(new RegExp(`^${LABEL}$`), () => 'value does not look like a valid node name'),
  'pve-storage-id': id('storage'),
  'pve-poolid': matches(
    /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+){0,2}$/,
    (value) => `pool name '${value}' contains invalid characters`,
  ),
  'pve-bridge-id': matches(/^[-_.\w]+$/, (value) => `invalid bridge ID '${value}'`),
  'mac-addr': matches(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    () => 'value does not look like a valid unicast MAC address',
  ),
  'dns-name': dnsName,
  address,
  ipv4: (value) => void (isIPv4(value) || fail('value does not look like a valid IPv4 address')),
  ipv6: (value) => void (isIPv6(value) || fail('value does not look like a valid IPv6 address')),
  'pve-ipv4-config': (value) => {
    if (!/^(dhcp|manual)$/.test(value) && !cidr(value, isIPv4, 32)) {
      fail('value does not look like a valid ipv4 network configuration')
    }
  },
  'pve-ipv6-config': (value) => {
    if (!/^(auto|dhcp|manual)$/.test(value) && !cidr(value, isIPv6, 128)) {
      fail('value does not look like a valid ipv6 network configuration')
    }
  },
  'pve-tag': matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, () => 'invalid characters in tag'),
  'disk-size': matches(
    /^\d+(\.\d+)?[KMGT]?$/,
    (value) => `value does not look like a valid disk size: ${value}`,
  ),
  'pve-startup-order': matches(
    /^((order=)?\d+)?(,?(up|down)=\d+)*$/,
    () => 'unable to parse startup options',
  ),
  'pve-task-status-type': matches(/^(ok|error|warning|unknown)$/i, (value) => `invalid status '${value}'`),
  'pve-volume-id': matches(
    /^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i,
    (value) => `unable to parse volume ID '${value}'`,
  ),
  'pve-userid': matches(
    /^[^\s:/]+@[A-Za-z][A-Za-z0-9._-]+$/,
    (value) => `value '${value}' does not look like a valid user name`,
  ),
  'pve-roleid': matches(/^[A-Za-z0-9._-]+$/, (value) => `role name '${value}' contains invalid characters`),
  'pve-tokenid': matches(
    /^[^\s:/]+@[A-Za-z][A-Za-z0-9._-]+![A-Za-z][A-Za-z0-9._-]+$/,
    (value) => `value '${value}' does not look like a valid token ID`,
  ),
  'pve-groupid': matches(/^[A-Za-z0-9._-]+$/, (value) => `group name '${value}' contains invalid characters`),
  CIDR: (value) => {
    if (!cidr(value, isIPv4, 32) && !cidr(value, isIPv6, 128))
      fail('value does not look like a valid CIDR network')
  },
  'storage-pair': (value) => {
    for (const part of value.split(':')) if (part !== '1') id('storage')(part, '')
  },
  'pve-ha-resource-or-vm-id': matches(
    /^(?:(?:vm|ct):)?[1-9][0-9]{2,8}$/,
    (value) => `value '${value}' does not look like a valid HA resource id`,
  ),
}

export const splitList = (text: string): string[] => text.split(/[,;\s\0]+/).filter((part) => part !== '')

export function checkFormat(format: string, value: string, path: string): void {
  const name = format.replace(/-list$/, '')
  const check = FORMATS[name]
  if (!check) throw new Error(`undefined format '${format}'`)
  if (format.endsWith('-list')) for (const part of splitList(value)) check(part, path)
  else check(value, path)
}
