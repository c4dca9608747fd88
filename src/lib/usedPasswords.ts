import type * as common from '@zxcvbn-ts/language-common'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const load = () => (require('@zxcvbn-ts/language-common') as typeof common).dictionary

let used: ReadonlySet<string> | undefined
/** The most used passwords of known breaches, in small letters. Read when first asked: few processes ever are. */
const usedPasswords = (): ReadonlySet<string> => (used ??= new Set(load()['passwords-common']))

/** `dragondragon` is `dragon` to whoever guesses. Linear: a repeated text is found in itself, written twice, before its end. */
const unitOf = (text: string): string => text.slice(0, (text + text).indexOf(text, 1))

const withoutSigns = (text: string): string =>
  text.replace(/^[^\p{L}\p{N}]+/u, '').replace(/(?<![^\p{L}\p{N}])[^\p{L}\p{N}]+$/u, '')
const withoutEnds = (text: string): string => text.replace(/^\P{L}+/u, '').replace(/(?<!\P{L})\P{L}+$/u, '')

/**
 * Whether a password, or what is left of it without the digits and signs around it, is one of the most used ones, also
 * when it is written several times.
 * @param spellings the password in small letters, and what is meant by it
 */
export const isUsed = (spellings: readonly string[]): boolean =>
  spellings
    .flatMap((text) => [text, withoutSigns(text), withoutEnds(text)])
    .some((text) => text !== '' && [text, unitOf(text)].some((one) => usedPasswords().has(one)))
