import { existsSync } from 'node:fs'
import type { Config } from './config.ts'
import type { Deps } from './deps.ts'
import { StartupError } from './errors.ts'
import { verify } from './services/audit/verify.ts'
import { verifyFile } from './services/audit/verifyFile.ts'

const INTACT = 0
const TAMPERED = 1

export type VerifyOptions = {
  file?: string | undefined
  /** More than one where a key was lost and followed by another. */
  key?: readonly string[] | undefined
  checkpoints?: string | undefined
}
type Say = (line: string) => void

const unchecked =
  (what: string) =>
  (error: unknown): never => {
    throw new StartupError(`${what} could not be checked: ${(error as Error).message}`)
  }

/** The whole log in the database. @returns the exit code */
export async function verifyDatabase(
  { root }: Deps,
  config: Config,
  given: string | undefined,
  say: Say,
): Promise<number> {
  const file = given ?? (existsSync(config.auditCheckpoints) ? config.auditCheckpoints : undefined)
  const verdict = await verify(root, file).catch(unchecked('The audit log'))
  const { batches, events, archived, unsealed, findings } = verdict
  for (const finding of findings) say(finding)
  say(`${events} events in ${batches} batches, ${unsealed} not sealed yet; ${comparedWith(file)}`)
  if (archived > 0) say(`${archived} of them are in archives: check those files with --file`)
  say(findings.length === 0 ? 'the audit log is intact' : 'the audit log was tampered with')
  return findings.length === 0 ? INTACT : TAMPERED
}

/** An exported file or an archive, without a database. @returns the exit code */
export async function verifyExport(
  file: string,
  { checkpoints, key }: VerifyOptions,
  say: Say,
): Promise<number> {
  const verdict = await verifyFile(file, { checkpoints, trusted: key }).catch(unchecked(file))
  const { events, batches, complete, withheld, unsealed, archived, publicKey, findings } = verdict
  for (const finding of findings) say(finding)
  say(`${events} events of ${batches} batches; signed by ${publicKey ?? 'nobody'}`)
  if (key === undefined && checkpoints === undefined)
    say('that key is the file’s own word: compare it, or give --key or --checkpoints')
  if (!complete)
    say('the file is a part of the log: what is in it can be proven, not that nothing is left out')
  if (withheld > 0) say(`${withheld} events are without their details: only their hash can be proven`)
  if (unsealed > 0) say(`${unsealed} events were not sealed yet when the file was written`)
  if (archived > 0) say(`${archived} events are in archives instead`)
  say(findings.length === 0 ? 'the file is intact' : 'the file was tampered with')
  return findings.length === 0 ? INTACT : TAMPERED
}

const comparedWith = (file: string | undefined): string =>
  file === undefined
    ? 'no checkpoints to compare with: a cut at the end would not show'
    : `compared with ${file}`
