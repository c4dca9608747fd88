import { t } from '../../../shared/text.ts'
import { WORDS } from './dictionaries/codes.ts'
import { locale } from './language.ts'
import { capitalize, spelledOut } from './spelledOut.ts'
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
    ? `${(mib / 1024).toLocaleString(locale, { maximumFractionDigits: 1 })} GiB`
    : `${Math.ceil(mib).toLocaleString(locale)} MiB`
}

/** Amounts that networks count: 1 GB is 1,000,000,000 bytes. */
export const bytes = (amount: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(
    units.length - 1,
    amount < 1 ? 0 : Math.floor(Math.log10(Math.max(1, Math.round(amount))) / 3),
  )
  const value = amount / 1000 ** power
  return `${value.toLocaleString(locale, { maximumFractionDigits: value < 10 && power > 0 ? 1 : 0 })} ${units[power]}`
}

export const count = (amount: number, one: string, many: string): string =>
  `${amount.toLocaleString(locale)} ${amount === 1 ? one : many}`

export const size = (of: { cores: number; memoryMb: number; diskGb: number }): string =>
  t`${count(of.cores, t`core`, t`cores`)}, ${memory(of.memoryMb)}, ${disk(of.diskGb)} disk`

/** `500 GB a month, then slow, at 100 Mbit/s`; what has no limit is not said. */
export function network({ trafficGb, rateMbps, overLimit }: NetworkTerms): string {
  const traffic =
    trafficGb === null
      ? null
      : overLimit === 'throttle'
        ? t`${bytes(trafficGb * 1e9)} a month, then slow`
        : t`${bytes(trafficGb * 1e9)} a month`
  return [traffic, rateMbps === null ? null : t`${rateMbps.toLocaleString(locale)} Mbit/s`]
    .filter((part) => part !== null)
    .join(', ')
}
type NetworkTerms = {
  trafficGb: number | null
  rateMbps: number | null
  overLimit: 'none' | 'notify' | 'throttle'
}

/** `25 % for 3 periods`, `€5.00 for ever`. */
export function couponText({ off, periods }: CouponTerms): string {
  const what = off.amount === null ? `${percentOf(off.percentPpm ?? 0)} %` : formatMoney(off.amount)
  return periods === null ? t`${what} for ever` : t`${what} for ${count(periods, t`period`, t`periods`)}`
}
type CouponTerms = Pick<Coupon, 'off' | 'periods'>

/** `14 days free, then billed`; nothing without a trial. */
export const trialText = ({ trialDays, trialThen }: Pick<Price, 'trialDays' | 'trialThen'>): string =>
  trialDays === 0 ? '' : t`${count(trialDays, t`day`, t`days`)} free, ${TRIAL_THEN[trialThen]}`
export const TRIAL_THEN: Record<Price['trialThen'], string> = {
  activate: t`then billed`,
  method: t`then billed if a payment method is there`,
  cancel: t`then ended unless it is kept`,
}

/** `€4.99 a month`, `€25.00 every 3 months`. */
export const priceText = (price: Price): string => unitText(price)
export const unitText = (price: Pick<Price, 'unit' | 'interval' | 'intervalCount'>): string =>
  `${formatMoney(price.unit)} ${intervalText(price)}`

/** What one of an add-on adds to a CloudPod. */
export function addonSize({ cores, memoryMb, diskGb }: Pick<Addon, 'cores' | 'memoryMb' | 'diskGb'>): string {
  const parts = [
    cores > 0 && count(cores, t`core`, t`cores`),
    memoryMb > 0 && t`${memory(memoryMb)} memory`,
    diskGb > 0 && t`${disk(diskGb)} disk`,
  ]
  return parts.filter((part) => part !== false).join(', ') || t`Nothing to its size`
}

const intervalText = ({ interval, intervalCount }: Pick<Price, 'interval' | 'intervalCount'>): string =>
  intervalCount === 1 ? A[interval] : EVERY[interval](intervalCount)
const A = { day: t`a day`, week: t`a week`, month: t`a month`, year: t`a year` }
const EVERY = {
  day: (number: number) => t`every ${number} days`,
  week: (number: number) => t`every ${number} weeks`,
  month: (number: number) => t`every ${number} months`,
  year: (number: number) => t`every ${number} years`,
}

