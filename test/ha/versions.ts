import { spawnSync } from 'node:child_process'
import { mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { THIS_VERSION } from '../chaos/world.ts'

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
  return stdout.trim()
}

/** The commit before the newest migration: what an upgrade to this version finds running. */
export const versionBefore = (): string =>
  run(THIS_VERSION, 'git', 'log', '-1', '--diff-filter=A', '--format=%h^', '--', 'migrations/0*.sql')

/** The sources of a revision with the packages it was made with, in a folder of their own. */
export function unpackVersion(revision: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'mpanel-before-'))
  run(folder, 'sh', '-c', `git -C '${THIS_VERSION}' archive '${revision}' | tar -x`)
  const same = spawnSync('cmp', [
    '-s',
    join(folder, 'package-lock.json'),
    join(THIS_VERSION, 'package-lock.json'),
  ])
  if (same.status === 0) symlinkSync(join(THIS_VERSION, 'node_modules'), join(folder, 'node_modules'))
  else run(folder, 'npm', 'ci', '--no-audit', '--no-fund')
  return folder
}
