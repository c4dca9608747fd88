import { createHash } from 'node:crypto'
import { die } from '../errors.ts'
import { assertQuorum } from '../guests.ts'
import { kick, sidOf } from '../ha.ts'
import type { HaResource } from '../model.ts'
import type { Call, Route } from '../route.ts'
import { bool, int, req, str } from '../schema.ts'
import { splitList } from '../formats.ts'
import { guestList, quorate } from '../world.ts'
import type { World } from '../world.ts'

/** Which guests the high availability looks after, and what is asked of each. */

const audit = { path: '/', privileges: ['Sys.Audit'] }
const change = { path: '/', privileges: ['Sys.Console'] }
const state = str({ enum: ['started', 'stopped', 'enabled', 'disabled', 'ignored'] })
const type = str({ enum: ['ct', 'vm'] })
const settings = {
  comment: str({ maxLength: 4096 }),
  failback: bool(),
  group: str({ format: 'pve-configid' }),
  max_relocate: int({ min: 0 }),
  max_restart: int({ min: 0 }),
}
const one = '/cluster/ha/resources/{sid}'

export const haRoutes: Route[] = [
  {
    method: 'GET',
    path: '/cluster/ha/resources',
    allow: audit,
    schema: { type },
    run: ({ world, params }) =>
      Object.keys(world.state.ha)
        .toSorted()
        .filter((sid) => params.type === undefined || sid.startsWith(`${params.type}:`))
        .map((sid) => row(world, sid)),
  },
  {
    method: 'POST',
    path: '/cluster/ha/resources',
    allow: change,
    schema: { ...settings, sid: req(str({ format: 'pve-ha-resource-or-vm-id' })), state, type },
    run: create,
  },
  { method: 'GET', path: one, allow: audit, run: (call) => row(call.world, known(call)) },
  {
    method: 'PUT',
    path: one,
    allow: change,
    schema: {
      ...settings,
      state,
      delete: str({ format: 'pve-configid-list', maxLength: 4096 }),
      digest: str({ maxLength: 64 }),
    },
    run: update,
  },
  {
    method: 'DELETE',
    path: one,
    allow: change,
    schema: { purge: bool() },
    run: (call) => {
      const sid = sidIn(call)
      if (!call.world.state.ha[sid]) die(`cannot delete service '${sid}' - not HA managed!`)
      assertQuorum(call.world)
      delete call.world.state.ha[sid]
      call.world.changed()
      return null
    },
  },
  {
    method: 'GET',
    path: '/cluster/ha/status/current',
    allow: audit,
    run: ({ world }) => [
      {
        id: 'quorum',
        node: world.entryNode,
        quorate: quorate(world) ? 1 : 0,
        status: quorate(world) ? 'OK' : 'No quorum on this node!',
        type: 'quorum',
      },
      ...Object.entries(world.state.ha)
        .filter(([, { state: asked }]) => asked !== 'ignored')
        .map(([sid, { state: asked, seen }]) => ({
          id: `service:${sid}`,
          sid,
          type: 'service',
          node: guestList(world).find((guest) => sidOf(guest) === sid)?.node ?? '',
          request_state: asked,
          state: seen ?? 'queued',
          crm_state: seen ?? 'queued',
          status: `${sid} (${seen ?? 'queued'})`,
        })),
    ],
  },
]

/** A bare number is the guest that has it. */
function sidIn({ world, params }: Call): string {
  const { sid = '' } = params
  if (sid.includes(':')) return sid
  const guest = world.state.guests[Number(sid)]
  return guest ? sidOf(guest) : `vm:${sid}`
}

function known(call: Call): string {
  const sid = sidIn(call)
  return call.world.state.ha[sid] ? sid : die(`no such resource '${sid}'`)
}

const digestOf = (world: World): string =>
  createHash('sha1')
    .update(JSON.stringify(Object.entries(world.state.ha).map(([sid, { state: asked }]) => [sid, asked])))
    .digest('hex')

function row(world: World, sid: string) {
  const resource = world.state.ha[sid]
  return {
    sid,
    type: sid.split(':')[0],
    state: resource?.state,
    ...resource?.settings,
    digest: digestOf(world),
  }
}

/** `enabled` is another word for `started`. */
const asked = (given: string | undefined): HaResource['state'] =>
  given === undefined || given === 'enabled' ? 'started' : (given as HaResource['state'])

const settingsIn = ({ params }: Call): Record<string, string> =>
  Object.fromEntries(
    Object.keys(settings).flatMap((key) => (params[key] === undefined ? [] : [[key, params[key]]])),
  )

function create(call: Call): null {
  const { world, params } = call
  const sid = sidIn(call)
  if (params.type !== undefined && params.type !== sid.split(':')[0])
    die(`resource type mismatch: '${params.type}' and '${sid}'`)
  if (!guestList(world).some((guest) => sidOf(guest) === sid))
    die(`resource '${sid}' does not exist in cluster`)
  if (world.state.ha[sid]) die(`resource ID '${sid}' already defined`)
  assertQuorum(world)
  world.state.ha[sid] = { state: asked(params.state), seen: null, settings: settingsIn(call) }
  world.changed()
  kick(world, sid)
  return null
}

function update(call: Call): null {
  const { world, params } = call
  const sid = known(call)
  const resource = world.state.ha[sid]
  if (!resource) return null
  if (params.digest !== undefined && params.digest !== digestOf(world))
    die('detected modified configuration - file changed by other user? Try again.')
  assertQuorum(world)
  for (const key of splitList(params.delete ?? '')) delete resource.settings[key]
  if (params.delete !== undefined && splitList(params.delete).includes('state')) resource.state = 'started'
  if (params.state !== undefined) resource.state = asked(params.state)
  Object.assign(resource.settings, settingsIn(call))
  world.changed()
  kick(world, sid)
  return null
}
