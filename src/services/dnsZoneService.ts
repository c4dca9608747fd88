/**
 * The zones of domains: what they are to hold, and how servers come to serve it. Names are in full. See docs/modules/dns.md.
 *
 * For other parts of mPanel: `presentTxt` and `removeTxt` for challenges, `isServed` to wait until one is served,
 * `nameServersOf` to ask the servers themselves, `putManaged` and `dropManaged` for records that follow something else.
 */
export { edit, lockZone, type Edit } from './dnsZones/editing.ts'
export {
  dropExpired,
  dropManaged,
  isServed,
  nameServersOf,
  placeOfTxt,
  presentTxt,
  putManaged,
  removeTxt,
  zoneHolding,
} from './dnsZones/managed.ts'
export {
  applyAgain,
  beginOn,
  endZone as endLocked,
  followNameServers,
  serverFor,
} from './dnsZones/lifecycle.ts'
export {
  adoptZone,
  applyZone,
  beginZone,
  endZone,
  endZoneIfAny,
  endZonesOf,
  findZone,
  getZone,
  requireLeaving,
  updateZone,
} from './dnsZones/commands.ts'
export { change, editsOf, recordsOf } from './dnsZones/userEdits.ts'
export { exportZone, getRevision, importZone, listRevisions, rollBack } from './dnsZones/wholesale.ts'
export {
  connectionOf,
  desired,
  driftOf,
  noteApplied,
  noteFailure,
  noteRemoved,
  noteWaiting,
  removal,
  sealedFor,
  type Applied,
  type Desired,
  type Drift,
  type ZoneError,
} from './dnsZones/applying.ts'
export { compareSeen, noteCompared, type Compared, type Seen } from './dnsZones/comparing.ts'
export { blamed, keyOf, planOf, tooMuch, type PlannedChange } from './dnsZones/planning.ts'
