import type { Words } from '../../words.ts'
import { accountTemplates } from './accountTemplates.ts'
import { customerTemplates } from './customerTemplates.ts'
import { operatorTemplates } from './operatorTemplates.ts'
import type { Message } from './render.ts'

/** Every mail there is. Names and addresses that people have typed stand on one line. */
const templates = { ...accountTemplates, ...customerTemplates, ...operatorTemplates } as const

export type Template = keyof typeof templates
/** What a mail tells, without words. */
export type Facts<T extends Template> = Parameters<(typeof templates)[T]>[1]

export const messageOf = <T extends Template>(words: Words, template: T, facts: Facts<T>): Message =>
  (templates[template] as (words: Words, facts: Facts<T>) => Message)(words, facts)
