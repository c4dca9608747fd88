import type { z } from 'zod'
import type {
  IpSourceCheck,
  ipSourceCheckKnown,
  ipSourceCheckRequest,
} from '../../../shared/api/provisioningSources.ts'
import { transaction, type Origin, type Root } from '../../context.ts'
import type { MarkField, Netbox, NetboxConnection } from '../../integrations/netbox/types.ts'
import { faultOf, type Ok, type Outcome } from '../../lib/outcome.ts'
import * as auditService from '../auditService.ts'
import { baseOf, sourceConnection } from './ipSources.ts'

const TIMEOUT_MS = 5_000

/** Tries a connection that was typed. A request waits for these calls: the person who typed it waits for the answer. */
export async function checkSourceConnection(
  root: Root,
  origin: Origin,
  { url, token, caPem, field, prefixId }: z.infer<typeof ipSourceCheckRequest>,
): Promise<IpSourceCheck> {
  const connection = { url: baseOf(url), token, field, ...(caPem === null ? {} : { ca: caPem }) }
  return check(root, origin, { id: url, label: url }, connection, prefixId)
}

/** Tries the connection of a NetBox that is known. @throws AppError not_found */
export async function checkSource(
  root: Root,
  origin: Origin,
  id: string,
  { prefixId }: z.infer<typeof ipSourceCheckKnown>,
): Promise<IpSourceCheck> {
  const connection = await transaction(root, origin, 'platform', (ctx) => sourceConnection(ctx, id))
  return check(root, origin, { id, label: connection.name }, connection, prefixId)
}

async function check(
  root: Root,
  origin: Origin,
  target: { id: string; label: string },
  connection: NetboxConnection,
  prefixId: number | null,
): Promise<IpSourceCheck> {
  const netbox = root.vendors.netbox({ ...connection, timeoutMs: TIMEOUT_MS })
  const found = await ask(netbox, connection.field, prefixId)
  await transaction(root, origin, 'platform', (ctx) =>
    auditService.record(ctx, {
      action: 'IP_SOURCE_CHECKED',
      tenantId: null,
      target: { type: 'ipSource', ...target },
      outcome: found.problems.length === 0 ? 'success' : 'error',
      details: { url: connection.url, prefixId, problems: found.problems },
    }),
  )
  return found
}

type Failed = Exclude<Outcome<unknown>, Ok<unknown>>
const isForbidden = (answer: Failed): boolean =>
  answer.outcome === 'rejected' && (answer.code === 'forbidden' || answer.code === 'unauthorized')

const needs = (permission: string, what: string): string =>
  `The token may not ${what}: give its user the permission ${permission}.`

async function ask(netbox: Netbox, field: string, prefixId: number | null): Promise<IpSourceCheck> {
  const result: IpSourceCheck = { problems: [], version: null, prefix: null }
  const add = (problem: string | null): void => {
    if (problem !== null) result.problems.push(problem)
  }
  const version = await netbox.version()
  if (version.outcome !== 'ok') {
    add(
      isForbidden(version)
        ? 'NetBox does not take the token: it is wrong, has expired, or may not be used from this address.'
        : version.outcome === 'rejected' && version.code === 'missing'
          ? 'There is no NetBox at this address: its API was not found.'
          : faultOf(version),
    )
    return result
  }
  result.version = version.value
  const rights = await netbox.rights()
  if (rights.outcome !== 'ok') add(faultOf(rights))
  else if (!rights.value.add && !rights.value.change)
    add(
      'The token may only read: let it write, and give its user the permissions to add, change and delete IP addresses.',
    )
  else {
    if (!rights.value.add) add(needs('ipam.add_ipaddress', 'add IP addresses'))
    if (!rights.value.change) add(needs('ipam.change_ipaddress', 'change IP addresses'))
  }
  const marked = await netbox.marked('mpanel-check')
  if (marked.outcome !== 'ok')
    add(isForbidden(marked) ? needs('ipam.view_ipaddress', 'see IP addresses') : faultOf(marked))
  const fields = await netbox.markField()
  add(fields.outcome === 'ok' ? fieldProblem(fields.value, field) : faultOf(fields))
  const ranges = await netbox.fullRanges({ network: '192.0.2.0/24', vrfId: null })
  if (ranges.outcome !== 'ok')
    add(isForbidden(ranges) ? needs('ipam.view_iprange', 'see IP ranges') : faultOf(ranges))
  if (prefixId !== null) await askPrefix(netbox, prefixId, result)
  return result
}

function fieldProblem(found: MarkField, field: string): string | null {
  if (found === 'usable') return null
  if (found === 'unseen') return needs('extras.view_customfield', 'see custom fields')
  return found === 'missing'
    ? `NetBox has no custom field ${field}: add one for IP addresses, of the type text, with the filter logic "exact".`
    : `The custom field ${field} must be for IP addresses, of the type text, with the filter logic "exact".`
}

async function askPrefix(netbox: Netbox, prefixId: number, result: IpSourceCheck): Promise<void> {
  const answer = await netbox.prefix(prefixId)
  if (answer.outcome === 'ok') {
    const { id, network, vrf } = answer.value
    result.prefix = { id, network, vrf: vrf?.name ?? null }
    return
  }
  const isUnknown = answer.outcome === 'rejected' && answer.code === 'missing'
  result.problems.push(
    isUnknown
      ? `NetBox has no prefix ${prefixId}: its number is at the end of the address of its page.`
      : isForbidden(answer)
        ? needs('ipam.view_prefix', 'see prefixes')
        : faultOf(answer),
  )
}
