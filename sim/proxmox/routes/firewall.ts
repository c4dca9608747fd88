import { createHash } from 'node:crypto'
import { die, paramError } from '../errors.ts'
import { checkFirewallRule, OPTIONS, POLICY, RULE } from '../firewallRules.ts'
import { splitList } from '../formats.ts'
import { assertWritable } from '../guests.ts'
import type { Firewall, GuestKind } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, req, str } from '../schema.ts'
import type { Schema } from '../schemaTypes.ts'
import type { World } from '../world.ts'

/**
 * The firewall of machines and containers, and whether that of the cluster is on. It filters nothing here. Nobody looks
 * whether there is such a guest.
 */

const see = { path: '/vms/{vmid}', privileges: ['VM.Audit'] }
const change = { path: '/vms/{vmid}', privileges: ['VM.Config.Network'] }
const digest = str({ maxLength: 64 })
const NAME = /[A-Za-z][A-Za-z0-9\-_]+/
const name = req(str({ pattern: NAME, minLength: 2, maxLength: 64 }))
const cidr = req(str({ format: 'IPorCIDRorAlias' }))
const action = str({ pattern: NAME, minLength: 2, maxLength: 20 })
const type = str({ enum: ['in', 'out', 'forward', 'group'] })
const pos = int({ min: 0 })
const CHANGED = 'detected modified configuration - file changed by other user? Try again.'

/** Each part of the file has a digest of its own; nothing has that of nothing. */
const digestOf = (part: object): string =>
  createHash('sha1')
    .update(Object.keys(part).length === 0 ? '' : JSON.stringify(part))
    .digest('hex')

function requireDigest(call: Call, part: object): void {
  const given = call.params.digest
  if (given !== undefined && given !== digestOf(part)) die(CHANGED)
}

const emptied = (): Firewall => ({ options: {}, rules: [], ipsets: {} })

function write(call: Call, kind: GuestKind, work: (firewall: Firewall) => void): null {
  const { world, node, vmid } = call
  assertWritable(world, { node, kind, vmid })
  const firewall = world.state.firewalls[vmid] ?? emptied()
  world.state.firewalls[vmid] = firewall
  work(firewall)
  world.changed()
  return null
}

const read = ({ world, vmid }: Call): Firewall => world.state.firewalls[vmid] ?? emptied()

const shown = (params: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(params).map(([key, value]) => [
      key,
      ['boolean', 'integer'].includes({ ...OPTIONS, ...RULE }[key]?.type ?? '') ? Number(value) : value,
    ]),
  )

const picked = (schema: Schema, params: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(params).filter(([key]) => key in schema))

const ruleAt = (rules: Firewall['rules'], { params }: Call) =>
  rules[Number(params.pos)] ?? die(`no rule at position ${params.pos}`)

const setOf = (firewall: Firewall, { params }: Call) =>
  firewall.ipsets[params.name ?? ''] ?? die(`no such IPSet '${params.name}'`)

function optionRoutes(kind: GuestKind, base: string): Route[] {
  return [
    {
      method: 'GET',
      path: `${base}/options`,
      allow: see,
      run: (call) => {
        const { options } = read(call)
        return { ...shown(options), digest: digestOf(options) }
      },
    },
    {
      method: 'PUT',
      path: `${base}/options`,
      allow: change,
      schema: { ...OPTIONS, delete: str({ format: 'pve-configid-list' }), digest },
      run: (call) =>
        write(call, kind, ({ options }) => {
          requireDigest(call, options)
          for (const key of splitList(call.params.delete ?? '')) {
            if (!(key in OPTIONS)) paramError({ delete: `no such option '${key}'` })
            delete options[key]
          }
          Object.assign(options, picked(OPTIONS, call.params))
        }),
    },
  ]
}

function ruleRoutes(kind: GuestKind, base: string): Route[] {
  const schema = { ...RULE, action, type }
  return [
    {
      method: 'GET',
      path: `${base}/rules`,
      allow: see,
      run: (call) => {
        const { rules } = read(call)
        return rules.map((rule, at) => ({ ...shown(rule), pos: at, digest: digestOf(rules) }))
      },
    },
    {
      method: 'POST',
      path: `${base}/rules`,
      allow: change,
      schema: { ...schema, action: req(action), type: req(type), digest, pos },
      run: (call) =>
        write(call, kind, ({ rules }) => {
          requireDigest(call, rules)
          const rule = picked(schema, call.params)
          checkFirewallRule(rule)
          rules.unshift({ enable: '0', ...rule })
        }),
    },
    {
      method: 'GET',
      path: `${base}/rules/{pos}`,
      allow: see,
      run: (call) => {
        const { rules } = read(call)
        return { ...shown(ruleAt(rules, call)), pos: call.params.pos, digest: digestOf(rules) }
      },
    },
    {
      method: 'PUT',
      path: `${base}/rules/{pos}`,
      allow: change,
      schema: { ...schema, delete: str({ format: 'pve-configid-list' }), digest, moveto: pos },
      run: (call) =>
        write(call, kind, ({ rules }) => {
          requireDigest(call, rules)
          const rule = ruleAt(rules, call)
          if (call.params.moveto !== undefined) {
            const to = Number(call.params.moveto)
            const from = rules.indexOf(rule)
            rules.splice(from, 1)
            rules.splice(to > from ? to - 1 : to, 0, rule)
            return
          }
          const next = { ...rule, ...picked(schema, call.params) }
          for (const key of splitList(call.params.delete ?? '')) delete next[key]
          checkFirewallRule(next)
          rules[rules.indexOf(rule)] = next
        }),
    },
    {
      method: 'DELETE',
      path: `${base}/rules/{pos}`,
      allow: change,
      schema: { digest },
      run: (call) =>
        write(call, kind, ({ rules }) => {
          requireDigest(call, rules)
          rules.splice(rules.indexOf(ruleAt(rules, call)), 1)
        }),
    },
  ]
}

