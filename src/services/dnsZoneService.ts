/**
 * The zones of domains: what they are to hold, and how servers come to serve it. Names are in full. See docs/modules/dns.md.
 *
 * For other parts of mPanel: `presentTxt` and `removeTxt` for challenges, `isServed` to wait until one is served,
 * `nameServersOf` to ask the servers themselves, `putManaged` and `dropManaged` for records that follow something else.
 */
export {
  dropExpired,
  dropManaged,
  isServed,
  nameServersOf,
  presentTxt,
  putManaged,
  removeTxt,
  zoneHolding,
  type ManagedRrset,
  type Presented,
} from './dnsZones/managed.ts'
export { begin, end, followNameServers } from './dnsZones/lifecycle.ts'
export {
  desired,
  driftOf,
  noteApplied,
  noteFailure,
  noteRemoved,
  noteWaiting,
  removal,
  type Applied,
  type Desired,
  type Drift,
  type ZoneError,
} from './dnsZones/applying.ts'
export { blamed, keyOf, planOf, tooMuch, type PlannedChange } from './dnsZones/planning.ts'
