import { ok, type Outcome } from '../../lib/outcome.ts'
import { guestPath, map } from './answers.ts'
import type { Caller, More } from './caller.ts'
import type { Firewall, FirewallCalls, FirewallRule, FirewallRules } from './firewallTypes.ts'
import { asNumber, asRow, asRows, asText, type Row } from './read.ts'
import type { Call, GuestRef } from './types.ts'

/** The set that says from which addresses the first card may send. */
const IPFILTER = 'ipfilter-net0'

const pathOf = (guest: GuestRef, ...rest: string[]) => guestPath(guest, 'firewall', ...rest)

/** The part of the client that is about firewalls; virtual machines and containers are asked alike. */
export function firewall(caller: Caller): FirewallCalls {
  const write = async (
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    more: More,
  ): Promise<Outcome<null>> => {
    const answer = await caller.call(method, path, more)
    return answer.outcome === 'ok' ? ok(null) : answer
  }
  const get = async <T>(path: string, read: (data: unknown) => T, call?: Call) =>
    map(await caller.call('GET', path, call), read)
  const rulesOf = (guest: GuestRef, call?: Call) =>
    get(
      pathOf(guest, 'rules'),
      (data): FirewallRules => {
        const rows = asRows(data).map(readRule)
        return { rules: rows.map(({ rule }) => rule), rulesDigest: rows[0]?.digest ?? null }
      },
      call,
    )

  return {
    firewallRules: rulesOf,
    async firewall(guest: GuestRef, call?: Call): Promise<Outcome<Firewall>> {
      const options = await get(pathOf(guest, 'options'), readOptions, call)
      if (options.outcome !== 'ok') return options
      const listed = await rulesOf(guest, call)
      if (listed.outcome !== 'ok') return listed
      const sets = await get(pathOf(guest, 'ipset'), (data) => asRows(data).map((row) => row.name), call)
      if (sets.outcome !== 'ok') return sets
      const read = { ...options.value, ...listed.value }
      if (!sets.value.includes(IPFILTER)) return ok({ ...read, sources: null })
      const sources = await get(pathOf(guest, 'ipset', IPFILTER), cidrs, call)
      return sources.outcome === 'ok' ? ok({ ...read, sources: sources.value }) : sources
    },
    async clusterFirewall(call?: Call): Promise<Outcome<boolean>> {
      return get('/cluster/firewall/options', (data) => asNumber(asRow(data).enable, 0) > 0, call)
    },
    setFirewallOptions(
      guest: GuestRef,
      options: Record<string, string | number>,
      digest: string,
      call?: Call,
    ): Promise<Outcome<null>> {
      return write('PUT', pathOf(guest, 'options'), { form: { ...options, digest }, ...call })
    },
    addFirewallRule(
      guest: GuestRef,
      rule: FirewallRule,
      digest: string | null,
      call?: Call,
    ): Promise<Outcome<null>> {
      const { direction, action, proto, dport, source, dest, comment } = rule
      const given = Object.entries({ proto, dport, source, dest, comment: comment || null })
      const form = {
        type: direction,
        action,
        enable: 1,
        ...Object.fromEntries(given.flatMap(([key, value]) => (value === null ? [] : [[key, value]]))),
        ...(digest === null ? {} : { digest }),
      }
      return write('POST', pathOf(guest, 'rules'), { form, ...call })
    },
    removeFirewallRule(
      guest: GuestRef,
      position: number,
      digest: string | null,
      call?: Call,
    ): Promise<Outcome<null>> {
      const query = digest === null ? {} : { digest }
      return write('DELETE', pathOf(guest, 'rules', String(position)), { query, ...call })
    },
    makeSources(guest: GuestRef, call?: Call): Promise<Outcome<null>> {
      return write('POST', pathOf(guest, 'ipset'), { form: { name: IPFILTER }, ...call })
    },
    addSource(guest: GuestRef, cidr: string, call?: Call): Promise<Outcome<null>> {
      return write('POST', pathOf(guest, 'ipset', IPFILTER), { form: { cidr }, ...call })
    },
    removeSource(guest: GuestRef, cidr: string, call?: Call): Promise<Outcome<null>> {
      return write('DELETE', pathOf(guest, 'ipset', IPFILTER, cidr), { ...call })
    },
  }
}

const cidrs = (data: unknown): string[] => asRows(data).map((row) => asText(row.cidr))

function readOptions(data: unknown): { options: Record<string, string>; optionsDigest: string } {
  const { digest, ...options } = asRow(data)
  return {
    options: Object.fromEntries(Object.entries(options).map(([key, value]) => [key, asText(value)])),
    optionsDigest: asText(digest),
  }
}

const optional = (value: unknown) => (value === undefined || value === null ? null : asText(value))
const KNOWN = new Set([
  'type',
  'action',
  'proto',
  'dport',
  'source',
  'dest',
  'comment',
  'enable',
  'pos',
  'digest',
])

/** A rule that says more than we ever write, or is switched off, is a stranger's: its `other` names it. */
function readRule(row: Row): { rule: FirewallRule; digest: string } {
  const more = Object.keys(row).filter((key) => !KNOWN.has(key))
  const direction = row.type === 'in' || row.type === 'out' ? row.type : null
  const off = asNumber(row.enable, 0) === 0 ? ['off'] : []
  return {
    digest: asText(row.digest),
    rule: {
      direction: direction ?? 'in',
      action: asText(row.action),
      proto: optional(row.proto),
      dport: optional(row.dport),
      source: optional(row.source),
      dest: optional(row.dest),
      comment: optional(row.comment) ?? '',
      other: [...(direction === null ? [asText(row.type)] : []), ...off, ...more].join(' '),
    },
  }
}
