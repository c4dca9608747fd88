import { isUsed } from './usedPasswords.ts'

/** What most guessed passwords are made of; keyboard rows and the alphabet in pieces. */
const COMMON =
  'password passwort passphrase passwd welcome willkommen letmein iloveyou superman starwars princess sunshine football baseball monkey dragon master shadow freedom trustno computer internet administrator admin root user guest login access secret changeme default company hosting server database example test hello summer winter spring autumn january february march april june july august september october november december monday tuesday wednesday thursday friday saturday sunday qwertyuiop qwertzuiop qwerty qwertz azerty uiop asdfghjkl asdf ghjkl zxcvbnm zxcv yxcv vbnm abcdef ghijkl mnopqr stuvwx abcd efgh ijkl mnop love please mpanel proxmox whatever something'.split(
    ' ',
  )

const LEET: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
}
const LEAST_LETTERS = 4

/** In small letters, without those so short that they are in many a word by chance. */
const wordsOf = (texts: readonly string[], least: number): string[] =>
  texts.map((text) => text.toLowerCase()).filter((word) => word.length >= least)

/** Words of the user's own that somebody who knows him would try. */
const ownWords = ({ email, name }: { email: string; name: string }): string[] =>
  wordsOf([email, ...email.split(/[@._+-]/), name, ...name.split(/\s+/)], 3)

/** What no password contains, since it is what somebody tries first: the user's own address and names, and ours. */
const forbiddenIn = ({ email, name }: { email: string; name: string }): string[] =>
  wordsOf(['mpanel', email, email.split('@')[0] ?? '', name, ...name.split(/\s+/)], 4)

/** How many different letters are left when `words`, digits and signs are taken away. */
function lettersBeside(text: string, words: readonly string[]): number {
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), text).replace(/[^\p{L}]/gu, '')
  return new Set(rest).size
}

/** Why a password is too easy for this user, as a sentence; undefined when it is not. Works offline. */
export function passwordFault(password: string, user: { email: string; name: string }): string | undefined {
  if (password.length < 12 || password.length > 128) return 'A password has 12 to 128 characters.'
  const words = [...ownWords(user), ...COMMON].toSorted((a, b) => b.length - a.length)
  const plain = password.toLowerCase()
  const meant = plain.replace(/(?<!\P{L})\P{L}+$/u, '').replace(/[013457@$]/g, (sign) => LEET[sign] ?? sign)
  if (forbiddenIn(user).some((word) => plain.includes(word)))
    return 'A password does not contain your name, your e-mail address or "mpanel". Choose another, such as four words of your own.'
  if (isUsed([plain, meant]))
    return 'This password, or one much like it, is among those most used, which are tried first. Choose another, such as four words of your own.'
  return [plain, meant].some((text) => lettersBeside(text, words) < LEAST_LETTERS)
    ? 'That is easy to guess: common words, digits or your own name. Choose another, such as four words of your own.'
    : undefined
}