function ipsetRoutes(kind: GuestKind, base: string): Route[] {
  const one = `${base}/ipset/{name}`
  return [
    {
      method: 'GET',
      path: `${base}/ipset`,
      allow: see,
      run: (call) => {
        const { ipsets } = read(call)
        return Object.keys(ipsets)
          .toSorted()
          .map((set) => ({ name: set, digest: digestOf(ipsets) }))
      },
    },
    {
      method: 'POST',
      path: `${base}/ipset`,
      allow: change,
      schema: { name, comment: str(), digest, rename: str({ pattern: NAME, minLength: 2, maxLength: 64 }) },
      run: (call) =>
        write(call, kind, ({ ipsets }) => {
          const { name: set = '' } = call.params
          if (ipsets[set]) paramError({ name: `IPSet '${set}' already exists` })
          ipsets[set] = []
        }),
    },
    {
      method: 'DELETE',
      path: one,
      allow: change,
      schema: { force: bool() },
      run: (call) =>
        write(call, kind, (firewall) => {
          const { name: set = '', force } = call.params
          if (setOf(firewall, call).length > 0 && force !== '1') die(`IPSet '${set}' is not empty`)
          delete firewall.ipsets[set]
        }),
    },
    {
      method: 'GET',
      path: one,
      allow: see,
      run: (call) => {
        const set = setOf(read(call), call)
        return set.map((entry) => ({ cidr: entry, digest: digestOf(set) }))
      },
    },
    {
      method: 'POST',
      path: one,
      allow: change,
      schema: { cidr, comment: str(), nomatch: bool() },
      run: (call) =>
        write(call, kind, (firewall) => {
          const set = setOf(firewall, call)
          const { cidr: entry = '' } = call.params
          if (set.includes(entry)) paramError({ cidr: `address '${entry}' already exists` })
          set.unshift(entry)
        }),
    },
    {
      method: 'DELETE',
      path: `${one}/{cidr}`,
      allow: change,
      schema: { digest },
      run: (call) =>
        write(call, kind, (firewall) => {
          const set = setOf(firewall, call)
          requireDigest(call, set)
          const at = set.indexOf(call.params.cidr ?? '')
          if (at >= 0) set.splice(at, 1)
        }),
    },
  ]
}

export const firewallRoutes: Route[] = [
  ...(['qemu', 'lxc'] as const).flatMap((kind): Route[] => {
    const base = `/nodes/{node}/${kind}/{vmid}/firewall`
    return [
      {
        method: 'GET',
        path: base,
        allow: 'all',
        run: () => ['rules', 'aliases', 'ipset', 'refs', 'options'].map((part) => ({ name: part })),
      },
      ...optionRoutes(kind, base),
      ...ruleRoutes(kind, base),
      ...ipsetRoutes(kind, base),
    ]
  }),
  {
    method: 'GET',
    path: '/cluster/firewall/options',
    allow: { path: '/', privileges: ['Sys.Audit'] },
    run: ({ world }) => ({ ...clusterOptions(world), digest: digestOf(clusterOptions(world)) }),
  },
  {
    method: 'PUT',
    path: '/cluster/firewall/options',
    allow: { path: '/', privileges: ['Sys.Modify'] },
    // Only whether it is on is kept: nothing is filtered here.
    schema: {
      enable: int({ min: 0 }),
      policy_in: POLICY,
      policy_out: POLICY,
      policy_forward: str({ enum: ['ACCEPT', 'DROP'] }),
      ebtables: bool(),
      log_ratelimit: str(),
      delete: str({ format: 'pve-configid-list' }),
      digest,
    },
    run: ({ world, params }) => {
      if (params.enable !== undefined) world.state.firewallOn = Number(params.enable) > 0
      world.changed()
      return null
    },
  },
]

const clusterOptions = (world: World) => (world.state.firewallOn ? { enable: 1 } : {})
