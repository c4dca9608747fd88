import { useSyncExternalStore } from 'react'
import { language } from './language.ts'

type Say = (text: string) => string
const asItIs: Say = (text) => text

let say = asItIs
let asked = false
const listeners = new Set<() => void>()

/** Most lists of jobs have nothing to say: the words are loaded when the first text is to be said. */
const loading: Say = (text) => {
  if (!asked) void load()
  return text
}

async function load(): Promise<void> {
  asked = true
  try {
    const { jobWords } = await import('./jobWords.ts')
    say = (text) => jobWords(text)
    for (const listener of listeners) listener()
  } catch {
    asked = false
  }
}
if (language !== 'en') say = loading

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Says the server's texts about jobs, which are English, in the language of the page. */
export const useJobWords = (): Say => useSyncExternalStore(subscribe, () => say)