/** `awaiting_payment` → `awaiting payment`: as within a sentence. A further language has a dictionary of codes. */
export const codeWords = (code: string): string => WORDS[code] ?? spelledOut(code)

/** `awaiting_payment` → `Awaiting payment`; `cloud_pod` → `Cloud pod`. */
export const humanize = (code: string): string => capitalize(codeWords(code))

const JOB_KINDS: Record<string, string> = {
  'cloudPod.create': t`Create CloudPod`,
  'cloudPod.destroy': t`Destroy CloudPod`,
  'cloudPod.power': t`Change power`,
  'cloudPod.resize': t`Resize CloudPod`,
  'cloudPod.bandwidth': t`Set speed of the network`,
  'cloudPod.address': t`Change addresses`,
  'cloudPod.firewall': t`Set firewall`,
  'cloudPod.snapshot': t`Take snapshot`,
  'cloudPod.snapshotDelete': t`Delete snapshot`,
  'cloudPod.rollback': t`Roll back to snapshot`,
  'cloudPod.backup': t`Back up`,
  'cloudPod.backupDelete': t`Delete backup`,
  'cloudPod.restore': t`Restore backup`,
  'cloudPod.migrate': t`Migrate CloudPod`,
  'cloudPod.keep': t`Delete CloudPod`,
  'cloudPod.undelete': t`Undelete CloudPod`,
  'cloudPod.rebuild': t`Rebuild CloudPod`,
  'cloudPod.goBack': t`Go back to the former guest`,
  'cloudPod.letGo': t`Destroy the kept guest`,
  'cloudPod.template': t`Make blueprint`,
  'cloudPod.templateRemove': t`Remove blueprint`,
  'cloudPod.repair': t`Repair guest`,
  'cloudPod.removeOrphan': t`Destroy orphaned guest`,
  'cluster.reconcile': t`Compare cluster`,
  'cluster.sync': t`Read the cluster`,
  'ipPool.claim': t`Tell NetBox about addresses`,
  'ipPool.compare': t`Compare IP pool`,
  'billing.taxCheck': t`Check VAT number`,
  'billing.record': t`Read the books of a provider`,
  'customer.importCheck': t`Check a file of customers`,
  'customer.import': t`Import customers`,
  'domain.verify': t`Check whose domain it is`,
  'domain.zoneApply': t`Bring zone to its server`,
  'domain.zoneRemove': t`Take zone off its server`,
  'domain.zoneCompare': t`Compare zone with its server`,
  'domain.zoneSign': t`Have zone signed`,
  'domain.zoneTransfers': t`Tell a zone’s server who copies it`,
  'domain.zoneWatch': t`Look at a zone’s delegation`,
  'domain.serverCompare': t`Look at a DNS server`,
  'ssl.issue': t`Issue certificate`,
  'ssl.sign': t`Sign certificate`,
  'ssl.revoke': t`Revoke certificate`,
  'domain.register': t`Register domain`,
  'domain.renew': t`Renew domain`,
  'domain.transferIn': t`Transfer domain to us`,
  'domain.update': t`Change domain at its registry`,
  'domain.restore': t`Restore domain`,
  'domain.delete': t`Delete domain at its registry`,
  'domain.paid': t`Begin what was paid`,
  'domain.sync': t`Compare domain with its registry`,
  'registrar.poll': t`Read messages of the registry`,
  'mail.send': t`Send mail`,
  'auth.passwordReset': t`Password reset`,
  'audit.sinkTest': t`Test an audit output`,
  'billing.reconcile': t`Compare the books`,
  'cloudPod.adopt': t`Take over a guest`,
  'cloudPod.suspend': t`Suspend CloudPod`,
  'cloudPod.resume': t`Bring CloudPod back`,
  'payment.collect': t`Collect a payment`,
  'payment.converge': t`Look at a payment`,
  'payment.refund': t`Give money back`,
  'payment.withdraw': t`Take back a way to pay`,
  'ssl.deliver': t`Deliver certificate`,
  'ssl.install': t`Install certificate`,
  'ssl.rollover': t`Renew the private CA`,
  'tenant.close': t`Close tenant`,
  'tenant.enforce': t`Suspend or resume tenant`,
  'tenant.export': t`Export tenant`,
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
  return impersonator === undefined ? name : t`${impersonator.label} as ${name}`
}
