import { sleep } from '../lib/backoff.ts'
import type { Outcome } from '../lib/outcome.ts'
import { sslInstall as declared, type InstallPayload } from '../services/sslQueues.ts'
import * as sslService from '../services/sslService.ts'
import { ours, type Own } from './cloudPodGuest.ts'
import { JobError, permanent, valueOf } from './errors.ts'
import type { Delivered } from './sslDeliver.ts'
import type { JobHandler, Run } from './steps.ts'

type InstallRun = Run<InstallPayload>

/** How long a command inside the guest is waited for. */
const PATIENCE_MS = 60_000
const MAX_SAID = 300

/** What the agent has answered; in our own words, as the tenant reads them. @throws JobError */
function heard<T>(outcome: Outcome<T>): T {
  if (outcome.outcome === 'rejected' && outcome.code === 'conflict')
    throw new JobError(
      'retry',
      'guest_away',
      'The machine is off, or has no guest agent that answers: qemu-guest-agent is needed in it, and the option that it has one.',
    )
  if (outcome.outcome === 'rejected' && outcome.code === 'forbidden')
    throw permanent(
      'guest_forbidden',
      'mPanel may not use guest agents on this cluster: whoever runs it gives the token VM.GuestAgent.Unrestricted.',
    )
  return valueOf(outcome)
}

/** What else goes wrong is told to those who run the infrastructure, by the job. */
const OWN = new Set([
  'cancelled',
  'guest_away',
  'guest_forbidden',
  'guest_refused',
  'guest_slow',
  'reload_failed',
])
const told = (error: { code: string; message: string }) =>
  OWN.has(error.code) ? error : { ...error, message: 'It could not be installed in the machine.' }

/** Runs a script inside the guest, as root. */
async function inside(
  run: InstallRun,
  { guest: { proxmox }, ref }: Own,
  script: string,
): Promise<{ code: number; said: string }> {
  const { pid } = heard(await proxmox.runInGuest(ref, script, run))
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const seen = heard(await proxmox.guestRun(ref, pid, run))
    if (seen.exited) return { code: seen.code, said: seen.said.trim().slice(-MAX_SAID) }
    await sleep(run.options.pollTaskMs, run.signal)
  }
  throw new JobError('retry', 'guest_slow', 'A command inside the machine has not ended within a minute.')
}

/** Paths hold no quotes: the API takes letters, digits and `_.@+-/` only. */
const quoted = (path: string): string => `'${path}'`

/** Files that the server reads are put in place by renaming; what was there before is kept beside them. */
const putInPlace = (path: string): string[] => {
  const [now, next, old] = [quoted(path), quoted(`${path}.mpanel-new`), quoted(`${path}.mpanel-old`)]
  return [`cmp -s ${next} ${now} || cp -p ${now} ${old} || true`, `mv -f ${next} ${now}`]
}

const putBack = (path: string): string[] => [
  `test ! -f ${quoted(`${path}.mpanel-old`)} || mv -f ${quoted(`${path}.mpanel-old`)} ${quoted(path)}`,
]

const script = (lines: readonly string[]): string => ['set -e', ...lines, ''].join('\n')

/** @throws JobError when a script that is ours fails */
async function must(run: InstallRun, own: Own, lines: readonly string[]): Promise<void> {
  const { code, said } = await inside(run, own, script(lines))
  if (code !== 0)
    throw permanent(
      'guest_refused',
      `The files could not be written in the machine: ${said || `exit ${code}`}`,
    )
}

/**
 * Writes chain and key, and has the server read them. When it refuses them, it gets back what it had: the old certificate is
 * served until the new one is.
 */
async function install(run: InstallRun): Promise<Delivered> {
  const delivery = await run.read((ctx) => sslService.openDelivery(ctx, run.payload))
  if (delivery === null) return null
  const { target, version, keyPem } = delivery
  const [chainPath, keyPath, reload] = [target.chain_path ?? '', target.key_path ?? '', target.reload ?? '']
  const own = await ours(run)
  const { proxmox } = own.guest
  const files = [
    [keyPath, keyPem],
    [chainPath, version.chain_pem],
  ] as const
  // Nobody else in the guest may read them, from the first byte on.
  await must(
    run,
    own,
    files.map(([path]) => `install -m 600 /dev/null ${quoted(`${path}.mpanel-new`)}`),
  )
  for (const [path, text] of files)
    heard(await proxmox.writeGuestFile(own.ref, `${path}.mpanel-new`, text, run))
  await must(
    run,
    own,
    files.flatMap(([path]) => putInPlace(path)),
  )
  const { code, said } = await inside(run, own, `${reload}\n`)
  if (code === 0) return { id: version.id, fingerprint: version.fingerprint }
  await must(
    run,
    own,
    files.flatMap(([path]) => putBack(path)),
  )
  await inside(run, own, `${reload}\n`)
  throw permanent(
    'reload_failed',
    `"${reload}" ended with ${code}${said === '' ? '' : ` (${said})`}: the files from before were put back.`,
  )
}

/** Installs the current version of a certificate inside a pod's VM, through its guest agent. */
export const sslInstall: JobHandler<InstallPayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  failed: (ctx, payload, error) => sslService.markDeliveryFailed(ctx, payload, told(error)),
  steps: [
    { name: 'install', title: 'Installing the certificate in the guest', run: install, idempotent: true },
    {
      name: 'note',
      title: 'Writing it down',
      commit: async (ctx, run) => {
        const delivered = run.output('install') as Delivered
        if (delivered !== null) await sslService.markDelivered(ctx, run.payload, delivered)
      },
    },
  ],
}
