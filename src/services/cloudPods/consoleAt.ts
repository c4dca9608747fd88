import type { PodRow } from '../../db/cloudPods.ts'
import type { GuestConsole, GuestRef, Outcome, Proxmox } from '../../integrations/proxmox/types.ts'

/** What the holder of a console reads when it cannot be opened; those who run the infrastructure read `raw` as well. */
const WORDS = {
  not_ours: 'The machine in this place is not the one that mPanel made. Your provider must look at it.',
  lost: 'The machine of this CloudPod cannot be found at the moment.',
  not_running: 'The CloudPod is not running: start it first.',
  unreachable: 'The console cannot be reached at the moment. Try again later.',
  refused: 'The console was refused. Your provider sees the details.',
} as const

export class ConsoleRefused extends Error {
  readonly code: keyof typeof WORDS
  readonly raw: string | null

  constructor(code: keyof typeof WORDS, raw: string | null = null) {
    super(WORDS[code])
    this.code = code
    this.raw = raw
  }
}

const PASSING = new Set(['unreachable', 'busy', 'no_quorum', 'locked'])

function valueOf<T>(answer: Outcome<T>): T {
  if (answer.outcome === 'ok') return answer.value
  if (answer.outcome !== 'rejected')
    throw new ConsoleRefused('unreachable', 'message' in answer ? answer.message : null)
  const { code, message } = answer
  if (code === 'missing') throw new ConsoleRefused('lost', message)
  if (code === 'conflict') throw new ConsoleRefused('not_running', message)
  throw new ConsoleRefused(PASSING.has(code) ? 'unreachable' : 'refused', message)
}

/**
 * Opens the console of the pod's own guest, wherever it is. Whose it is is read before, so that nothing is opened at a
 * stranger's, and once more after, for what was opened belongs to the VMID and not to the guest.
 * @throws ConsoleRefused
 */
export async function openConsoleOf(
  proxmox: Proxmox,
  pod: Pick<PodRow, 'id' | 'vmid' | 'kind'>,
  signal: AbortSignal,
): Promise<GuestConsole> {
  const guest = valueOf(await proxmox.locate(pod.vmid, { signal }))
  if (!guest) throw new ConsoleRefused('lost', `the cluster lists no guest ${pod.vmid}`)
  await requireOurs(proxmox, pod, guest, signal)
  const { status } = valueOf(await proxmox.status(guest, { signal }))
  if (status !== 'running') throw new ConsoleRefused('not_running', `guest ${pod.vmid} is ${status}`)
  const opened = valueOf(await proxmox.openConsole(guest, { signal }))
  try {
    await requireOurs(proxmox, pod, guest, signal)
    return opened
  } catch (error) {
    opened.stream.destroy()
    throw error
  }
}

async function requireOurs(
  proxmox: Proxmox,
  pod: Pick<PodRow, 'id' | 'vmid' | 'kind'>,
  guest: GuestRef,
  signal: AbortSignal,
): Promise<void> {
  const { description } = valueOf(await proxmox.config(guest, { signal }))
  if (guest.kind === pod.kind && proxmox.words.parseMarker(description)?.podId === pod.id) return
  throw new ConsoleRefused(
    'not_ours',
    `VMID ${pod.vmid} on ${guest.node} is held by a guest without the mark of this pod`,
  )
}
