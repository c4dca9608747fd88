import { percentOf } from '../../../shared/states/tax.ts'
import type { Price } from '../api/billing.ts'
import type { Addon } from '../api/addons.ts'
import type { Coupon } from '../api/coupons.ts'
import { formatMoney } from './money.ts'

/** What was typed as tags, separated by commas or spaces. */
export const tagsOf = (typed: string): string[] =>
  typed
    .split(/[\s,]+/)
    .filter((one) => one !== '')
    .map((one) => one.toLowerCase())

export const memory = (mb: number): string =>
  mb >= 1024 ? `${Number((mb / 1024).toFixed(1))} GiB` : `${mb} MiB`

export const disk = (gb: number): string =>
  gb >= 1024 ? `${Number((gb / 1024).toFixed(1))} TiB` : `${gb} GiB`

/** A file's size, from its bytes. */
export const fileSize = (bytes: number): string => {
  const mib = bytes / 2 ** 20
  return mib >= 1024
    ? `${(mib / 1024).toLocaleString(undefined, { maximumFractionDigits: 1 })} GiB`
    : `${Math.ceil(mib).toLocaleString()} MiB`
}

/** Amounts that networks count: 1 GB is 1,000,000,000 bytes. */
export const bytes = (amount: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(
    units.length - 1,
    amount < 1 ? 0 : Math.floor(Math.log10(Math.max(1, Math.round(amount))) / 3),
  )
  const value = amount / 1000 ** power
  return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 })} ${units[power]}`
}

export const count = (amount: number, one: string, many = `${one}s`): string =>
  `${amount.toLocaleString()} ${amount === 1 ? one : many}`

export const size = (of: { cores: number; memoryMb: number; diskGb: number }): string =>
  `${count(of.cores, 'core')}, ${memory(of.memoryMb)}, ${disk(of.diskGb)} disk`

/** `500 GB a month, then slow, at 100 Mbit/s`; what has no limit is not said. */
export function network({ trafficGb, rateMbps, overLimit }: NetworkTerms): string {
  const traffic = trafficGb === null ? null : `${bytes(trafficGb * 1e9)} a month${THEN[overLimit]}`
  return [traffic, rateMbps === null ? null : `${rateMbps.toLocaleString()} Mbit/s`]
    .filter((part) => part !== null)
    .join(', ')
}
type NetworkTerms = {
  trafficGb: number | null
  rateMbps: number | null
  overLimit: 'none' | 'notify' | 'throttle'
}
const THEN = { none: '', notify: '', throttle: ', then slow' }

/** `25 % for 3 periods`, `€5.00 for ever`. */
export function couponText({ off, periods }: CouponTerms): string {
  const what = off.amount === null ? `${percentOf(off.percentPpm ?? 0)} %` : formatMoney(off.amount)
  return `${what} ${periods === null ? 'for ever' : `for ${count(periods, 'period')}`}`
}
type CouponTerms = Pick<Coupon, 'off' | 'periods'>

/** `14 days free, then billed`; nothing without a trial. */
export const trialText = ({ trialDays, trialThen }: Pick<Price, 'trialDays' | 'trialThen'>): string =>
  trialDays === 0 ? '' : `${count(trialDays, 'day')} free, ${TRIAL_THEN[trialThen]}`
export const TRIAL_THEN: Record<Price['trialThen'], string> = {
  activate: 'then billed',
  method: 'then billed if a payment method is there',
  cancel: 'then ended unless it is kept',
}

/** `€4.99 a month`, `€25.00 every 3 months`. */
export const priceText = (price: Price): string => unitText(price)
export const unitText = (price: Pick<Price, 'unit' | 'interval' | 'intervalCount'>): string =>
  `${formatMoney(price.unit)} ${intervalText(price)}`

/** What one of an add-on adds to a CloudPod. */
export function addonSize({ cores, memoryMb, diskGb }: Pick<Addon, 'cores' | 'memoryMb' | 'diskGb'>): string {
  const parts = [
    cores > 0 && count(cores, 'core'),
    memoryMb > 0 && `${memory(memoryMb)} memory`,
    diskGb > 0 && `${disk(diskGb)} disk`,
  ]
  return parts.filter((part) => part !== false).join(', ') || 'Nothing to its size'
}

const intervalText = ({ interval, intervalCount }: Pick<Price, 'interval' | 'intervalCount'>): string =>
  intervalCount === 1 ? `a ${interval}` : `every ${intervalCount} ${interval}s`

export const capitalize = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

/** `awaiting_payment` → `Awaiting payment`; `cloud_pod` → `Cloud pod`. */
export function humanize(code: string): string {
  const words = code
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replaceAll(/[_.-]/g, ' ')
    .replaceAll(/\bcloud ?pod/g, 'CloudPod')
    .replaceAll(/\bip\b/g, 'IP')
    .replaceAll(/\bssl\b/g, 'SSL')
    .replaceAll(/\bcaa\b/g, 'CAA')
  return capitalize(words)
}

const JOB_KINDS: Record<string, string> = {
  'cloudPod.create': 'Create CloudPod',
  'cloudPod.destroy': 'Destroy CloudPod',
  'cloudPod.power': 'Change power',
  'cloudPod.resize': 'Resize CloudPod',
  'cloudPod.bandwidth': 'Set speed of the network',
  'cloudPod.address': 'Change addresses',
  'cloudPod.firewall': 'Set firewall',
  'cloudPod.snapshot': 'Take snapshot',
  'cloudPod.snapshotDelete': 'Delete snapshot',
  'cloudPod.rollback': 'Roll back to snapshot',
  'cloudPod.backup': 'Back up',
  'cloudPod.backupDelete': 'Delete backup',
  'cloudPod.restore': 'Restore backup',
  'cloudPod.migrate': 'Migrate CloudPod',
  'cloudPod.keep': 'Delete CloudPod',
  'cloudPod.undelete': 'Undelete CloudPod',
  'cloudPod.rebuild': 'Rebuild CloudPod',
  'cloudPod.goBack': 'Go back to the former guest',
  'cloudPod.letGo': 'Destroy the kept guest',
  'cloudPod.template': 'Make blueprint',
  'cloudPod.templateRemove': 'Remove blueprint',
  'cloudPod.repair': 'Repair guest',
  'cloudPod.removeOrphan': 'Destroy orphaned guest',
  'cluster.reconcile': 'Compare cluster',
  'cluster.sync': 'Read the cluster',
  'ipPool.claim': 'Tell NetBox about addresses',
  'ipPool.compare': 'Compare IP pool',
  'billing.record': 'Read the books of a provider',
  'customer.importCheck': 'Check a file of customers',
  'customer.import': 'Import customers',
  'domain.verify': 'Check whose domain it is',
  'domain.zoneApply': 'Bring zone to its server',
  'domain.zoneRemove': 'Take zone off its server',
  'domain.zoneCompare': 'Compare zone with its server',
  'domain.zoneSign': 'Have zone signed',
  'domain.zoneTransfers': 'Tell a zone’s server who copies it',
  'domain.zoneWatch': 'Look at a zone’s delegation',
  'domain.serverCompare': 'Look at a DNS server',
  'ssl.issue': 'Issue certificate',
  'ssl.sign': 'Sign certificate',
  'ssl.revoke': 'Revoke certificate',
  'domain.register': 'Register domain',
  'domain.renew': 'Renew domain',
  'domain.transferIn': 'Transfer domain to us',
  'domain.update': 'Change domain at its registry',
  'domain.restore': 'Restore domain',
  'domain.delete': 'Delete domain at its registry',
  'domain.sync': 'Compare domain with its registry',
  'registrar.poll': 'Read messages of the registry',
  'mail.send': 'Send mail',
  'auth.passwordReset': 'Password reset',
}
export const jobTitle = (kind: string): string => JOB_KINDS[kind] ?? humanize(kind)

/** Who did it: a job by its title, others by their name, an operator under another name together with his own. */
export function actorName({
  type,
  label,
  impersonator,
}: {
  type: string
  label: string
  impersonator?: { label: string } | undefined
}): string {
  const name = type === 'job' ? jobTitle(label) : label
  return impersonator === undefined ? name : `${impersonator.label} as ${name}`
}
