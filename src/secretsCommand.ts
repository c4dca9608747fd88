import { parseArgs } from 'node:util'
import type { Config } from './config.ts'
import type { Deps } from './deps.ts'
import { StartupError } from './errors.ts'
import { openWithAnyKey } from './openInstallation.ts'
import { counted } from './services/provisioningService.ts'
import {
  giveUp,
  isAnyLost,
  lookForLoss,
  NOTHING,
  type LossReport,
} from './services/provisioningSecretLossService.ts'

type WithDatabase = (
  config: Config,
  work: (deps: Deps) => Promise<void>,
  opened: typeof openWithAnyKey,
) => Promise<void>

/**
 * Shows what is lost with a lost secret key; with `--confirm` and the number of it the installation goes on with the
 * present one. @throws StartupError
 */
export const loseSecrets = (
  config: Config,
  args: string[],
  withDatabase: WithDatabase,
  say: (line: string) => void,
): Promise<void> => {
  const confirmed = confirmedBy(args)
  return withDatabase(
    config,
    async ({ root }) => {
      const report = await (confirmed === undefined ? lookForLoss(root) : giveUp(root, confirmed))
      if (!isAnyLost(report)) return say(NOTHING)
      tell(report, confirmed !== undefined, say)
    },
    openWithAnyKey,
  )
}

function tell({ total, kinds, ofAuditLog }: LossReport, isDone: boolean, say: (line: string) => void): void {
  say(
    isDone
      ? 'Marked as lost:'
      : 'These secrets open with no key that is set, and would be lost for good. Nothing is changed yet.',
  )
  for (const { what, cure, n, names } of kinds) say(`  ${counted(what, n, names)}\n      ${cure}`)
  if (ofAuditLog)
    say(
      '  the key that signs the audit log\n      A new one signs from now on; what the old one has signed is still checked by its public key.',
    )
  if (isDone)
    say('Start mPanel with this key, and keep it twice. `mpanel doctor` names what waits for its secret.')
  else
    say(
      `If the key may still be anywhere (another machine, a service manager’s file, a password store, a backup of secret.key), set it, and nothing is lost. Else take a backup of the database, stop every process, and run: mpanel secrets lost --confirm ${total}`,
    )
}

/** @throws StartupError for what is no number */
function confirmedBy(args: string[]): number | undefined {
  let given: string | undefined
  try {
    given = parseArgs({ args, options: { confirm: { type: 'string' } } }).values.confirm
  } catch (error) {
    throw new StartupError((error as Error).message)
  }
  if (given !== undefined && !/^\d{1,9}$/.test(given))
    throw new StartupError('--confirm takes the number that `mpanel secrets lost` has shown.')
  return given === undefined ? undefined : Number(given)
}
