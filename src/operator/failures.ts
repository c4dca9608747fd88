import { MPanelError, MPanelUnreachable } from '../../packages/client/src/index.ts'

/** As docs/cli.md lists them; scripts rely on them. */
export const EXIT = { done: 0, refused: 1, usage: 2, notLoggedIn: 3, notFound: 4, noAnswer: 5, jobFailed: 6 }

/** What ends a command: a sentence for the person, and the exit code. */
export class CommandFailed extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.name = 'CommandFailed'
    this.exitCode = exitCode
  }
}

export const wrongUse = (message: string): CommandFailed =>
  new CommandFailed(EXIT.usage, `${message}. mpanel help shows how.`)

export const notThere = (message: string): CommandFailed => new CommandFailed(EXIT.notFound, message)

/** @returns what is told of an error, and the exit code; undefined for what is our own fault */
export function failureOf(error: unknown): { exitCode: number; message: string } | undefined {
  if (error instanceof CommandFailed) return error
  if (error instanceof MPanelUnreachable)
    return {
      exitCode: EXIT.noAnswer,
      message: `${error.message}. Is the address right, and does mPanel run?`,
    }
  if (!(error instanceof MPanelError)) return undefined
  const exitCode =
    error.status === 401 ? EXIT.notLoggedIn : error.status === 404 ? EXIT.notFound : EXIT.refused
  const fields = error.errors.map(({ path, message }) => `\n  ${path}: ${message}`)
  const advice = error.status === 401 ? ' Run mpanel login.' : ''
  const which = error.requestId === null ? '' : ` (${error.code}, request ${error.requestId})`
  return { exitCode, message: `${error.message}${advice}${fields.join('')}${which}` }
}
