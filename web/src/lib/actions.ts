import { WORDS } from './dictionaries/actions.ts'
import { humanize } from './words.ts'

/** `CLOUDPOD_CREATED` → `CloudPod created`. */
export const actionWords = (action: string): string => WORDS[action] ?? humanize(action)
