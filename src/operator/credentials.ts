import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createClient, type Connection, type MPanel } from '../../packages/client/src/index.ts'
import type { OperatorConfig } from '../config.ts'
import { CommandFailed, EXIT, wrongUse } from './failures.ts'

export type Kept = { url: string; credential: NonNullable<Connection['credential']> }

/** Whose credential counts: that of the environment, or else the one that `login` has kept. @throws CommandFailed */
export async function connectionOf(config: OperatorConfig): Promise<Kept> {
  const kept = await read(config.credentials)
  const { apiKey, url = kept?.url } = config
  if (apiKey !== undefined) {
    if (url === undefined) throw wrongUse('MPANEL_API_KEY is set, but MPANEL_URL is not')
    return { url: addressOf(url), credential: { apiKey } }
  }
  // A kept credential is for the mPanel that gave it, and is sent to no other.
  if (!kept || (config.url !== undefined && addressOf(config.url) !== kept.url))
    throw new CommandFailed(EXIT.notLoggedIn, 'Nobody is logged in. Run mpanel login.')
  return kept
}

export const clientOf = async (config: OperatorConfig): Promise<MPanel> =>
  createClient(await connectionOf(config))

/** For the owner's eyes only, and never half a file. */
export async function keep(file: string, kept: Kept): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const made = `${file}.${process.pid}`
  await writeFile(made, `${JSON.stringify(kept)}\n`, { mode: 0o600 })
  // A file that was there before keeps the mode it had.
  await chmod(made, 0o600)
  await rename(made, file)
}

export const forget = (file: string): Promise<void> => rm(file, { force: true })

export async function read(file: string): Promise<Kept | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Kept
  } catch {
    throw new CommandFailed(EXIT.notLoggedIn, `${file} cannot be read. Run mpanel login.`)
  }
}

/** A credential is sent over an encrypted line, or stays on this machine. @throws CommandFailed */
export function addressOf(text: string): string {
  const given = /^https?:\/\//.test(text) ? text : `https://${text}`
  if (!URL.canParse(given)) throw wrongUse(`${text} is no address`)
  const { protocol, hostname, origin } = new URL(given)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
  if (protocol === 'http:' && !isLocal)
    throw wrongUse(`${origin} would carry the credential readable for everybody: use https`)
  return origin
}
