import { StartupError } from '../../errors.ts'

/** The embedded database cannot be used. */
export class EmbeddedPostgresError extends StartupError {
  override name = 'EmbeddedPostgresError'
}

const ADVICE: Record<string, string> = {
  EACCES: 'mPanel may not write there. Give it the folder, or set MPANEL_DATA_DIR to one it owns.',
  EPERM: 'mPanel may not write there. Give it the folder, or set MPANEL_DATA_DIR to one it owns.',
  EROFS: 'It lies on a read-only file system. Set MPANEL_DATA_DIR to a folder that can be written.',
  ENOSPC: 'The disk is full. Free some space and start again.',
  EDQUOT: 'The disk quota is used up. Free some space and start again.',
  ENOTDIR: 'A file stands where a folder is needed. Remove it, or set MPANEL_DATA_DIR to another place.',
  EEXIST: 'A file stands where a folder is needed. Remove it, or set MPANEL_DATA_DIR to another place.',
}

/** Turns a failed file operation below `folder` into a sentence; anything else is passed on unchanged. */
export function explainFileError(error: unknown, folder: string): unknown {
  const code = errorCode(error)
  const advice = code && ADVICE[code]
  if (!advice) return error
  return new EmbeddedPostgresError(`The data folder ${folder} cannot be used (${code}). ${advice}`, {
    cause: error,
  })
}

export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** Turns what PostgreSQL's own programs said before they gave up into a sentence. */
export function explainOutput(what: string, output: string): EmbeddedPostgresError {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const said = lines.filter((line) => /FATAL|PANIC|error:/.test(line)).at(-1) ?? lines.at(-1) ?? 'nothing'
  const advice = /No space left|quota/i.test(output)
    ? 'The disk is full. Free some space and start again.'
    : /shared memory|allocate memory/i.test(output)
      ? 'The machine has too little memory for it. Free some, or set DATABASE_URL to a PostgreSQL elsewhere.'
      : 'See postgres.log in the data folder, or set DATABASE_URL to a PostgreSQL of your own.'
  return new EmbeddedPostgresError(`${what}: ${said.trim()}. ${advice}`)
}
