import { isBetween, withLength } from './addresses.ts'
import { Refused, type Address, type World } from './model.ts'

const STATUSES = ['active', 'reserved', 'deprecated', 'dhcp', 'slaac']
/** Several holders may share one address in these roles. */
const SHARED_ROLES = new Set(['anycast', 'vip', 'vrrp', 'hsrp', 'glbp', 'carp'])
const DNS_NAME = /^([0-9A-Za-z_-]+|\*)(\.[0-9A-Za-z_-]+)*\.?$/
const FIELDS = new Set(['address', 'vrf', 'status', 'role', 'dns_name', 'description', 'custom_fields'])

type Wrong = Record<string, string[]>

/** What a body makes of an address. Fields that are not known are refused, which the real one passes over in silence. */
export function changed(world: World, before: Address, body: unknown): Address {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refused(400, { non_field_errors: ['Invalid data. Expected a dictionary.'] })
  const wrong: Wrong = {}
  const given = body as Record<string, unknown>
  for (const key of Object.keys(given)) if (!FIELDS.has(key)) wrong[key] = ['This field is not known.']
  const after: Address = { ...before }
  if ('address' in given) readAddress(given['address'], after, wrong)
  if ('vrf' in given) readVrf(world, given['vrf'], after, wrong)
  for (const key of ['status', 'dns_name', 'description', 'role'] as const)
    if (key in given) readText(key, given[key], after, wrong)
  if ('custom_fields' in given) readCustom(world, given['custom_fields'], after, wrong)
  if (after.address === '') wrong['address'] ??= ['This field is required.']
  if (Object.keys(wrong).length > 0) throw new Refused(400, wrong)
  requireRoom(world, after)
  return after
}

function readAddress(given: unknown, after: Address, wrong: Wrong): void {
  const read = withLength(given)
  if (!read) wrong['address'] = ['Enter a valid IPv4 or IPv6 address (with mask).']
  else if (read.length === 0) wrong['address'] = ['Cannot create IP address with /0 mask.']
  else Object.assign(after, read)
}

function readVrf(world: World, given: unknown, after: Address, wrong: Wrong): void {
  if (given !== null && (typeof given !== 'number' || !world.vrfs.has(given)))
    wrong['vrf'] = [`Related object not found using the provided numeric ID: ${JSON.stringify(given)}`]
  else after.vrf = given
}

function readText(
  key: 'status' | 'dns_name' | 'description' | 'role',
  given: unknown,
  after: Address,
  wrong: Wrong,
): void {
  if (key === 'role' && given === null) after.role = null
  else if (typeof given !== 'string') wrong[key] = ['Not a valid string.']
  else if (key === 'status' && !STATUSES.includes(given)) wrong[key] = [`${given} is not a valid choice.`]
  else if (key === 'dns_name' && given !== '' && (!DNS_NAME.test(given) || given.length > 255))
    wrong[key] = [
      'Only alphanumeric characters, asterisks, hyphens, periods, and underscores are allowed in DNS names',
    ]
  else if (key === 'description' && given.length > 200)
    wrong[key] = ['Ensure this field has no more than 200 characters.']
  else after[key] = key === 'dns_name' ? given.toLowerCase() : given
}

function readCustom(world: World, given: unknown, after: Address, wrong: Wrong): void {
  if (typeof given !== 'object' || given === null) {
    wrong['custom_fields'] = ['Not a valid dictionary.']
    return
  }
  const values = { ...after.custom_fields }
  for (const [name, value] of Object.entries(given)) {
    const field = world.fields.get(name)
    if (!field || !field.object_types.includes('ipam.ipaddress'))
      wrong['__all__'] = [`Unknown field name '${name}' in custom field data.`]
    else if (field.type === 'text' && value !== null && typeof value !== 'string')
      wrong['__all__'] = [`Invalid value for custom field '${name}': Value must be a string.`]
    else values[name] = value
  }
  after.custom_fields = values
}

const shares = (role: string | null): boolean => role !== null && SHARED_ROLES.has(role)

/** NetBox has no constraint for it: only whoever asks it to check is refused. */
function requireRoom(world: World, after: Address): void {
  const unique =
    after.vrf === null ? world.enforceGlobalUnique : (world.vrfs.get(after.vrf)?.enforce_unique ?? false)
  const twins = [...world.addresses.values()].filter(
    (one) => one.id !== after.id && one.vrf === after.vrf && one.address === after.address,
  )
  if (unique && twins.length > 0 && !(shares(after.role) && twins.every(({ role }) => shares(role)))) {
    const table = after.vrf === null ? 'global table' : `VRF ${world.vrfs.get(after.vrf)?.name}`
    const [twin] = twins
    throw new Refused(400, {
      address: [`Duplicate IP address found in ${table}: ${twin?.address}/${twin?.length}`],
    })
  }
  const range = [...world.ranges.values()].find(
    ({ populated, vrf, first, last }) =>
      populated && vrf === after.vrf && isBetween(after.address, first, last),
  )
  if (range)
    throw new Refused(400, {
      address: [`Cannot create IP address ${after.address} inside range ${range.first}-${range.last}.`],
    })
}
