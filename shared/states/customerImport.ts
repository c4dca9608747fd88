import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** `checked`: somebody decides now. `done` and `failed`: only the report is left. */
export const IMPORT_STATES = ['uploading', 'checking', 'checked', 'importing', 'done', 'failed'] as const
type ImportState = (typeof IMPORT_STATES)[number]

/** `refused`: how many rows the check has refused. */
type Subject = { state: ImportState; refused: number }

const WHY: Record<Exclude<ImportState, 'checked'>, string> = {
  uploading: 'The file is still being uploaded.',
  checking: 'The file is still being checked.',
  importing: 'The file is being imported already.',
  done: 'The file was imported already.',
  failed: 'The file could not be read or imported: send it again.',
}

/** Which action an import allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canImport = {
  start: ({ state, refused: rows }: Subject): Verdict =>
    state !== 'checked'
      ? refused(WHY[state])
      : rows > 0
        ? refused(
            `Mend the ${rows === 1 ? 'refused row' : `${rows} refused rows`} first and send the file again.`,
          )
        : allowed,

  discard: ({ state }: Pick<Subject, 'state'>): Verdict =>
    state === 'importing' ? refused('The file is being imported: wait until that has ended.') : allowed,
} as const
