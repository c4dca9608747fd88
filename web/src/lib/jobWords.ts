import { WORDS as CODES } from './dictionaries/codes.ts'
import { WORDS } from './dictionaries/jobs.ts'
import { sentenceIn, type Words } from './sentences.ts'

/**
 * What the server has said of a job, in another language: its step, what it is doing, why it waits or has failed. What other
 * systems have said stays as it is: after `backing up: ` comes Proxmox's own text.
 */
export function jobWords(text: string, words: Words = WORDS, codes: Words = CODES): string {
  const said = sentenceIn(text, words, codes)
  if (said !== undefined) return said
  const [, doing = '', mark = '', more = ''] = /^([^:,]+)(: |, )(.+)$/s.exec(text) ?? []
  const known = words[doing]
  return known === undefined ? text : `${known}${mark}${jobWords(more, words, codes)}`
}
