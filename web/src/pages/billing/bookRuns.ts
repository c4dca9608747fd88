import { t } from '../../../../shared/text.ts'

type Of = Record<'running' | 'done' | 'failed', string>

/** How far the comparing of books, and their import, has come. */
export const COMPARISON: Of = {
  running: t`Comparison running`,
  done: t`Comparison done`,
  failed: t`Comparison failed`,
}
export const IMPORT: Of = { running: t`Import running`, done: t`Import done`, failed: t`Import failed` }
