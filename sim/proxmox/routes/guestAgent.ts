import { die } from '../errors.ts'
import { isRunning, loadGuest } from '../guests.ts'
import { runScript } from '../guestShell.ts'
import type { Guest, Inside } from '../model.ts'
import type { Allow, Call, Route } from '../route.ts'
import { bool, int, req, str } from '../schema.ts'

/** The agent inside virtual machines: it answers while the machine runs and is configured to have one. */

const MAX_CONTENT = 60 * 1024
const unrestricted: Allow = { path: '/vms/{vmid}', privileges: ['VM.GuestAgent.Unrestricted'] }
const path = (what: string): string => `/nodes/{node}/qemu/{vmid}/agent/${what}`

export const guestAgentRoutes: Route[] = [
  {
    method: 'POST',
    path: path('file-write'),
    allow: {
      path: '/vms/{vmid}',
      privileges: ['VM.GuestAgent.FileWrite', 'VM.GuestAgent.Unrestricted'],
      any: true,
    },
    schema: {
      file: req(str()),
      content: req(str({ maxLength: MAX_CONTENT })),
      encode: bool(),
    },
    run: (call) => {
      const { file = '', content = '', encode } = call.params
      const { files } = insideOf(call)
      const text = encode === '0' ? Buffer.from(content, 'base64').toString('utf8') : content
      files[file] = { content: text, mode: files[file]?.mode ?? '644' }
      call.world.changed()
      return null
    },
  },
  {
    method: 'POST',
    path: path('exec'),
    allow: unrestricted,
    schema: { command: req({ type: 'array' }), 'input-data': str({ maxLength: 65_536 }) },
    run: (call) => {
      const inside = insideOf(call)
      const command = call.params['input-data'] ?? call.params.command ?? ''
      const pid = 1000 + inside.runs.length
      inside.runs.push({ pid, command, ...runScript(inside, command) })
      call.world.changed()
      return { pid }
    },
  },
  {
    method: 'GET',
    path: path('exec-status'),
    allow: unrestricted,
    schema: { pid: req(int()) },
    run: (call) => {
      const run = insideOf(call).runs.find(({ pid }) => pid === Number(call.params.pid))
      if (!run) return die(`Agent error: PID ${call.params.pid} does not exist`)
      return {
        exited: 1,
        exitcode: run.code,
        ...(run.said === '' ? {} : run.code === 0 ? { 'out-data': run.said } : { 'err-data': run.said }),
      }
    },
  },
]

function insideOf({ world, node, vmid }: Call): Inside {
  const guest: Guest = loadGuest(world, node, 'qemu', vmid)
  if (!isRunning(guest)) die(`VM ${vmid} is not running`)
  const agent = guest.config.agent ?? '0'
  if (!/^(?:1|enabled=1)/.test(agent)) die('No QEMU guest agent configured')
  return (guest.inside ??= { files: {}, runs: [] })
}
