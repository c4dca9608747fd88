import { z } from 'zod'
import { id, listQuery, timestamp } from './common.ts'
import { job } from './provisioning.ts'
import { DIRECTIONS, MAX_GROUPS, PROTOCOLS, RULE_ACTIONS } from '../states/cloudPodFirewall.ts'

const network = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])
  .transform((text) =>
    text
      .toLowerCase()
      .replace(/\/(?:32|128)$/, (end) => (text.includes(':') === (end === '/128') ? '' : end)),
  )

/** `22`, `80,443`, `8000:8100` */
const ports = z
  .string()
  .trim()
  .max(200)
  .refine(arePorts, 'ports such as 22, 80,443 or 8000:8100, each from 1 to 65535')

function arePorts(text: string): boolean {
  return text.split(',').every((part) => {
    if (!/^\d{1,5}(?::\d{1,5})?$/.test(part)) return false
    const [first = 0, last = first] = part.split(':').map(Number)
    return first >= 1 && last <= 65_535 && first <= last
  })
}

/** As it is kept and shown. */
const rule = z.object({
  direction: z.enum(DIRECTIONS),
  action: z.enum(RULE_ACTIONS),
  protocol: z.enum(PROTOCOLS),
  /** Of the destination; only of tcp and udp. */
  ports: z.string().nullable(),
  source: z.string().nullable(),
  destination: z.string().nullable(),
  comment: z.string(),
})
export type SecurityRule = z.infer<typeof rule>

const typedRule = z.strictObject({
  direction: z.enum(DIRECTIONS),
  action: z.enum(RULE_ACTIONS),
  protocol: z.enum(PROTOCOLS).default('any'),
  ports: ports.nullable().default(null),
  source: network.nullable().default(null),
  destination: network.nullable().default(null),
  comment: z
    .string()
    .trim()
    .max(100)
    .regex(/^[^\p{Cc}#]*$/u, 'one line without #')
    .default(''),
})

const isV6 = (text: string): boolean => text.includes(':')
const sound = typedRule.superRefine(({ protocol, ports: given, source, destination }, ctx) => {
  const fault = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
  if (given !== null && protocol !== 'tcp' && protocol !== 'udp')
    fault('ports', 'Only tcp and udp have ports: choose one of them.')
  if (source !== null && destination !== null && isV6(source) !== isV6(destination))
    fault('destination', 'Source and destination are both IPv4 or both IPv6.')
})

/** Of a pod under several groups the rules are asked in the order of its groups, and of each in its order. */
const rules = z.array(sound).max(50)

export const securityGroup = z.object({
  id,
  /** Null: of the platform, for every tenant. */
  tenantId: id.nullable(),
  name: z.string(),
  description: z.string(),
  rules: z.array(rule),
  /** How many pods are under it, of those that the caller sees. */
  pods: z.number().int(),
  version: z.number().int(),
  createdAt: timestamp,
  updatedAt: timestamp,
})
export type SecurityGroup = z.infer<typeof securityGroup>

const name = z.string().trim().min(1).max(100)
const description = z.string().trim().max(500)
export const securityGroupCreate = z.strictObject({
  tenantId: id.nullable(),
  name,
  description: description.default(''),
  rules: rules.default([]),
})
export type SecurityGroupCreate = z.infer<typeof securityGroupCreate>

/** What is not named stays; the rules as a whole. */
export const securityGroupUpdate = z.strictObject({ name, description, rules }).partial()
export type SecurityGroupUpdate = z.infer<typeof securityGroupUpdate>

export const securityGroupList = listQuery
/** The jobs that put a change in force, one a pod that is under the group. */
export const securityGroupChanged = z.object({ group: securityGroup, jobs: z.number().int() })

export const cloudPodFirewall = z.object({
  /** False: its firewall is left as it is until it is put under groups, or under none. */
  managed: z.boolean(),
  /** Whether the cluster filters at all; null: it did not say. */
  clusterOn: z.boolean().nullable(),
  /** What comes in without a rule for it. */
  otherwise: z.enum(['accept', 'drop']),
  groups: z.array(securityGroup),
  /** Since when it was read back as it should be; null: not yet. */
  provenAt: timestamp.nullable(),
  problem: z.string().nullable(),
})
export type CloudPodFirewall = z.infer<typeof cloudPodFirewall>

export const cloudPodFirewallUpdate = z.strictObject({ groupIds: z.array(id).max(MAX_GROUPS) })
export const firewallAccepted = z.object({ firewall: cloudPodFirewall, job })
