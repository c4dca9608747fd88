import { t } from '../text.ts'
import { allowed, refused, type Verdict } from './billingSubscription.ts'

/** `checked`: somebody decides now. `done` and `failed`: only the report is left. */
export const IMPORT_STATES = ['uploading', 'checking', 'checked', 'importing', 'done', 'failed'] as const
type ImportState = (typeof IMPORT_STATES)[number]

/** `refused`: how many rows the check has refused. */
type Subject = { state: ImportState; refused: number }

const WHY: Record<Exclude<ImportState, 'checked'>, string> = {
  uploading: t`The file is still being uploaded.`,
  checking: t`The file is still being checked.`,
  importing: t`The file is being imported already.`,
  done: t`The file was imported already.`,
  failed: t`The file could not be read or imported: send it again.`,
}

/** Which action an import allows now, and if not, why: used by the service to refuse and by the pages to explain. */
export const canImport = {
  start: ({ state, refused: rows }: Subject): Verdict =>
    state !== 'checked'
      ? refused(WHY[state])
      : rows > 0
        ? refused(
            rows === 1
              ? t`Mend the refused row first and send the file again.`
              : t`Mend the ${rows} refused rows first and send the file again.`,
          )
        : allowed,

  discard: ({ state }: Pick<Subject, 'state'>): Verdict =>
    state === 'importing' ? refused(t`The file is being imported: wait until that has ended.`) : allowed,
} as const
